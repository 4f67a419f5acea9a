"""How a file is read where there is a choice, and how much memory a single file may take."""

import dataclasses
import math
from pathlib import Path

from cwvae.training.data_config import are_axes

__all__ = ["DECODED_LIMIT", "SMALL_LIMIT", "ReadOptions"]

DECODED_LIMIT = 4.0
"""GiB that the decoded frames of one file may take unless another limit is given."""
SMALL_LIMIT = 1.5
"""The same of a file of less than 10 MB, which is never so long, and of a single frame."""

_GIB = 2**30
_SMALL = 10_000_000  # bytes
# A decoder keeps up to 16 earlier pictures, of 1.5 bytes a pixel, beside those it works on.
_BYTES_PER_PIXEL = 32


@dataclasses.dataclass(frozen=True, kw_only=True)
class ReadOptions:
    """Choices in reading a video file; the defaults read every frame of what cannot be mistaken."""

    frame_rate: float | None = None
    """Frames a second to resample to, by the times of frames; None: each frame once."""
    axes: str | None = None
    """Axes of arrays, of the letters ntchw: videos, frames, channels, height, width, such as
    tchw; None: recognised."""
    array: str | None = None
    """Which array of an npz or HDF5 file is the video, such as data/frames; None: recognised."""
    number: int | None = None
    """Which video to take of a file that holds several, counted from 0."""
    decoded_limit: float | None = None
    """GiB that the decoded frames of a file may take, and a frame while it is decoded, at 32 bytes
    a pixel; None: 4, and 1.5 for a frame and for a file of less than 10 MB."""

    def __post_init__(self) -> None:
        """Raise `ValueError` for values outside their range."""
        rate = self.frame_rate
        if rate is not None and not 0.001 <= rate <= 1000:
            raise ValueError(f"frame_rate must be from 0.001 to 1000 frames a second, got {rate}")
        if self.axes is not None and not are_axes(self.axes):
            raise ValueError(
                "axes must name each axis by one of the letters n, t, c, h and w, with t, h and w "
                f"among them and none twice, such as tchw, got {self.axes!r}"
            )
        if self.array == "":
            raise ValueError("array must be the name of an array, got none; leave it out")
        if self.number is not None and self.number < 0:
            raise ValueError(f"number must be at least 0, got {self.number}")
        limit = self.decoded_limit
        if limit is not None and not (limit > 0 and math.isfinite(limit)):
            raise ValueError(f"decoded_limit must be positive, got {limit}")

    @property
    def frame_pixels(self) -> int:
        """Pixels that a frame may have, at 32 bytes of the limit each while it is decoded."""
        return int(self._frame_limit * _GIB) // _BYTES_PER_PIXEL

    @property
    def _frame_limit(self) -> float:
        """GiB that a frame may take."""
        return SMALL_LIMIT if self.decoded_limit is None else self.decoded_limit

    def _limit(self, path: Path) -> float:
        """Return the GiB that the frames of a file may take."""
        if self.decoded_limit is not None:
            return self.decoded_limit
        small = path.is_file() and path.stat().st_size < _SMALL
        return SMALL_LIMIT if small else DECODED_LIMIT

    def check_bytes(self, path: Path, size: int, what: str) -> None:
        """Raise `ValueError` when so many bytes, of what `what` names, go beyond the limit."""
        limit = self._limit(path)
        if size > limit * _GIB:
            raise ValueError(
                f"{path}: expected at most {limit:g} GiB of decoded frames in a file, "
                f"got {_gib(size)} GiB in {what}; resize the frames (--resize), give a shorter "
                "video, or raise the limit (--decoded-limit)"
            )

    def check_frame(self, path: Path, height: int, width: int) -> None:
        """Raise `ValueError` for frames of more pixels than may be decoded at once."""
        if height * width > self.frame_pixels:
            raise self.giant(path, f"{width}x{height} (width x height)")

    def giant(self, path: Path, size: str) -> ValueError:
        """Return the error for frames of too many pixels."""
        return ValueError(
            f"{path}: expected frames of at most {self.frame_pixels} pixels, got {size}, which "
            f"would take more than {self._frame_limit:g} GiB to decode; convert the file to "
            "smaller frames, or raise the limit (--decoded-limit)"
        )


def _gib(size: int) -> str:
    # A header can promise more bytes than a float can hold.
    return f"{size / _GIB:.3g}" if size < 2**900 else "more than 2**870"
