"""Videos cut into clips, as the official code cuts them."""

import hashlib
import math
import operator
import os
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from fractions import Fraction
from typing import NamedTuple, SupportsIndex

import numpy as np
from jaxtyping import Float32, UInt8

from cwvae.data.actions import read_actions
from cwvae.data.cache import Cache, CacheError, VideoCache
from cwvae.data.listing import VideoFile

__all__ = ["BadFileWarning", "Clips", "Recording", "open_clips"]

# Speeds are fractions with denominators up to this one: 0.333 means a third.
_SLOWEST = 30


class BadFileWarning(UserWarning):
    """A video file was left out."""


class Recording(NamedTuple):
    """A video in memory or on disk, and what was done in it."""

    name: str
    video: UInt8[np.ndarray, "frames height width channels"]
    actions: Float32[np.ndarray, "frames action"] | None = None


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
        """Cut.

        Args:
            recordings: the videos, all of one frame size.
            frames: frames of a clip, >= 1.
            speed: > 0; a fraction with a denominator of at most 30.

        Raises:
            ValueError: no clip at all, or numbers out of range.
        """
        if frames < 1:
            raise ValueError(f"expected clips of at least 1 frame, got {frames}")
        self.recordings, self.frames = tuple(recordings), frames
        self.speed = _fraction(speed)
        self._places = [
            (number, start)
            for number, recording in enumerate(self.recordings)
            for start in range(0, self._played(recording) - frames + 1, frames)
        ]
        if not self._places:
            longest = max((self._played(r) for r in self.recordings), default=0)
            raise ValueError(
                f"expected videos of at least {frames} frames (at speed {self.speed}), the longest "
                f"of {len(self.recordings)} has {longest}; ask for shorter clips"
            )
        self._has_actions = all(r.actions is not None for r in self.recordings)

    def __len__(self) -> int:
        """Count the clips."""
        return len(self._places)

    def __repr__(self) -> str:
        """Name the clips, which grain compares when it restores an iterator."""
        videos = [(recording.name, recording.video.shape) for recording in self.recordings]
        digest = hashlib.sha256(repr(videos).encode()).hexdigest()[:16]
        return f"Clips(videos={digest}, frames={self.frames}, speed={self.speed})"

    def __getitem__(self, index: SupportsIndex) -> dict[str, np.ndarray]:
        """Return the clip of an index in [0, len); see the class for what it holds.

        Raises:
            IndexError: the index lies outside.
        """
        number = operator.index(index)
        if not 0 <= number < len(self):
            raise IndexError(f"expected an index from 0 to {len(self) - 1}, got {number}")
        place, start = self._places[number]
        recording = self.recordings[place]
        played = np.arange(start, start + self.frames)
        recorded = played * self.speed.numerator // self.speed.denominator
        clip = {"video": recording.video[recorded]}
        if self._has_actions and recording.actions is not None:
            clip["actions"] = recording.actions[recorded]
        return clip

    def _played(self, recording: Recording) -> int:
        """Count the frames of a recording at this speed."""
        return math.ceil(len(recording.video) / self.speed)


def _fraction(speed: float) -> Fraction:
    """Return a speed as the fraction that it means."""
    if not 1 / _SLOWEST <= speed <= _SLOWEST:
        raise ValueError(f"expected a speed from 1/{_SLOWEST} to {_SLOWEST}, got {speed}")
    return Fraction(speed).limit_denominator(_SLOWEST)


def open_clips(
    files: Sequence[VideoFile],
    *,
    frames: int,
    size: int = 64,
    channels: int = 3,
    speed: float = 1.0,
    resize: bool = False,
    cache: Cache | None = None,
    skip_bad_files: bool = False,
    progress: Callable[[Iterable[VideoFile]], Iterable[VideoFile]] = iter,
) -> Clips:
    """Decode video files, once, and cut them into clips.

    Args:
        files: what a data set's `files` lists.
        frames: frames of a clip, >= 1.
        size: height and width of a frame in pixels.
        channels: 1 (gray) or 3 (colour).
        speed: see `Clips`.
        resize: crop and resize frames of other sizes; if not, they are refused.
        cache: where decoded videos are kept; None: the first 2 GiB in memory, others on disk.
        skip_bad_files: leave out files that are damaged, too short or of another size, with a
            warning for each and one that counts them.
        progress: called with the files, gives them back while it shows how far they are, as tqdm.

    Raises:
        FileNotFoundError, ValueError: a file is missing, is no whole video, is shorter than a clip,
            or has frames of another size; the message names it and the remedy.
        CacheError: there is no room for decoded videos.
    """
    if not files:
        raise ValueError("expected at least one video file, got none")
    kept = VideoCache(cache or Cache(), size=size, channels=channels)

    def load(file: VideoFile) -> list[Recording]:
        file = file._replace(fit="crop") if resize and file.fit is None else file
        recordings = _recordings(file, kept.read(file), size)
        return [r for r in recordings if _long_enough(r, file, frames, speed)]

    with ThreadPoolExecutor(os.cpu_count()) as threads:
        loaded = [threads.submit(load, file) for file in files]
        shown = (future for _, future in zip(progress(files), loaded, strict=True))
        try:
            recordings = _good_ones(shown) if skip_bad_files else _all(shown)
        finally:
            threads.shutdown(cancel_futures=True)
    return Clips(recordings, frames=frames, speed=speed)


def _all(loaded: Iterable[Future[list[Recording]]]) -> list[Recording]:
    """Collect what was read, or raise what the first bad file raises."""
    return [recording for future in loaded for recording in future.result()]


def _good_ones(loaded: Iterable[Future[list[Recording]]]) -> list[Recording]:
    """Collect what could be read, with a warning for every file that could not."""
    recordings, files, bad = [], 0, 0
    for future in loaded:
        files += 1
        try:
            recordings += future.result()
        except CacheError:
            raise
        except (OSError, ValueError) as error:
            bad += 1
            # The message names the file.
            warnings.warn(f"left out {error}", BadFileWarning, stacklevel=3)
    if bad:
        warnings.warn(f"left out {bad} of {files} files", BadFileWarning, stacklevel=3)
    return recordings


def _recordings(
    file: VideoFile, video: UInt8[np.ndarray, "frames height width channels"], size: int
) -> Iterator[Recording]:
    """Yield the videos of a file."""
    if video.shape[1:3] != (size, size):
        raise ValueError(
            f"{file.path}: expected frames of {size}x{size} pixels, got {video.shape[1]}x"
            f"{video.shape[2]} (height x width); add --resize (resize=True) to crop and resize them"
        )
    actions = None
    if file.actions is not None:
        series = read_actions(file.actions, len(video))
        actions = np.concatenate(list(series.values()), axis=1)
    for start, stop in file.parts or ((0, len(video)),):
        name = f"{file.path.name}[{start}:{stop}]"
        some = None if actions is None else actions[start:stop]
        yield Recording(name, video[start:stop], some)


def _long_enough(recording: Recording, file: VideoFile, frames: int, speed: float) -> bool:
    """Say whether a clip can be cut from a video; raise `ValueError` when all of its file cannot.

    Parts that are too short are passed over as what is left over at the end of a video is.
    """
    played = math.ceil(len(recording.video) / _fraction(speed))
    if played < frames and not file.parts:
        raise ValueError(
            f"{file.path}: expected at least {frames} frames, one clip, got {played}"
            f"{f' at speed {_fraction(speed)}' if speed != 1 else ''}; ask for shorter "
            "clips (--frames when training, --horizon when evaluating), or leave it out"
        )
    return played >= frames
