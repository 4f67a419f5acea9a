"""Between the floats of a model and the bytes of a picture."""

import numpy as np
from jaxtyping import Float, UInt8

__all__ = ["from_bytes", "to_bytes"]


def from_bytes(video: UInt8[np.ndarray, "*axes"]) -> Float[np.ndarray, "*axes"]:
    """Return 0 to 255 as [0, 1]."""
    return video.astype(np.float32) / np.float32(255)


def to_bytes(video: Float[np.ndarray, "*axes"]) -> UInt8[np.ndarray, "*axes"]:
    """Return [0, 1] as 0 to 255, rounded; what lies outside is clipped."""
    return np.rint(np.clip(np.asarray(video), 0, 1) * 255).astype(np.uint8)
