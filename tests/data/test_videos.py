"""Video files: every format that is read, and a clear line for every one that cannot be."""

import subprocess
import sys

import av
import numpy as np
import pytest
from films import moving_square, one_line, write

from cwvae.data.pixels import resize, to_channels
from cwvae.data.videos import check_frames, read_video

SUFFIXES = ["mp4", "avi", "gif"]


@pytest.mark.parametrize("suffix", ["mp4", "avi"])
def test_lossless_video_comes_back_exactly(tmp_path, suffix):
    path = tmp_path / f"video.{suffix}"
    write(path, moving_square())
    found = read_video(path)
    assert found.dtype == np.uint8
    np.testing.assert_array_equal(found, moving_square())


def test_gif_comes_back_close(tmp_path):
    path = tmp_path / "VIDEO.GIF"
    write(tmp_path / "video.gif", moving_square())
    (tmp_path / "video.gif").rename(path)
    found = read_video(str(path))
    assert found.shape == (6, 32, 48, 3)
    assert np.abs(found.astype(int) - moving_square()).mean() < 15


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_frames_equal_ffmpegs_own_conversion(tmp_path, suffix):
    path = tmp_path / f"video.{suffix}"
    write(path, moving_square())
    with av.open(str(path)) as container:
        expected = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    np.testing.assert_array_equal(read_video(path), np.stack(expected))


def test_only_the_first_frames_and_resized(tmp_path):
    path = tmp_path / "video.avi"
    write(path, moving_square())
    np.testing.assert_array_equal(read_video(path, most_frames=2), moving_square()[:2])
    assert len(read_video(path, most_frames=99)) == 6
    np.testing.assert_array_equal(read_video(path, size=16), resize(moving_square(), 16))
    np.savez(tmp_path / "video.npz", video=moving_square())
    found = read_video(tmp_path / "video.npz", most_frames=3, size=16)
    np.testing.assert_array_equal(found, resize(moving_square()[:3], 16))
    with pytest.raises(ValueError, match="most_frames >= 1, got 0"):
        read_video(path, most_frames=0)


@pytest.mark.parametrize(
    ("arrays", "shape"),
    [
        ({"video": moving_square()}, (6, 32, 48, 3)),
        ({"video": moving_square()[..., :1]}, (6, 32, 48, 1)),
        ({"video": moving_square()[..., 0]}, (6, 32, 48, 1)),
        ({"frames": moving_square()}, (6, 32, 48, 3)),
        ({"other": np.zeros(3), "video": moving_square()}, (6, 32, 48, 3)),
        ({"video": moving_square() / 255}, (6, 32, 48, 3)),
        ({"video": (moving_square() / 255).astype(np.float16)}, (6, 32, 48, 3)),
    ],
)
def test_npz(tmp_path, arrays, shape):
    path = tmp_path / "video.npz"
    np.savez(path, **arrays)
    found = read_video(path)
    assert (found.dtype, found.shape) == (np.uint8, shape)
    np.testing.assert_array_equal(found, moving_square()[..., : shape[-1]])


def test_npz_floats_are_rounded(tmp_path):
    np.savez(tmp_path / "video.npz", video=np.full((1, 2, 2), 73.9 / 255))
    assert (read_video(tmp_path / "video.npz") == 74).all()


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"one": np.zeros(3), "two": np.zeros(3)}, "an array named video.* got one, two"),
        ({}, "got none"),
        ({"video": np.zeros((5, 5), np.uint8)}, r"got \(5, 5\)"),
        ({"video": np.zeros((3, 5, 5, 2), np.uint8)}, r"got \(3, 5, 5, 2\)"),
        ({"video": np.zeros((0, 5, 5, 3), np.uint8)}, r"got \(0, 5, 5, 3\)"),
        ({"video": np.zeros((3, 5, 5), np.int64)}, "uint8 or floats .* got int64"),
        ({"video": np.zeros((3, 5, 5), bool)}, "got bool"),
        ({"video": np.full((3, 5, 5), 255.0)}, r"floats in \[0, 1\], got 255 to 255"),
        ({"video": np.full((3, 5, 5), -0.5)}, "got -0.5 to -0.5"),
        ({"video": np.full((3, 5, 5), np.nan)}, "got nan to nan"),
        ({"video": np.array([None])}, "plain numeric arrays"),
    ],
)
def test_npz_that_holds_no_video(tmp_path, arrays, message):
    path = tmp_path / "video.npz"
    np.savez(path, **arrays)
    with pytest.raises(ValueError, match=message) as caught:
        read_video(path)
    one_line(caught, path)


@pytest.mark.parametrize("suffix", [*SUFFIXES, "npz"])
@pytest.mark.parametrize("content", [b"", b"no video at all\n" * 100, bytes(range(256)) * 9])
def test_other_files_with_the_suffix_of_a_video(tmp_path, suffix, content):
    path = tmp_path / f"video.{suffix}"
    path.write_bytes(content)
    with pytest.raises(ValueError, match="expected a") as caught:
        read_video(path)
    one_line(caught, path)


@pytest.mark.parametrize("suffix", [*SUFFIXES, "npz"])
@pytest.mark.parametrize("kept", [0.2, 0.6, 0.9])
def test_truncated_videos(tmp_path, suffix, kept):
    path = tmp_path / f"video.{suffix}"
    if suffix == "npz":
        np.savez(path, video=moving_square())
    else:
        write(path, moving_square())
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * kept)])
    with pytest.raises(ValueError, match="expected a") as caught:
        read_video(path)
    one_line(caught, path)


def test_missing_files(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"absent\.mp4: no such file"):
        read_video(tmp_path / "absent.mp4")


def test_gray_colour_becomes_one_of_its_channels_exactly():
    gray = np.random.default_rng(0).integers(0, 256, (2, 5, 4, 1), np.uint8)
    np.testing.assert_array_equal(to_channels(gray.repeat(3, axis=3), 1), gray)
    np.testing.assert_array_equal(to_channels(gray, 3), gray.repeat(3, axis=3))
    assert to_channels(gray, 1) is gray


def test_true_colour_becomes_luma():
    video = np.random.default_rng(0).integers(0, 256, (2, 5, 4, 3), np.uint8)
    red, green, blue = np.moveaxis(video.astype(float), -1, 0)
    found = to_channels(video, 1)
    assert found.dtype == np.uint8
    expected = 0.299 * red + 0.587 * green + 0.114 * blue
    assert np.abs(found[..., 0] - expected).max() < 0.51
    assert to_channels(np.full((1, 2, 2, 3), 255, np.uint8), 1).max() == 255


def test_wrong_numbers_of_channels():
    for found, asked in ((1, 2), (4, 1), (2, 2)):
        with pytest.raises(ValueError, match=f"got {found} to {asked}"):
            to_channels(np.zeros((1, 2, 2, found), np.uint8), asked)


@pytest.mark.parametrize("channels", [1, 3])
def test_resize_by_whole_factors_averages_and_repeats(channels):
    video = np.random.default_rng(0).integers(0, 256, (2, 8, 8, channels), np.uint8)
    halves = video.reshape(2, 4, 2, 4, 2, channels).mean(axis=(2, 4))
    small = resize(video, 4)
    assert (small.shape, small.dtype) == ((2, 4, 4, channels), np.uint8)
    # Pillow averages rows and columns in turn and rounds twice.
    assert np.abs(small - halves).max() <= 1.0
    np.testing.assert_array_equal(resize(video, 16), video.repeat(2, axis=1).repeat(2, axis=2))
    np.testing.assert_array_equal(resize(video, 8), video)


@pytest.mark.parametrize(("height", "width"), [(8, 14), (14, 8), (8, 13)])
def test_resize_keeps_the_middle_square(height, width):
    video = np.zeros((1, height, width, 1), np.uint8)
    top, left = (height - 8) // 2, (width - 8) // 2
    video[:, top : top + 8, left : left + 8] = 200
    assert (resize(video, 8) == 200).all()
    assert (resize(video, 4) == 200).all()


def test_resize_by_other_factors_neither_rings_nor_shifts():
    video = np.full((1, 120, 160, 1), 50, np.uint8)
    video[:, 60:] = 200
    column = resize(video, 64)[0, :, 32, 0].astype(int)
    assert (np.diff(column) >= 0).all()
    assert (column[:31] == 50).all()
    assert (column[33:] == 200).all()
    assert column.mean() == pytest.approx(125, abs=1)
    # A pattern finer than the new pixels becomes their mean, not a moire.
    fine = np.zeros((1, 120, 120, 1), np.uint8)
    fine[:, :, ::2] = 255
    assert np.ptp(resize(fine, 50)[:, :, 5:-5].astype(int)) < 60


def test_resize_raises_for_no_size():
    with pytest.raises(ValueError, match="size >= 1 pixel, got 0"):
        resize(moving_square(), 0)


def test_check_frames_names_the_file_and_the_remedy():
    video = np.zeros((40, 64, 64, 1), np.uint8)
    wanted = {"size": 64, "channels": 1, "at_least": 40}
    check_frames(video, "a.mp4", **wanted)
    for change, message in (
        ({"size": 32}, r"a\.mp4: expected frames of 32x32 pixels, got 64x64 .* --resize"),
        ({"channels": 3}, r"a\.mp4: expected 3 channel\(s\), got 1; .*to_channels"),
        ({"at_least": 41}, r"a\.mp4: expected at least 41 frames, got 40; give a longer video"),
    ):
        with pytest.raises(ValueError, match=message) as caught:
            check_frames(video, "a.mp4", **(wanted | change))
        one_line(caught, "a.mp4")


def test_the_data_package_loads_no_heavy_library():
    code = (
        "import sys, cwvae.data; "
        "print([name for name in ('av', 'PIL', 'grain', 'matplotlib') if name in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
