"""Convolutions with stride 1 whose images keep their edges: 3 x 3, zeros around.

Images are (channels, height, width, images), as in `strided`. On a CPU the convolution is one
matrix product of gathered windows, and so are its two gradients; the windows, nine times as large
as the images, are gathered again for the gradient and not kept.
"""

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float

from cwvae.kernels.choice import by_platform

__all__ = ["conv_same"]


def conv_same(
    kernel: Float[Array, "3 3 in out"],
    images: Float[Array, "in height width images"],
    *,
    kernels: str = "auto",
) -> Float[Array, "out height width images"]:
    """Correlate images, zeros around them, with a kernel: every pixel with its neighbours."""
    return by_platform(kernels, jax.checkpoint(_product), _plain, kernel, images)


def _product(
    kernel: Float[Array, "3 3 in out"], images: Float[Array, "in height width images"]
) -> Float[Array, "out height width images"]:
    """Multiply the kernel, as one matrix, with all windows."""
    around = jnp.pad(images, [(0, 0), (1, 1), (1, 1), (0, 0)])
    windows = _gathered(_gathered(around, axis=2), axis=1)
    # Behind a barrier, as in `im2col.conv`.
    matrix = lax.optimization_barrier(kernel.reshape(-1, kernel.shape[-1]).T)
    return jnp.tensordot(matrix, windows, 1)


def _gathered(images: Float[Array, "*axes"], *, axis: int) -> Float[Array, "..."]:
    """Gather windows of 3 along one axis, their pixels one after the other along the first."""
    edge = images.shape[axis] - 2
    return jnp.concatenate(
        [lax.slice_in_dim(images, start, start + edge, axis=axis) for start in range(3)]
    )


def _plain(
    kernel: Float[Array, "3 3 in out"], images: Float[Array, "in height width images"]
) -> Float[Array, "out height width images"]:
    """Let XLA do it."""
    layout = ("CHWN", "HWIO", "CHWN")
    return lax.conv_general_dilated(images, kernel, (1, 1), "SAME", dimension_numbers=layout)
