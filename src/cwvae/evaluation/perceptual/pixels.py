"""Frames as the networks take them: checked, three channels, values in [-1, 1]."""

from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Shaped

from cwvae.arguments import described

__all__ = ["check_pixels", "scaled"]

# How far a model may overshoot before it is more likely that its frames have another range.
_OVERSHOOT = 0.5


def check_pixels(name: str, frames: Any, axes: str) -> np.ndarray:
    """Return frames as an array of NumPy, without a copy of one.

    **Arguments:** `name` of the argument for the error; `frames`; their `axes` before (height,
    width, channels), such as "frames", none for any.

    Raises `ValueError` for frames of other axes, other than 1 or 3 channels, that are neither
    bytes nor floats, or whose values are far from [0, 1] or not finite.
    """
    count = 3 + len(axes.split())
    expected = f"({', '.join([*axes.split(), 'height', 'width', 'channels'])})"
    fits = hasattr(frames, "shape") and (frames.ndim == count if axes else frames.ndim >= count)
    if not fits or frames.shape[-1] not in (1, 3) or 0 in frames.shape:
        raise ValueError(
            f"{name} must have axes {expected} with 1 or 3 channels, got {described(frames)}; "
            "add axes of length 1 where one is missing"
        )
    if frames.dtype == np.uint8:
        return np.asarray(frames)
    if not jnp.issubdtype(frames.dtype, jnp.floating):
        raise ValueError(
            f"{name} must be bytes or floats in [0, 1], got {described(frames)}; "
            "convert it to uint8, or divide it by its largest possible value"
        )
    array = np.asarray(frames)
    low, high = float(array.min()), float(array.max())
    if not (low >= -_OVERSHOOT and high <= 1 + _OVERSHOOT):  # neither holds for NaN
        raise ValueError(
            f"{name} must have values in [0, 1], got {low:.3g} to {high:.3g}; "
            "rescale frames of another range, and clip those of a model that overshoots"
        )
    return array


def scaled(
    frames: Shaped[Array | np.ndarray, "*batch channels"],
) -> Float[Array, "*batch 3"]:
    """Return bytes, or floats clipped to [0, 1], as float32 in [-1, 1], gray in all of 3 channels.

    **Arguments:** `frames`, uint8 or floats, whose last axis has length 1 or 3.
    """
    values = jnp.asarray(frames)
    if values.dtype == jnp.uint8:
        unit = values.astype(jnp.float32) / 255.0
    else:
        unit = jnp.clip(values.astype(jnp.float32), 0.0, 1.0)
    return jnp.broadcast_to(2.0 * unit - 1.0, (*frames.shape[:-1], 3))
