"""Clips: exactly the official ones, at any speed."""

import layouts
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from layouts import marks

from cwvae.data.clips import Clips, Recording


def recording(number: int, frames: int) -> Recording:
    return Recording(f"{number}", layouts.video(number, frames, size=1))


@given(st.lists(st.integers(1, 30), min_size=1, max_size=4), st.integers(1, 12))
def test_clips_are_consecutive_and_what_is_left_over_is_dropped(lengths, frames):
    recordings = [recording(n, length) for n, length in enumerate(lengths)]
    expected = [
        [(n, frame) for frame in range(start, start + frames)]
        for n, length in enumerate(lengths)
        for start in range(0, length - length % frames, frames)
    ]
    if not expected:
        with pytest.raises(ValueError, match=f"at least {frames} frames"):
            Clips(recordings, frames=frames)
        return
    clips = Clips(recordings, frames=frames)
    assert [marks(clips[index]["video"]) for index in range(len(clips))] == expected


@pytest.mark.parametrize(
    ("speed", "shown"),
    [
        (1.0, [0, 1, 2, 3, 4, 5, 6]),
        (3.0, [0, 3, 6]),
        (1 / 3, [n // 3 for n in range(21)]),
        (0.333, [n // 3 for n in range(21)]),
        (1.5, [0, 1, 3, 4, 6]),
        (0.5, [n // 2 for n in range(14)]),
        (30.0, [0]),
    ],
)
def test_speed_repeats_and_skips_frames(speed, shown):
    clips = Clips([recording(0, 7)], frames=len(shown), speed=speed)
    assert len(clips) == 1
    assert [frame for _, frame in marks(clips[0]["video"])] == shown
    with pytest.raises(ValueError, match=f"at least {len(shown) + 1} frames .* has {len(shown)}"):
        Clips([recording(0, 7)], frames=len(shown) + 1, speed=speed)


def test_actions_are_those_of_the_frames_that_are_shown():
    actions = np.arange(7, dtype=np.float32)[:, None]
    clips = Clips([recording(0, 7)._replace(actions=actions)], frames=3, speed=2.0)
    assert clips[0]["actions"][:, 0].tolist() == [0, 2, 4]


@pytest.mark.parametrize("speed", [0.0, -1.0, 31.0, float("nan")])
def test_speeds_out_of_range_raise(speed):
    with pytest.raises(ValueError, match="a speed from 1/30 to 30"):
        Clips([recording(0, 7)], frames=1, speed=speed)


def test_an_index_outside_raises():
    clips = Clips([recording(0, 7)], frames=2)
    for index in (-1, 3):
        with pytest.raises(IndexError, match=f"0 to 2, got {index}"):
            clips[index]


def test_other_clips_have_another_name():
    videos = [recording(0, 7), recording(1, 6)]
    names = {repr(Clips(videos, frames=2)), repr(Clips(videos[:1], frames=2))}
    names |= {repr(Clips(videos, frames=3)), repr(Clips(videos, frames=2, speed=2.0))}
    assert len(names) == 4
    assert repr(Clips(videos, frames=2)) in names
