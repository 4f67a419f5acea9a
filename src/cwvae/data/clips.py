"""Videos cut into clips, as the official code cuts them."""

import hashlib
import math
import operator
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple, SupportsIndex

import numpy as np
from jaxtyping import Float32, Int

from cwvae.data.kept import Frames

__all__ = ["Clips", "Origin", "Recording", "played_frames", "playing_speed"]

# Speeds are fractions with denominators up to this one.
_SLOWEST = 30


class Recording(NamedTuple):
    """A video in memory or on disk, and what was done in it.

    - `name`: different for others, and for a file of the same name with another content;
    - `video`: uint8 (frames, height, width, channels);
    - `actions`: float32 (frames, action), None when they are not known;
    - `series`: what the actions are, the name of each;
    - `path`, `first`: the file, None for none, and which of its frames the video begins with.
    """

    name: str
    video: Frames
    actions: Float32[np.ndarray, "frames action"] | None = None
    series: tuple[str, ...] = ()
    path: Path | None = None
    first: int = 0


class Origin(NamedTuple):
    """Where a clip comes from.

    - `recording`: the number of the video;
    - `path`: its file, None for none;
    - `frames`: which frame of the file each frame of the clip is.
    """

    recording: int
    path: Path | None
    frames: Int[np.ndarray, " frames"]


class Clips:
    """All clips of some videos, one after the other: what is left over at a video's end is dropped.

    A random-access source (`len(source)`, `source[index]`), fit for `grain.MapDataset.source`. An
    item is a dictionary: `video`, uint8 (frames, height, width, channels); and, when every video
    has them, `actions`, float32 (frames, action).

    `speed` plays the videos faster (3: time-lapse, every third frame) or slower (1/3: every frame
    three times) before they are cut: frame t of a played video is frame floor(t * speed) of the
    recorded one, and has that frame's actions.
    """

    def __init__(self, recordings: Sequence[Recording], *, frames: int, speed: float = 1.0):
        """Cut the videos.

        **Arguments:** `recordings`, all of one frame size; `frames`, of a clip, >= 1; `speed`, a
        fraction from 1/30 to 30 with a denominator of at most 30.

        Raises `ValueError` for no clip at all, numbers out of range, or other actions in one video
        than in another.
        """
        if frames < 1:
            raise ValueError(f"expected clips of at least 1 frame, got {frames}")
        self.recordings, self.frames = tuple(recordings), frames
        self.speed = playing_speed(speed)
        self._places = [
            (number, start)
            for number, recording in enumerate(self.recordings)
            for start in range(
                0, played_frames(len(recording.video), self.speed) - frames + 1, frames
            )
        ]
        if not self._places:
            raise ValueError(
                f"expected videos of at least {frames} frames (at speed {self.speed}), the longest "
                f"of {len(self.recordings)} has {self.longest}; ask for shorter clips"
            )
        self._has_actions = all(r.actions is not None for r in self.recordings)
        if self._has_actions:
            _check_series(self.recordings)

    @property
    def longest(self) -> int:
        """The frames of the longest video, as it is played."""
        lengths = (played_frames(len(r.video), self.speed) for r in self.recordings)
        return max(lengths, default=0)

    def __len__(self) -> int:
        """Count the clips."""
        return len(self._places)

    def __repr__(self) -> str:
        """Name the clips: others have another name."""
        videos = [(r.name, r.video.shape, r.series) for r in self.recordings]
        digest = hashlib.sha256(repr(videos).encode()).hexdigest()[:16]
        return f"Clips(videos={digest}, frames={self.frames}, speed={self.speed})"

    def __getitem__(self, index: SupportsIndex) -> dict[str, np.ndarray]:
        """Return the clip of an index in [0, len), else raise `IndexError`; the class has more."""
        return self.cut(index, 0, self.frames)

    def cut(
        self, index: SupportsIndex, start: SupportsIndex, stop: SupportsIndex
    ) -> dict[str, np.ndarray]:
        """Return the frames from `start` to `stop` of a clip, and read none of the others."""
        place, recorded = self._recorded(index, start, stop)
        recording = self.recordings[place]
        clip = {"video": recording.video[recorded]}
        if self._has_actions and recording.actions is not None:
            clip["actions"] = recording.actions[recorded]
        return clip

    def origin(self, index: SupportsIndex) -> Origin:
        """Return where the clip of an index in [0, len) comes from, else raise `IndexError`."""
        place, recorded = self._recorded(index, 0, self.frames)
        recording = self.recordings[place]
        return Origin(place, recording.path, recording.first + recorded)

    def _recorded(
        self, index: SupportsIndex, start: SupportsIndex, stop: SupportsIndex
    ) -> tuple[int, Int[np.ndarray, " frames"]]:
        """Return the number of a clip's video, and which of its frames some of the clip are."""
        number = operator.index(index)
        if not 0 <= number < len(self):
            raise IndexError(f"expected an index from 0 to {len(self) - 1}, got {number}")
        place, first = self._places[number]
        played = first + np.arange(operator.index(start), operator.index(stop))
        return place, played * self.speed.numerator // self.speed.denominator


def playing_speed(speed: float) -> Fraction:
    """Return a speed as the fraction that it means: 0.333 is a third.

    Raises `ValueError` for a speed outside 1/30 to 30.
    """
    if not 1 / _SLOWEST <= speed <= _SLOWEST:
        raise ValueError(f"expected a speed from 1/{_SLOWEST} to {_SLOWEST}, got {speed}")
    return Fraction(speed).limit_denominator(_SLOWEST)


def played_frames(frames: int, speed: Fraction) -> int:
    """Count the frames of a video that is played at a speed."""
    return math.ceil(frames / speed)


def _check_series(recordings: Sequence[Recording]) -> None:
    """Raise `ValueError` when one video has other actions than another."""
    first = recordings[0]
    for other in recordings:
        if other.series != first.series:
            raise ValueError(
                f"expected the same actions in all videos, got {', '.join(first.series)} in "
                f"{first.name} and {', '.join(other.series)} in {other.name}"
            )
