"""Times of frames: resampled to a rate by an option, and uneven ones warned of."""

import warnings
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from films import moving_square, one_line, write
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from cwvae.data.decoding import TimedFrame
from cwvae.data.read_options import ReadOptions
from cwvae.data.timing import UnevenFramesWarning, resampled
from cwvae.data.videos import read_video

UNEVEN = [0, 1, 2, 3, 9, 10]


def shown(video: np.ndarray) -> list[int]:
    """Return which frame of a moving square each frame is."""
    return [int(np.flatnonzero(frame.any((0, 2)))[0]) // 2 for frame in video]


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".gif"])
def test_uneven_frames_are_warned_of_with_their_counts_and_resampled_when_asked(tmp_path, suffix):
    path = tmp_path / f"video{suffix}"
    write(path, moving_square(), times=UNEVEN)
    with pytest.warns(UnevenFramesWarning, match=r"its 6 frames .*--frame-rate 10 would make 11"):
        plain = read_video(path)
    assert shown(plain) == [0, 1, 2, 3, 4, 5]
    with pytest.warns(UnevenFramesWarning, match="its 5 frames"):
        assert shown(read_video(path, most_frames=5)) == [0, 1, 2, 3, 4]
    found = read_video(path, options=ReadOptions(frame_rate=10.0))
    assert shown(found) == [0, 1, 2, 3, 3, 3, 3, 3, 3, 4, 5]
    assert shown(read_video(path, options=ReadOptions(frame_rate=5.0))) == [0, 2, 3, 3, 3, 5]
    few = read_video(path, most_frames=7, options=ReadOptions(frame_rate=10.0))
    assert shown(few) == [0, 1, 2, 3, 3, 3, 3]


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".gif", ".avi", ".ts", ".webm"])
def test_even_frames_are_not(tmp_path, suffix):
    path = tmp_path / f"video{suffix}"
    write(path, moving_square())
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        plain = read_video(path)
        found = read_video(path, options=ReadOptions(frame_rate=10.0))
        twice = read_video(path, options=ReadOptions(frame_rate=20.0))
    np.testing.assert_array_equal(found, plain)
    np.testing.assert_array_equal(twice[::2], plain)


def test_a_gif_whose_equal_frames_were_merged_gets_them_back(tmp_path):
    path = tmp_path / "video.gif"
    frames = [Image.fromarray(frame) for frame in moving_square(2).repeat(8, axis=0)]
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=100, loop=0)
    assert len(read_video(path)) == 2
    assert len(read_video(path, options=ReadOptions(frame_rate=10.0))) == 16


def timed(lengths: list[int]) -> list[TimedFrame]:
    """Return frames numbered in their first pixel, each shown so many hundredths of a second."""
    starts = np.cumsum([0, *lengths[:-1]]).tolist()
    pixels = [np.full((1, 1, 3), number, np.uint8) for number in range(len(lengths))]
    return [
        TimedFrame(image, Fraction(start, 100) + 7, Fraction(length, 100))
        for image, start, length in zip(pixels, starts, lengths, strict=True)
    ]


@given(st.lists(st.integers(1, 30), min_size=1, max_size=9), st.sampled_from([10.0, 25.0, 40.0]))
def test_resampled_frames_are_those_on_the_screen_at_that_time(lengths, rate):
    found = [int(frame[0, 0, 0]) for frame in resampled(timed(lengths), rate, Path("a"))]
    ends = np.cumsum(lengths)
    # Frame n of the result is seen at n / rate seconds.
    expected = [
        int(np.searchsorted(ends, hundredths, side="right"))
        for hundredths in np.arange(0, ends[-1], 100 / rate)
    ]
    assert found == expected


def test_what_has_no_times_is_named(tmp_path):
    np.savez(tmp_path / "video.npz", video=moving_square())
    for number in range(3):
        (tmp_path / "pictures").mkdir(exist_ok=True)
        Image.fromarray(moving_square()[number]).save(tmp_path / "pictures" / f"{number}.png")
    for path in (tmp_path / "video.npz", tmp_path / "pictures"):
        with pytest.raises(ValueError, match="expected the times of frames") as caught:
            read_video(path, options=ReadOptions(frame_rate=10.0))
        one_line(caught, path)
