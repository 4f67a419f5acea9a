"""Videos in files of arrays: which axis is what, and their frames as bytes, one at a time."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from cwvae.data.array_files import AnyArray, open_arrays, short_name
from cwvae.data.read_options import ReadOptions
from cwvae.data.value_range import to_bytes

__all__ = ["array_frames", "find_video", "layout", "video_lengths", "video_parts"]

# Moving MNIST as first published: frames x videos x 64 x 64, 20 frames of each video.
_CLASSIC = "mnist_test_seq"
_CLASSIC_SHAPE = (20, 10_000, 64, 64)
_COLOURS = (1, 3)
_NAMED = 10  # arrays of a file that an error names


def find_video(path: Path, options: ReadOptions) -> AnyArray:
    """Return the array of a file that is a video.

    It is that which `options` name, else `video`, the only one, or the only one with frames.

    Raises `ValueError` when there is none or several, and as `open_arrays` does.
    """
    arrays = open_arrays(path)
    pictures = [array for array in arrays if len(array.shape) >= 3]
    wanted = "video" if options.array is None else options.array
    named = [array for array in arrays if short_name(array) == wanted]
    for choice in (named, arrays, pictures) if options.array is None else (named,):
        if len(choice) == 1:
            return choice[0]
    names = ", ".join(map(short_name, arrays[:_NAMED])) or "none"
    names += ", ..." * (len(arrays) > _NAMED)
    if options.array is not None:
        raise ValueError(f"{path}: expected an array {wanted} (--array), got {names}; name another")
    raise ValueError(
        f"{path}: expected an array named video, or a single array of frames, got {names}; name "
        "the one that is meant with --array"
    )


def layout(array: AnyArray, options: ReadOptions) -> str:
    """Return an array's axes as letters: n videos, t frames, h height, w width, c channels.

    They are those of `options`, or those that its shape leaves no doubt about. Raises `ValueError`
    when it does, or when the array has other axes.
    """
    shape = array.shape
    axes = _recognised(array) if options.axes is None else options.axes
    sizes = dict(zip(axes, shape, strict=False))
    if not axes or len(axes) != len(shape) or 0 in shape or sizes.get("c", 1) not in _COLOURS:
        seen = f"axes {axes}" if options.axes else "an array"
        raise ValueError(
            f"{array.path}: expected a video of shape (frames, height, width) or (frames, height, "
            f"width, 1 or 3), none of them 0, got {shape}, {seen}; name its axes with --axes, "
            "such as tchw (n videos, t frames, h height, w width, c channels), or save it anew"
        )
    return axes


def _recognised(array: AnyArray) -> str:
    """Return the only axes that a shape can mean; "" for none."""
    shape = array.shape
    if len(shape) == 3:
        return "thw"
    if len(shape) == 5:
        several = [axes for axes in ("nthwc", "ntchw") if _fits(shape, axes)]
        doubtful = [axes for axes in ("tnhwc", "tnchw", "ncthw") if _fits(shape, axes)]
        return several[0] if shape[0] == 1 and several else _only(array, several + doubtful)
    if len(shape) != 4:
        return ""
    if shape == _CLASSIC_SHAPE or (array.path.stem == _CLASSIC and shape[0] == _CLASSIC_SHAPE[0]):
        return "tnhw"
    one = [axes for axes in ("thwc", "tchw") if _fits(shape, axes, least=1)]
    return one[0] if one else _only(array, [a for a in ("nthw", "tnhw", "cthw") if _fits(shape, a)])


def _fits(shape: tuple[int, ...], axes: str, least: int = 8) -> bool:
    """Return whether axes give a video gray or colour and frames of at least so many pixels."""
    sizes = dict(zip(axes, shape, strict=True))
    return sizes.get("c", 1) in _COLOURS and min(sizes["h"], sizes["w"]) >= least


def _only(array: AnyArray, candidates: list[str]) -> str:
    """Return the only candidate, "" for none; raise `ValueError` when there are several."""
    if len(candidates) < 2:
        return "".join(candidates)
    raise ValueError(
        f"{array.path}: expected axes that leave no doubt, got an array of shape {array.shape}, "
        f"which can be {' or '.join(candidates)} (n videos, t frames, h height, w width, c "
        "channels); name them with --axes, and one of several videos with --number"
    )


def video_lengths(array: AnyArray, options: ReadOptions) -> tuple[int, ...]:
    """Return how many frames each video in an array has, in the order of `array_frames`."""
    sizes = dict(zip(layout(array, options), array.shape, strict=True))
    return (sizes["t"],) * sizes.get("n", 1)


def video_parts(path: Path, options: ReadOptions) -> tuple[tuple[int, int], ...]:
    """Return where each of several videos in a file begins and ends, () for a single one.

    Frames are counted from 0 through all videos. Raises `ValueError` as `layout` does.
    """
    lengths = video_lengths(find_video(path, options), options)
    ends = [*itertools.accumulate(lengths, initial=0)]
    return tuple(itertools.pairwise(ends)) if len(lengths) > 1 else ()


def array_frames(
    array: AnyArray, options: ReadOptions
) -> Iterator[UInt8[np.ndarray, "height width channels"]]:
    """Yield the frames of the video in an array, of all of its videos one after the other.

    With a `number` in `options` only of that video. Raises `ValueError` as `layout` does, for
    numbers that are no pixels (see `to_bytes`), and for a damaged or too large file.
    """
    axes = layout(array, options)
    sizes = dict(zip(axes, array.shape, strict=True))
    options.check_frame(array.path, sizes["h"], sizes["w"])
    if options.number is not None and options.number >= sizes.get("n", 1):
        raise ValueError(
            f"{array.path}: expected a --number from 0 to {sizes.get('n', 1) - 1}, one of its "
            f"videos, got {options.number}; choose one of these"
        )
    return to_bytes(_in_order(array, axes, options), array.path)


def _in_order(array: AnyArray, axes: str, options: ReadOptions) -> Iterator[np.ndarray]:
    """Yield frames as (height, width, channels), video by video."""
    chosen = options.number
    if axes[0] == "n":
        rows = None if chosen is None else range(chosen, chosen + 1)
        for video in array.slices(options, rows):
            yield from _frames(video, axes[1:])
    elif axes[0] == "t" and ("n" not in axes or chosen is not None):
        place = axes.find("n")
        for part in array.slices(options):
            frame = part if place < 0 else part.take(chosen or 0, axis=place - 1)
            yield from _frames(frame[np.newaxis], axes.replace("n", ""))
    else:
        whole = array.read(options)
        videos = np.moveaxis(whole, axes.index("n"), 0) if "n" in axes else whole[np.newaxis]
        for video in videos if chosen is None else videos[chosen : chosen + 1]:
            yield from _frames(video, axes.replace("n", ""))


def _frames(video: np.ndarray, axes: str) -> np.ndarray:
    """Return a video as (frames, height, width, channels)."""
    if "c" not in axes:
        video, axes = video[..., np.newaxis], axes + "c"
    return video.transpose([axes.index(letter) for letter in "thwc"])
