"""Videos cut into clips, as the official code cuts them."""

import hashlib
import math
import operator
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from fractions import Fraction
from typing import NamedTuple, SupportsIndex

import numpy as np
from jaxtyping import Float32

from cwvae.data.actions import read_actions
from cwvae.data.cache import Cache, VideoCache
from cwvae.data.kept import CacheError, Frames
from cwvae.data.listing import VideoFile
from cwvae.provenance import cores

__all__ = ["BadFileWarning", "Clips", "Recording", "open_clips"]

# Speeds are fractions with denominators up to this one: 0.333 means a third.
_SLOWEST = 30


class BadFileWarning(UserWarning):
    """A video file was left out."""


class Recording(NamedTuple):
    """A video in memory or on disk, and what was done in it.

    - `name`: tells it from others, and from what a file of the same name was before;
    - `video`: uint8 (frames, height, width, channels);
    - `actions`: float32 (frames, action), None when they are not known;
    - `series`: what the actions are, the name of each.
    """

    name: str
    video: Frames
    actions: Float32[np.ndarray, "frames action"] | None = None
    series: tuple[str, ...] = ()


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
        first = self.recordings[0]
        for other in self.recordings if self._has_actions else ():
            if other.series != first.series:
                raise ValueError(
                    f"expected the same actions in all videos, got {', '.join(first.series)} in "
                    f"{first.name} and {', '.join(other.series)} in {other.name}"
                )

    def __len__(self) -> int:
        """Count the clips."""
        return len(self._places)

    def __repr__(self) -> str:
        """Name the clips: others have another name."""
        videos = [(r.name, r.video.shape, r.series) for r in self.recordings]
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
    if_short: str = "ask for shorter clips",
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
        if_short: the remedy that is told for videos shorter than a clip.
        progress: called with the files, gives them back while it shows how far they are, as tqdm.

    Raises:
        FileNotFoundError, ValueError: a file is missing, is no whole video, is shorter than a clip,
            or has frames of another size; the message names it and the remedy.
        CacheError: there is no room for decoded videos.
    """
    if not files:
        raise ValueError("expected at least one video file, got none")
    _fraction(speed)
    if channels not in (1, 3):
        raise ValueError(f"expected 1 channel (gray) or 3 (colour), got {channels}")
    kept = VideoCache(cache or Cache(), size=size, channels=channels)

    def load(file: VideoFile) -> list[Recording]:
        file = file._replace(fit="crop") if resize and file.fit is None else file
        recordings = list(_recordings(file, kept.read(file), size))
        return _long_enough(recordings, file, frames, speed, if_short)

    with ThreadPoolExecutor(cores()) as threads:
        loaded = [threads.submit(load, file) for file in files]
        shown = (future for _, future in zip(progress(files), loaded, strict=True))
        try:
            recordings = _good_ones(shown) if skip_bad_files else _all(shown)
        finally:
            threads.shutdown(cancel_futures=True)
    if not recordings:
        raise ValueError(
            f"{files[0].path.parent}: none of {len(files)} files holds a video of at least "
            f"{frames} frames that can be read; {if_short}"
        )
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


def _recordings(file: VideoFile, video: Frames, size: int) -> Iterator[Recording]:
    """Yield the videos of a file."""
    if video.shape[1:3] != (size, size):
        raise ValueError(
            f"{file.path}: expected frames of {size}x{size} pixels, got {video.shape[1]}x"
            f"{video.shape[2]} (height x width); add --resize (resize=True) to crop and resize them"
        )
    actions, names = None, ()
    if file.actions is not None:
        series = read_actions(file.actions, len(video))
        actions = np.concatenate(list(series.values()), axis=1)
        names = tuple(f"{name} x {values.shape[1]}" for name, values in series.items())
    for start, stop in file.parts or ((0, len(video)),):
        if start >= len(video):
            raise ValueError(
                f"{file.path}: expected frames {start + 1} to {stop}, as the data set lists them, "
                f"got {len(video)} frames; download it again"
            )
        name = f"{file.path.name} of {file.path.stat().st_size} bytes from frame {start}"
        some = None if actions is None else actions[start:stop]
        yield Recording(name, video[start:stop], some, names)


def _long_enough(
    recordings: Sequence[Recording], file: VideoFile, frames: int, speed: float, if_short: str
) -> list[Recording]:
    """Return the videos of a file from which a clip can be cut.

    Parts of a file that are too short are passed over, as what is left over at the end of a video
    is; raise `ValueError` for a whole file that is.
    """
    played = [math.ceil(len(r.video) / _fraction(speed)) for r in recordings]
    if not file.parts and played[0] < frames:
        at_speed = "" if speed == 1 else f" at speed {_fraction(speed)}"
        raise ValueError(
            f"{file.path}: expected at least {frames} frames, one clip, got {played[0]}{at_speed}; "
            f"{if_short}, or leave it out"
        )
    return [r for r, n in zip(recordings, played, strict=True) if n >= frames]
