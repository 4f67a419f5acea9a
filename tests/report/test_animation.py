"""Animations: what is written is what is read back."""

import os

import av
import numpy as np
import pytest
from PIL import Image

from cwvae.report import animation
from cwvae.report.animation import enlarge, side_by_side, write_animation


def random_video(frames: int, height: int, width: int, channels: int) -> np.ndarray:
    random = np.random.default_rng(frames)
    coarse = random.integers(0, 256, (frames, 4, 4, channels), np.uint8)
    large = coarse.repeat(height // 4 + 1, axis=1).repeat(width // 4 + 1, axis=2)
    return large[:, :height, :width]


def with_still_frames(video: np.ndarray) -> np.ndarray:
    """The same frame three times in a row, and twice at the end: writers like to merge these."""
    return np.concatenate([video[:2], video[1:2], video[1:2], video[2:], video[-1:]])


def decode(path) -> np.ndarray:
    with av.open(str(path)) as container:
        return np.stack([frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)])


def decibels(found: np.ndarray, expected: np.ndarray) -> float:
    return 10 * np.log10(255**2 / np.mean((found.astype(float) - expected) ** 2))


def test_gray_gif_is_exact_and_keeps_every_frame(tmp_path):
    video = with_still_frames(random_video(6, 31, 20, 1))
    write_animation(tmp_path / "video.gif", video)
    np.testing.assert_array_equal(decode(tmp_path / "video.gif"), video.repeat(3, axis=3))


def test_colour_gif_is_close_and_keeps_every_frame(tmp_path):
    video = with_still_frames(random_video(10, 64, 64, 3))
    write_animation(tmp_path / "video.gif", video)
    found = decode(tmp_path / "video.gif")
    assert found.shape == video.shape
    assert decibels(found, video) > 35


def test_gif_loops_at_the_asked_speed(tmp_path):
    write_animation(tmp_path / "video.gif", random_video(11, 16, 16, 1), fps=10.0)
    with Image.open(tmp_path / "video.gif") as image:
        assert image.info["loop"] == 0
        assert image.info["duration"] == 100


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(("height", "width"), [(64, 64), (33, 41)])
def test_mp4_plays_broadly_and_is_close(tmp_path, channels, height, width):
    video = with_still_frames(random_video(5, height, width, channels))
    write_animation(tmp_path / "video.mp4", video, fps=7.5)
    with av.open(str(tmp_path / "video.mp4")) as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.name, stream.pix_fmt) == ("h264", "yuv420p")
        assert float(stream.average_rate) == pytest.approx(7.5, rel=0.01)
    found = decode(tmp_path / "video.mp4")
    assert found.shape == (8, height + height % 2, width + width % 2, 3)
    # Colour is stored at half the resolution, so the blocks' edges bleed.
    enough = 35 if channels == 1 else 20
    assert decibels(found[:, :height, :width], video) > enough
    assert decibels(found[:, -1:, :width], video[:, -1:]) > enough
    assert decibels(found[:, :height, -1:], video[:, :, -1:]) > enough


@pytest.mark.parametrize("channels", [1, 3])
def test_npz_is_exact(tmp_path, channels):
    video = random_video(3, 9, 8, channels)
    write_animation(str(tmp_path / "video.NPZ"), video)
    with np.load(tmp_path / "video.NPZ") as archive:
        assert archive.files == ["video"]
        np.testing.assert_array_equal(archive["video"], video)


@pytest.mark.parametrize("suffix", ["gif", "mp4", "npz"])
def test_one_frame_in_new_folders(tmp_path, suffix):
    path = tmp_path / "new" / "folders" / f"video.{suffix}"
    write_animation(path, random_video(1, 8, 8, 1))
    assert os.listdir(path.parent) == [path.name]
    if suffix != "npz":
        assert len(decode(path)) == 1


def test_a_failure_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "video.gif"
    path.write_bytes(b"old")

    def break_off(container, stream, frames):
        container.mux(stream.encode(next(frames)))
        raise KeyboardInterrupt

    monkeypatch.setattr(animation, "_encode", break_off)
    with pytest.raises(KeyboardInterrupt):
        write_animation(path, random_video(3, 8, 8, 1))
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["video.gif"]


@pytest.mark.parametrize(
    ("name", "video", "fps", "message"),
    [
        ("video.webm", np.zeros((1, 8, 8, 1), np.uint8), 15, r"\.gif, \.mp4 or \.npz, got \.webm"),
        ("video", np.zeros((1, 8, 8, 1), np.uint8), 15, "got no suffix"),
        ("video.gif", np.zeros((1, 8, 8, 1), np.uint8), 60, r"from 0\.01 to 50 .* got 60"),
        ("video.mp4", np.zeros((1, 8, 8, 1), np.uint8), 0, "got 0;"),
        ("video.mp4", np.zeros((1, 8, 8, 1)), 15, r"uint8 .* got float64 \(1, 8, 8, 1\)"),
        ("video.mp4", np.zeros((0, 8, 8, 1), np.uint8), 15, r"got uint8 \(0, 8, 8, 1\)"),
        ("video.mp4", np.zeros((1, 8, 8, 4), np.uint8), 15, "1 or 3"),
        ("video.mp4", np.zeros((8, 8, 1), np.uint8), 15, r"got uint8 \(8, 8, 1\)"),
    ],
)
def test_wrong_arguments_write_nothing(tmp_path, name, video, fps, message):
    with pytest.raises(ValueError, match=message) as caught:
        write_animation(tmp_path / name, video, fps=fps)
    assert "\n" not in str(caught.value)
    assert os.listdir(tmp_path) == []


def test_side_by_side():
    left, right = random_video(3, 8, 6, 1), 255 - random_video(3, 8, 6, 1)
    both = side_by_side([left, right], border=3)
    assert both.shape == (3, 8, 15, 1)
    np.testing.assert_array_equal(both[:, :, :6], left)
    np.testing.assert_array_equal(both[:, :, 9:], right)
    assert (both[:, :, 6:9] == 128).all()
    np.testing.assert_array_equal(side_by_side([left]), left)
    assert side_by_side([left, right], border=0).shape == (3, 8, 12, 1)


def test_side_by_side_raises_for_what_does_not_fit():
    video = random_video(3, 8, 6, 1)
    with pytest.raises(ValueError, match=r"one shape, got \(3, 8, 6, 1\), \(2, 8, 6, 1\)"):
        side_by_side([video, video[:2]])
    with pytest.raises(ValueError, match="at least one video"):
        side_by_side([])
    with pytest.raises(ValueError, match="border >= 0, got 1 and -1"):
        side_by_side([video], border=-1)
    with pytest.raises(ValueError, match="video 1 to be uint8"):
        side_by_side([video, video.astype(np.float32)])


def test_enlarge():
    video = random_video(2, 5, 4, 3)
    large = enlarge(video, 3)
    assert large.shape == (2, 15, 12, 3)
    for row in range(3):
        for column in range(3):
            np.testing.assert_array_equal(large[:, row::3, column::3], video)
    with pytest.raises(ValueError, match="factor >= 1, got 0"):
        enlarge(video, 0)
