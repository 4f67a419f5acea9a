"""Video files decoded, once, and cut into clips."""

import warnings
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from cwvae.data.cache import Cache, VideoCache
from cwvae.data.clips import Clips, Recording, played_frames, playing_speed
from cwvae.data.kept import CacheError
from cwvae.data.listing import VideoFile
from cwvae.data.read_options import ReadOptions
from cwvae.data.recordings import recordings
from cwvae.home import expanded
from cwvae.provenance import cores

__all__ = ["BadFileWarning", "open_clips"]


class BadFileWarning(UserWarning):
    """A video file was left out."""


def open_clips(
    files: Sequence[VideoFile | str | Path],
    *,
    frames: int,
    size: int = 64,
    channels: int = 3,
    speed: float = 1.0,
    resize: bool = False,
    cache: Cache | None = None,
    options: ReadOptions | None = None,
    skip_bad_files: bool = False,
    if_short: str = "ask for shorter clips",
    progress: Callable[[Iterable[VideoFile]], Iterable[VideoFile]] = iter,
) -> Clips:
    """Decode video files, once, and cut them into clips.

    **Arguments:** `files`, as a data set lists them, or paths; `frames`, of a clip, >= 1; `size`,
    of a frame, pixels; `channels`, 1 (gray) or 3 (colour); `speed`, see `Clips`; `resize`, whether
    frames of other sizes are cropped and resized; `cache`, None for 2 GiB in memory, others on
    disk; `options`, choices in reading; `skip_bad_files`, whether files that cannot be used are
    left out, with a warning for each and one that counts them; `if_short`, the remedy for videos
    shorter than a clip; `progress`, gives the files back while it shows how far they are, as tqdm.

    Raises `FileNotFoundError` or `ValueError`, with file and remedy, for one that is missing, no
    whole video, shorter than a clip, too large, or of another frame size; `CacheError` when there
    is no room for decoded videos.
    """
    files, options = _listed(files), options or ReadOptions()
    _check(files, channels, speed, options)
    kept = VideoCache(cache or Cache(), size=size, channels=channels, options=options)

    def load(file: VideoFile) -> list[Recording]:
        file = file._replace(fit="crop") if resize and file.fit is None else file
        found = list(recordings(file, kept.read(file), options))
        return _long_enough(found, file, frames, speed, if_short)

    found = _loaded(files, load, progress, _good_ones if skip_bad_files else _all)
    if not found:
        raise _nothing(files, frames, if_short)
    return Clips(found, frames=frames, speed=speed)


def _listed(files: Sequence[VideoFile | str | Path]) -> list[VideoFile]:
    """Return files as a data set lists them, a path as one video."""
    return [f if isinstance(f, VideoFile) else VideoFile(expanded(f)) for f in files]


def _nothing(files: Sequence[VideoFile], frames: int, if_short: str) -> ValueError:
    return ValueError(
        f"{files[0].path.parent}: none of {len(files)} files holds a video of at least {frames} "
        f"frames that can be read; {if_short}"
    )


def _check(files: Sequence[VideoFile], channels: int, speed: float, options: ReadOptions) -> None:
    playing_speed(speed)
    if not files:
        raise ValueError("expected at least one video file, got none; check the data set")
    if channels not in (1, 3):
        raise ValueError(f"expected 1 channel (gray) or 3 (colour), got {channels}; choose one")
    if options.number is not None:
        raise ValueError(
            f"expected all videos of each file, got the number {options.number} of one; leave it "
            "out, or list the file with that part of it"
        )


_Loaded = Iterable[Future[list[Recording]]]


def _loaded(
    files: Sequence[VideoFile],
    load: Callable[[VideoFile], list[Recording]],
    progress: Callable[[Iterable[VideoFile]], Iterable[VideoFile]],
    collect: Callable[[_Loaded], list[Recording]],
) -> list[Recording]:
    """Load files side by side, and return what is collected of them in their order."""
    with ThreadPoolExecutor(cores()) as threads:
        loaded = [threads.submit(load, file) for file in files]
        shown = (future for _, future in zip(progress(files), loaded, strict=True))
        try:
            return collect(shown)
        finally:
            threads.shutdown(cancel_futures=True)


def _all(loaded: _Loaded) -> list[Recording]:
    """Collect what was read, or raise what the first bad file raises."""
    return [recording for future in loaded for recording in future.result()]


def _good_ones(loaded: _Loaded) -> list[Recording]:
    """Collect what could be read, with a warning for every file that could not."""
    found, files, bad = [], 0, 0
    for future in loaded:
        files += 1
        try:
            found += future.result()
        except CacheError:
            raise
        except (OSError, ValueError) as error:
            bad += 1
            # The message names the file.
            warnings.warn(f"left out {error}", BadFileWarning, stacklevel=4)
    if bad:
        warnings.warn(f"left out {bad} of {files} files", BadFileWarning, stacklevel=4)
    return found


def _long_enough(
    found: Sequence[Recording], file: VideoFile, frames: int, speed: float, if_short: str
) -> list[Recording]:
    """Return the videos of a file from which a clip can be cut.

    Parts of a file that are too short are passed over, as what is left over at the end of a video
    is; raise `ValueError` for a whole file that is.
    """
    played = [played_frames(len(r.video), playing_speed(speed)) for r in found]
    if not file.parts and max(played) < frames:
        at_speed = "" if speed == 1 else f" at speed {playing_speed(speed)}"
        raise ValueError(
            f"{file.path}: expected at least {frames} frames, one clip, got {max(played)}"
            f"{at_speed}; {if_short}, or leave it out"
        )
    return [r for r, n in zip(found, played, strict=True) if n >= frames]
