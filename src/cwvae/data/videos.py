"""Videos from files and folders of pictures, as uint8 arrays that a model can take."""

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import numpy as np
from jaxtyping import UInt8

from cwvae.data.array_files import ARRAYS, are_arrays, has_arrays
from cwvae.data.arrays import array_frames, find_video, layout, video_lengths
from cwvae.data.decoding import decode
from cwvae.data.pictures import PICTURES, picture_frames, pictures_in
from cwvae.data.pixels import Fit, resize
from cwvae.data.read_options import ReadOptions
from cwvae.data.timing import evenly, no_times, resampled
from cwvae.home import expanded

__all__ = ["SUFFIXES", "absent", "check_frames", "read_all", "read_video", "wrong_size"]

SUFFIXES = (
    ".mp4", ".avi", ".gif", ".mov", ".mkv", ".webm", ".m4v", ".ts", ".m2ts", ".mts", ".mpg",
    ".mpeg", ".vob", ".wmv", ".asf", ".flv", ".ogv", ".3gp", ".mxf", ".apng", *ARRAYS,
)  # fmt: skip
"""How the names of the files in a folder end that are taken for videos."""


def read_video(
    path: str | Path,
    *,
    most_frames: int | None = None,
    size: int | None = None,
    fit: Fit = "crop",
    options: ReadOptions | None = None,
) -> UInt8[np.ndarray, "frames height width channels"]:
    """Read a video into memory: a file, or a folder of pictures in the order of their numbers.

    - MP4, AVI, GIF, MOV, MKV, WebM, MPEG and whatever else ffmpeg finds in a file, whatever its
      name: three channels, turned as players show them, the very bytes that the official readers
      give;
    - .npz and HDF5: the array that `options` name, else `video`, the only one, or the only one with
      frames; .npy; uint8, or floats in [0, 1], which become 0 to 255, of shape (frames, height,
      width), (frames, height, width, 1 or 3), (frames, 1 or 3, height, width), or with the axes
      that `options` name.

    **Arguments:** `path`; `most_frames`, how many frames from the start to read at most, >= 1,
    None for all; `size`, to which each frame is resized as it is read, so that large videos fit,
    None for as they are; `fit`, how a frame that is not square becomes one (see `resize`);
    `options`, the choices in reading.

    Raises `FileNotFoundError` when there is no such file, and `ValueError` when it is no video,
    has no frames, is incomplete, holds several videos of which none is chosen, has arrays that do
    not fit, or takes more memory than `options` allow. Warns of frames that are not evenly spaced.
    """
    path, options = expanded(path), options or ReadOptions()
    if most_frames is not None and most_frames < 1:
        raise ValueError(f"expected most_frames >= 1, got {most_frames}; None reads all")
    frames: Iterator[UInt8[np.ndarray, "height width channels"]]
    _check_single(path, options)
    frames = _frames(path, options, most_frames)
    if size is not None:
        frames = (resize(frame[np.newaxis], size, fit=fit)[0] for frame in frames)
    return _collected(frames, path, options, _promised(path, options, most_frames))


def read_all(
    path: Path, *, size: int, fit: Fit | None, options: ReadOptions
) -> UInt8[np.ndarray, "frames {size} {size} channels"]:
    """Read a file of a data set into memory, all of its videos one after the other.

    **Arguments:** `path`; `size`, of each frame; `fit`, how frames of other sizes become that,
    None for not at all; `options`, as of `read_video`.

    Raises as `read_video` does, and `ValueError` at the first frame of another size.
    """
    frames = _frames(path, options)
    if fit is None:
        frames = (_of_size(frame, path, size) for frame in frames)
    else:
        frames = (resize(frame[np.newaxis], size, fit=fit)[0] for frame in frames)
    return _collected(frames, path, options, _promised(path, options))


def _frames(
    path: Path, options: ReadOptions, most: int | None = None
) -> Iterator[UInt8[np.ndarray, "height width channels"]]:
    """Yield the frames of whatever a path holds, at most so many."""
    kind = _kind(path)
    if kind == "array" and options.frame_rate is None:
        return itertools.islice(array_frames(find_video(path, options), options), most)
    if kind == "array":
        raise no_times(path)
    timed = picture_frames(path, options) if kind == "pictures" else decode(path, options)
    if options.frame_rate is None:
        # Cut before, so that `evenly` comes to its end and to its warning.
        return evenly(itertools.islice(timed, most), path)
    return itertools.islice(resampled(timed, options.frame_rate, path), most)


def _kind(path: Path) -> Literal["pictures", "array", "container"]:
    """Return what a path holds, by its content; only what cannot be known goes by its name.

    Raises `FileNotFoundError` for nothing, `ValueError` for a single picture.
    """
    if path.is_dir():
        return "pictures"
    if not path.is_file():
        raise absent(path)
    with path.open("rb") as file:
        head = file.read(6)
    if head.startswith((b"\x89PNG", b"\xff\xd8\xff")) and path.suffix.lower() in PICTURES:
        raise ValueError(
            f"{path}: expected a video, got a single picture; put the pictures of a video into a "
            "folder and give that"
        )
    return "array" if are_arrays(path) or has_arrays(path) else "container"


def absent(path: Path) -> FileNotFoundError:
    """Return the error for a file that is not there."""
    if path.is_symlink():
        return FileNotFoundError(
            f"{path}: a link to {path.readlink()}, which is not there; mend or delete the link"
        )
    return FileNotFoundError(f"{path}: no such file; check the path, or download it again")


def _check_single(path: Path, options: ReadOptions) -> None:
    """Raise `ValueError` for a file with several videos of which none is chosen."""
    if options.number is not None or _kind(path) != "array":
        return
    array = find_video(path, options)
    videos = len(video_lengths(array, options))
    if videos > 1:
        raise ValueError(
            f"{path}: expected one video, got {videos} (shape {array.shape}, axes "
            f"{layout(array, options)}); choose one with --number, 0 to {videos - 1}"
        )


def _collected(
    frames: Iterator[UInt8[np.ndarray, "height width channels"]],
    path: Path,
    options: ReadOptions,
    promised: int,
) -> UInt8[np.ndarray, "frames height width channels"]:
    """Return frames as one array; raise `ValueError` for none, other sizes, or too many bytes.

    `promised` is how many there are to come, 0 when it is not known.
    """
    # It grows in place, where a list of frames would be copied once more at the end.
    content, shape, count = bytearray(), None, 0
    for count, frame in enumerate(frames, start=1):
        shape = shape or frame.shape
        if frame.shape != shape:
            raise ValueError(
                f"{path}: expected frames of one size, got {shape[:2]} and {frame.shape[:2]} "
                "(height, width); convert it, or read it with a size"
            )
        known = max(promised, count)
        options.check_bytes(path, known * frame.size, f"its first {known} frames")
        content += frame.tobytes()
    if shape is None:
        raise ValueError(f"{path}: expected a video, found no frames in it; record it again")
    return np.frombuffer(content, np.uint8).reshape(count, *shape)


def _promised(path: Path, options: ReadOptions, most_frames: int | None = None) -> int:
    """Return how many frames a path holds, 0 when only decoding it can find out."""
    kind, count = _kind(path), 0
    if kind == "pictures":
        count = len(pictures_in(path))
    elif kind == "array":
        lengths = video_lengths(find_video(path, options), options)
        count = sum(lengths) if options.number is None else lengths[0]
    return count if most_frames is None else min(count, most_frames)


def wrong_size(path: str | Path, shape: tuple[int, ...], size: int) -> ValueError:
    """Return the error for frames of another (height, width) than a model's."""
    return ValueError(
        f"{path}: expected frames of {size}x{size} pixels, got {shape[0]}x{shape[1]} (height x "
        "width); add --resize (resize=True) to crop and resize them"
    )


def _of_size(
    frame: UInt8[np.ndarray, "height width channels"], path: Path, size: int
) -> UInt8[np.ndarray, "height width channels"]:
    if frame.shape[:2] != (size, size):
        raise wrong_size(path, frame.shape, size)
    return frame


def check_frames(
    video: UInt8[np.ndarray, "frames height width found_channels"],
    path: str | Path,
    *,
    size: int,
    channels: int,
    at_least: int,
    if_short: str = "give a longer video",
) -> None:
    """Check that a video from `path` fits a model of `size` x `size` pixels.

    Raises `ValueError` for another frame size or number of channels, or fewer frames than
    `at_least`; the message names the file and the remedy, `if_short` for too few frames.
    """
    frames, height, width, found = video.shape
    if (height, width) != (size, size):
        raise wrong_size(path, (height, width), size)
    if found != channels:
        raise ValueError(
            f"{path}: expected {channels} channel(s), got {found}; convert it with to_channels"
        )
    if frames < at_least:
        raise ValueError(f"{path}: expected at least {at_least} frames, got {frames}; {if_short}")
