"""Numbers in arrays turned into bytes of pixels, or one line with the remedy for their range."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from jaxtyping import Shaped, UInt8

__all__ = ["to_bytes"]


def to_bytes(
    frames: Iterable[Shaped[np.ndarray, "height width channels"]], path: Path
) -> Iterator[UInt8[np.ndarray, "height width channels"]]:
    """Yield frames as uint8: bytes as they are, floats in [0, 1] as 0 to 255, rounded.

    **Arguments:** `frames`, of one type; `path`, for the errors.

    Raises `ValueError` for another type, and, with the range of all frames, for floats outside
    [0, 1].
    """
    frames = iter(frames)
    low, high = np.inf, -np.inf
    for frame in frames:
        if frame.dtype == np.uint8:
            yield frame
            continue
        if not np.issubdtype(frame.dtype, np.floating):
            raise ValueError(
                f"{path}: expected uint8 or floats in [0, 1], got {frame.dtype}; convert it with "
                "astype(numpy.uint8) if it holds 0 to 255"
            )
        low, high = np.minimum(low, frame.min()), np.maximum(high, frame.max())
        # Written so that NaN is found too.
        if not (low >= 0 and high <= 1):
            for other in frames:
                low, high = np.minimum(low, other.min()), np.maximum(high, other.max())
            raise ValueError(
                f"{path}: expected floats in [0, 1], got {low:g} to {high:g}; "
                f"{_remedy(float(low), float(high))}"
            )
        yield np.rint(frame * 255).astype(np.uint8)


def _remedy(low: float, high: float) -> str:
    """Return what brings numbers of a range to [0, 1]."""
    if not (np.isfinite(low) and np.isfinite(high)):
        return "replace what is not a finite number"
    if low >= -0.1 and high <= 1.1:
        return "clip them with numpy.clip(video, 0, 1)"
    if -1 <= low < 0 and high <= 1:
        return "save (video + 1) / 2"
    if low >= 0 and 1.1 < high <= 255:
        return "divide by 255, or save uint8"
    if low >= 0 and 255 < high <= 65535:
        return "divide by 65535, the largest of 16 bits"
    shift = f"+ {-low:g}" if low < 0 else f"- {low:g}"
    return f"save (video {shift}) / {high - low:g}"
