"""Frames as text, for files of JSON: a PNG of them side by side, in base64."""

import base64
import io

import numpy as np
from jaxtyping import UInt8

from cwvae._extras import extra

with extra("data"):
    from PIL import Image

__all__ = ["pack_frames", "unpack_frames"]

_GREY, _COLOURS = "L", "RGB"


def pack_frames(frames: UInt8[np.ndarray, "frames height width channels"]) -> str:
    """Return frames of 1 or 3 channels as text, without loss."""
    row = np.concatenate(list(frames), axis=1)
    picture = Image.fromarray(row[..., 0] if row.shape[-1] == 1 else row)
    file = io.BytesIO()
    picture.save(file, format="PNG", optimize=True)
    return base64.b64encode(file.getvalue()).decode()


def unpack_frames(text: str, frames: int) -> UInt8[np.ndarray, "frames height width channels"]:
    """Return what `pack_frames` made of so many frames.

    Raises `ValueError` for text that is no such picture.
    """
    try:
        with Image.open(io.BytesIO(base64.b64decode(text, validate=True)), formats=["PNG"]) as file:
            row = np.asarray(file)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise ValueError(
            f"expected frames as a PNG in base64, got something else ({error})"
        ) from None
    if row.dtype != np.uint8 or not frames or row.shape[1] % frames:
        raise ValueError(f"expected {frames} frames side by side, got a picture of {row.shape}")
    row = row.reshape(*row.shape[:2], -1)
    return np.stack(np.split(row, frames, axis=1))
