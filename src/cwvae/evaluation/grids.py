"""Layers of small networks over a grid of cells, for many images at once.

Images are (images, rows, columns, channels).
"""

import math

import equinox as eqx
import jax.numpy as jnp
import jax.random as jr
from jax import lax
from jaxtyping import Array, Float, PRNGKeyArray

__all__ = ["Grid", "GridConv", "GridDense", "NewGrid", "double", "fold_blocks", "halve"]

Grid = Float[Array, "images rows columns channels"]
"""A grid of cells for each image."""

NewGrid = Float[Array, "images new_rows new_columns new_channels"]
"""What becomes of a grid: more or fewer cells."""


class GridConv(eqx.Module):
    """A convolution that keeps the grid: zeros around it, `kernel` (size, size, in, out)."""

    kernel: Float[Array, "size size in out"]
    bias: Float[Array, " out"]

    def __init__(self, in_size: int, out_size: int, size: int, *, key: PRNGKeyArray):
        """Draw a kernel for ReLUs (He et al. 2015) and zero biases."""
        deviation = math.sqrt(2 / (size * size * in_size))
        self.kernel = deviation * jr.normal(key, (size, size, in_size, out_size))
        self.bias = jnp.zeros(out_size)

    def __call__(
        self, grid: Float[Array, "images rows columns in"]
    ) -> Float[Array, "images rows columns out"]:
        """Correlate every image with the kernel."""
        axes = ("NHWC", "HWIO", "NHWC")
        answer = lax.conv_general_dilated(grid, self.kernel, (1, 1), "SAME", dimension_numbers=axes)
        return answer + self.bias.reshape(1, 1, 1, -1)


class GridDense(eqx.Module):
    """An affine map of vectors: `kernel` (in, out), `bias` (out)."""

    kernel: Float[Array, "in out"]
    bias: Float[Array, " out"]

    def __init__(self, in_size: int, out_size: int, *, key: PRNGKeyArray):
        """Draw a kernel for ReLUs (He et al. 2015) and zero biases."""
        self.kernel = math.sqrt(2 / in_size) * jr.normal(key, (in_size, out_size))
        self.bias = jnp.zeros(out_size)

    def __call__(self, vectors: Float[Array, "*grid in"]) -> Float[Array, "*grid out"]:
        """Return vectors @ kernel + bias."""
        return vectors @ self.kernel + self.bias.reshape((1,) * (vectors.ndim - 1) + (-1,))


def fold_blocks(images: Grid, size: int) -> NewGrid:
    """Turn every block of size x size pixels into one cell with all their channels."""
    count, rows, columns, channels = images.shape
    blocks = images.reshape(count, rows // size, size, columns // size, size, channels)
    return blocks.swapaxes(2, 3).reshape(
        count, rows // size, columns // size, size * size * channels
    )


def halve(grid: Grid) -> NewGrid:
    """Return the largest value of every block of 2x2 cells."""
    # Two maxima of slices: on a CPU their gradient takes a fifth of that of one over two axes.
    rows = jnp.maximum(grid[:, 0::2], grid[:, 1::2])
    return jnp.maximum(rows[:, :, 0::2], rows[:, :, 1::2])


def double(grid: Grid) -> NewGrid:
    """Repeat every cell in both directions."""
    return grid.repeat(2, axis=1).repeat(2, axis=2)
