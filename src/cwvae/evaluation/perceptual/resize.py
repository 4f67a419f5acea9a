"""Bilinear resizing as TensorFlow 1 did it, which the networks of published FVD were fed with."""

import functools

import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float

from cwvae.arguments import whole_number
from cwvae.shapes import checked

__all__ = ["resize"]


@checked
def resize(
    frames: Float[Array | np.ndarray, "*batch height width channels"], size: int
) -> Float[Array, "*batch size size channels"]:
    """Resize frames to `size` x `size` pixels.

    As `tf.image.resize_bilinear` of TensorFlow 1 by default (`align_corners` False, no half-pixel
    centres): row i of the result lies at i * height / size in the frame, between the rows above
    and below it, the last row going on to the edge; nothing is smoothed before a frame shrinks.
    Libraries of today put row i at (i + 1/2) * height / size - 1/2, and give other distances.

    **Arguments:** `frames`, of any range; `size`, at least 1.

    Raises `ValueError` for another size, `TypeCheckError` for bytes or frames of other axes.
    """
    size = whole_number("size", size)
    frames = jnp.asarray(frames)
    height, width, _ = frames.shape[-3:]
    if (height, width) == (size, size):
        return frames
    rows, columns = (jnp.asarray(_weights(n, size), frames.dtype) for n in (height, width))
    # On an accelerator the default precision would be below that of bytes.
    product = functools.partial(jnp.einsum, precision=lax.Precision.HIGHEST)
    return product("ih,...hjc->...ijc", rows, product("jw,...hwc->...hjc", columns, frames))


def _weights(extent: int, size: int) -> Float[np.ndarray, "size extent"]:
    """Return the share of every old row in every new one."""
    places = np.arange(size) * (extent / size)
    above = np.minimum(np.floor(places).astype(int), extent - 1)
    below = np.minimum(above + 1, extent - 1)
    share = (places - above).reshape(-1, 1)
    old = np.eye(extent)
    return (1 - share) * old[above] + share * old[below]
