"""Convolutions of VTA's frame networks with their paddings, and weights drawn as in PyTorch."""

from typing import TypeVar

import jax
import jax.numpy as jnp
import jax.random as jr
from jaxtyping import Array, Float, PRNGKeyArray

from cwvae.kernels.strided import conv, conv_transpose
from cwvae.nn.initialisers import glorot_uniform
from cwvae.nn.layers import GRU, Dense

__all__ = ["SIZE", "dense", "down", "gru", "kernel", "uniform", "up"]

SIZE = 4
"""Rows, and columns, of every kernel."""

_Layer = TypeVar("_Layer")


def down(
    weights: Float[Array, "size size in out"],
    images: Float[Array, "in height width images"],
    kernels: str,
) -> Float[Array, "out rows columns images"]:
    """Convolve with stride 2, one pixel of zeros around the images: an edge becomes half."""
    padded = jnp.pad(images, [(0, 0), (1, 1), (1, 1), (0, 0)])
    return conv(weights, padded, kernels=kernels)


def up(
    weights: Float[Array, "size size out in"],
    images: Float[Array, "in rows columns images"],
    kernels: str,
) -> Float[Array, "out height width images"]:
    """Return the transpose of `down`: an edge becomes twice as long."""
    height, width = (2 * edge + 2 for edge in images.shape[1:3])
    spread = conv_transpose(weights, images, height=height, width=width, kernels=kernels)
    return spread[:, 1:-1, 1:-1]


def kernel(ins: int, outs: int, *, fan_in: int, key: PRNGKeyArray) -> Float[Array, "4 4 in out"]:
    """Draw a kernel (4, 4, ins, outs), PyTorch's default for so many inputs of an output."""
    return uniform((SIZE, SIZE, ins, outs), fan_in, key=key)


def dense(in_size: int, out_size: int, *, key: PRNGKeyArray) -> Dense:
    """Return a dense layer, drawn as in PyTorch."""
    return _redrawn(Dense(in_size, out_size, key=key), in_size, key=key)


def gru(in_size: int, size: int, *, key: PRNGKeyArray) -> GRU:
    """Return a gated recurrent unit, drawn as PyTorch's, whose equations and biases it has."""
    return _redrawn(GRU(in_size, size, key=key), size, key=key)


def _redrawn(layer: _Layer, fan_in: int, *, key: PRNGKeyArray) -> _Layer:
    """Return a layer with all its weights drawn from U(+-1 / sqrt(fan_in)), PyTorch's default."""
    leaves, structure = jax.tree.flatten(layer)
    keys = jr.split(key, len(leaves))
    drawn = [uniform(a.shape, fan_in, key=k) for a, k in zip(leaves, keys, strict=True)]
    return jax.tree.unflatten(structure, drawn)


def uniform(shape: tuple[int, ...], fan_in: int, *, key: PRNGKeyArray) -> Float[Array, "*shape"]:
    """Draw from U(+-1 / sqrt(fan_in))."""
    # Glorot's limit is the root of 6 over the sum of both fans.
    return glorot_uniform(shape, fans=(3 * fan_in, 3 * fan_in), key=key)
