"""Frames of 5 bits, as VTA sees them: from [0, 1] to noisy numbers in [-1, 1] and back."""

import math

import jax.numpy as jnp
from jaxtyping import Array, Float

from cwvae.shapes import Video, checked

__all__ = ["LOG_VOLUME", "dequantised", "shown"]

_VALUES = 32
"""Gray values that are left of 256."""

LOG_VOLUME = math.log(2)
"""Log-density in [0, 1] minus that in [-1, 1], of one number."""


@checked
def dequantised(
    frames: Video, noise: Float[Array, " frames *frame"]
) -> Float[Array, " frames *frame"]:
    """Return frames of 32 gray values, spread over their bins by the noise, in [-1, 1].

    **Arguments:** `frames`, values in [0, 1]; `noise`, uniform in [0, 1), for every number one; 0.5
    gives the middle of every bin.
    """
    # Rounded first, since a byte divided by 255 and multiplied again may fall below itself.
    bins = jnp.floor(jnp.round(jnp.asarray(frames) * 255, 3) / 8)
    return 2 * ((bins + noise) / _VALUES - 0.5)


@checked
def shown(
    frames: Float[Array, " frames *frame"], *, requantise: bool
) -> Float[Array, " frames *frame"]:
    """Return frames in [0, 1] of numbers in [-1, 1], of 32 gray values with `requantise`."""
    means = (frames + 1) / 2
    if not requantise:
        return means
    return jnp.minimum(jnp.floor(means * _VALUES), _VALUES - 1) * 8 / 255
