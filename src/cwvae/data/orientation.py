"""Frames turned as players show them: phones film sideways and mark the file as turned."""

from pathlib import Path

import numpy as np
from jaxtyping import UInt8

__all__ = ["oriented"]


def oriented(
    frame: UInt8[np.ndarray, "height width channels"], matrix: bytes | None, path: Path
) -> UInt8[np.ndarray, "shown_height shown_width channels"]:
    """Turn and mirror a frame by the display matrix of its file.

    **Arguments:** `frame`; `matrix`, nine 32-bit integers (a b u, c d v, x y w) that put the pixel
    (x, y) at (a x + c y, b x + d y) up to a shift and a scale, as ISO/IEC 14496-12 has it, None
    for a frame that is shown as it is; `path`, for the error.

    Raises `ValueError` for a matrix that turns by another angle than a multiple of 90 degrees.
    """
    if matrix is None:
        return frame
    a, b, _, c, d, *_ = (int(v) for v in np.frombuffer(matrix, np.int32))
    if a and d and not b and not c:
        return frame[:: _sign(d), :: _sign(a)]
    if b and c and not a and not d:
        return frame.transpose(1, 0, 2)[:: _sign(b), :: _sign(c)]
    raise ValueError(
        f"{path}: expected frames turned by a multiple of 90 degrees, got another display matrix; "
        "convert the file, e.g. with ffmpeg"
    )


def _sign(value: int) -> int:
    return 1 if value > 0 else -1
