"""NumPy files: which axis is what, which numbers are pixels, and headers that promise too much."""

import zipfile

import numpy as np
import pytest
from films import moving_square, one_line

from cwvae.data import archives
from cwvae.data.archives import open_archive, read_archive
from cwvae.data.arrays import video_parts
from cwvae.data.read_options import ReadOptions
from cwvae.data.videos import read_video

GRAY = moving_square()[..., :1]


def videos(count: int, frames: int = 5, side: int = 8) -> np.ndarray:
    """Return gray videos (n, t, h, w), each its own number everywhere but for the frame's."""
    drawn = (
        np.zeros((count, frames, side, side), np.uint8)
        + np.arange(count, dtype=np.uint8)[:, None, None, None]
    )
    drawn[:, :, 0, 0] = np.arange(frames)
    return drawn


@pytest.mark.parametrize("suffix", ["npz", "npy"])
@pytest.mark.parametrize(
    "video",
    [
        moving_square().transpose(0, 3, 1, 2),
        GRAY.transpose(0, 3, 1, 2),
        GRAY[..., 0],
        np.asfortranarray(GRAY),
        moving_square()[np.newaxis],
    ],
)
def test_axes_that_cannot_be_mistaken_are_recognised(tmp_path, suffix, video):
    path = tmp_path / f"video.{suffix}"
    np.save(path, video) if suffix == "npy" else np.savez_compressed(path, video)
    found = read_video(path)
    np.testing.assert_array_equal(found, moving_square()[..., : found.shape[-1]])


@pytest.mark.parametrize("axes", ["nthw", "tnhw", "nthwc", "tnchw", "hwtn", "cwhtn"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_axes_may_be_named_and_one_of_several_videos_chosen(tmp_path, axes, order):
    path = tmp_path / "videos.npz"
    stored = videos(3)[..., None] if "c" in axes else videos(3)
    stored = stored.transpose(["nthwc".index(letter) for letter in axes])
    np.savez(path, np.array(stored, order=order))
    with pytest.raises(ValueError, match=r"expected one video, got 3 .*--number, 0 to 2") as caught:
        read_video(path, options=ReadOptions(axes=axes))
    one_line(caught, path)
    found = read_video(path, options=ReadOptions(axes=axes, number=2))
    np.testing.assert_array_equal(found[..., 0], videos(3)[2])
    with pytest.raises(ValueError, match=r"--number from 0 to 2, .*got 3"):
        read_video(path, options=ReadOptions(axes=axes, number=3))
    assert video_parts(path, ReadOptions(axes=axes)) == ((0, 5), (5, 10), (10, 15))


@pytest.mark.parametrize("name", ["mnist_test_seq", "copy"])
def test_moving_mnist_as_first_published_is_frames_times_videos(tmp_path, name):
    path = tmp_path / f"{name}.npy"
    np.save(path, videos(3, frames=20, side=64).swapaxes(0, 1))
    if name == "copy":  # three channels, for all that its shape shows
        assert read_video(path).shape == (20, 64, 64, 3)
        return
    with pytest.raises(ValueError, match=r"got 3 \(shape \(20, 3, 64, 64\), axes tnhw\)"):
        read_video(path)
    found = read_video(path, options=ReadOptions(number=1))
    np.testing.assert_array_equal(found[..., 0], videos(3, frames=20, side=64)[1])


def test_axes_in_doubt_are_an_error_with_the_option_that_names_them(tmp_path):
    path = tmp_path / "videos.npz"
    np.savez(path, videos(6))
    with pytest.raises(ValueError, match=r"\(6, 5, 8, 8\), which can be nthw or tnhw .*--axes"):
        read_video(path)
    with pytest.raises(ValueError, match="axes thw; name its axes with --axes"):
        read_video(path, options=ReadOptions(axes="thw"))
    for axes in ("tt", "th", "thwx", ""):
        with pytest.raises(ValueError, match="axes must name each axis"):
            ReadOptions(axes=axes)


def test_the_only_array_of_frames_is_the_video(tmp_path):
    path = tmp_path / "episode.npz"
    np.savez(path, image=moving_square(), action=np.zeros((6, 2)), reward=np.zeros(6))
    np.testing.assert_array_equal(read_video(path), moving_square())
    np.savez(path, image=moving_square(), depth=GRAY)
    with pytest.raises(ValueError, match=r"of frames, got image, depth; name .* with --array"):
        read_video(path)
    found = read_video(path, options=ReadOptions(array="depth"))
    np.testing.assert_array_equal(found, GRAY)
    with pytest.raises(ValueError, match=r"an array color \(--array\), got image, depth; name an"):
        read_video(path, options=ReadOptions(array="color"))
    with pytest.raises(ValueError, match="array must be the name of an array"):
        ReadOptions(array="")


@pytest.mark.parametrize("suffix", ["npz", "npy"])
def test_one_of_many_videos_is_read_without_the_others(tmp_path, suffix, monkeypatch):
    path = tmp_path / f"videos.{suffix}"
    stored = videos(50)
    np.save(path, stored) if suffix == "npy" else np.savez_compressed(path, stored)
    read = []
    exactly = archives._exactly
    monkeypatch.setattr(archives, "_exactly", lambda *given: read.append(given) or exactly(*given))
    found = read_video(path, options=ReadOptions(axes="nthw", number=40))
    np.testing.assert_array_equal(found[..., 0], stored[40])
    assert len(read) == 1


@pytest.mark.parametrize(
    ("low", "high", "remedy"),
    [
        (-1.0, 1.0, r"save \(video \+ 1\) / 2"),
        (-0.01, 1.02, r"clip them with numpy\.clip"),
        (0.0, 255.0, "divide by 255"),
        (0.0, 65535.0, "divide by 65535"),
        (-3.0, 5.0, r"save \(video \+ 3\) / 8"),
        (0.0, np.inf, "replace what is not a finite"),
        (np.nan, np.nan, "replace what is not a finite"),
    ],
)
def test_numbers_out_of_range_come_with_the_remedy_for_their_range(tmp_path, low, high, remedy):
    video = np.full((5, 8, 8), 0.5)
    video[1, 0, 0], video[3, 0, 0] = low, high
    np.savez(tmp_path / "video.npz", video)
    with pytest.raises(ValueError, match=f"got {low:g} to {high:g}; {remedy}") as caught:
        read_video(tmp_path / "video.npz")
    one_line(caught, "video.npz")


# Headers that promise too much.


def lying(path, shape: str) -> None:
    """Write an array of three bytes whose header promises others."""
    header = f"{{'descr': '|u1', 'fortran_order': False, 'shape': {shape}, }}"
    content = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header.encode() + b"abc"
    if path.suffix == ".npy":
        path.write_bytes(content)
    else:
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("video.npy", content)


@pytest.mark.parametrize("suffix", ["npz", "npy"])
@pytest.mark.parametrize(
    "shape",
    ["(1000000000000, 1, 1, 1)", f"({10**30}, 1, 1, 1)", f"({10**400}, 8, 8)", f"({'9' * 5000},)",
     "(-1, 8, 8)", "('a', 8, 8)", "(None,)", "3"],
)  # fmt: skip
def test_headers_that_promise_more_than_there_is(tmp_path, suffix, shape):
    path = tmp_path / f"video.{suffix}"
    lying(path, shape)
    with pytest.raises(ValueError, match="could not read them") as caught:
        read_video(path)
    assert len(one_line(caught, path)) < 600 + len(shape)


def test_members_that_do_not_decompress(tmp_path):
    path = tmp_path / "video.npz"
    video = np.random.default_rng(0).integers(0, 256, (9, 20, 20), np.uint8)
    np.savez_compressed(path, video=video)
    content = bytearray(path.read_bytes())
    content[800:900] = bytes(100)
    path.write_bytes(content)
    with pytest.raises(ValueError, match="could not read them") as caught:
        read_video(path)
    one_line(caught, path)


def test_a_small_file_may_take_less_memory_than_a_large_one(tmp_path):
    small, large = tmp_path / "small.npz", tmp_path / "large.npz"
    small.write_bytes(b"")
    with large.open("wb") as file:
        file.truncate(20_000_000)
    size = 2 * 2**30
    ReadOptions().check_bytes(large, size, "it")
    ReadOptions(decoded_limit=3.0).check_bytes(small, size, "it")
    with pytest.raises(ValueError, match=r"expected at most 1\.5 GiB .* got 2 GiB in it"):
        ReadOptions().check_bytes(small, size, "it")


def test_an_archive_that_unpacks_to_much_is_an_error_unless_its_frames_are_resized(tmp_path):
    path = tmp_path / "video.npz"
    np.savez_compressed(path, video=np.full((40, 200, 200), 9, np.uint8))
    small = ReadOptions(decoded_limit=2.0**-10)
    assert path.stat().st_size < 10_000
    with pytest.raises(ValueError, match=r"got 0\.00149 GiB in its first 40 frames; .*--decoded-"):
        read_video(path, options=ReadOptions(decoded_limit=0.00135))
    with pytest.raises(ValueError, match="pixels"):
        read_video(path, size=8, options=small)
    slightly = ReadOptions(decoded_limit=0.0013)
    assert read_video(path, size=8, options=slightly).shape == (40, 8, 8, 1)
    with pytest.raises(ValueError, match="in its arrays"):
        read_archive(path, slightly)
    (array,) = open_archive(path)
    assert (array.name, array.shape, array.nbytes) == ("video.npy", (40, 200, 200), 1_600_000)
