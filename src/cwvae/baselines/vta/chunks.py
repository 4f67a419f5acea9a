"""A layer over many frames, a few at a time, where statistics of all of them come between layers.

Within a layer the frames do not depend on each other, so that what is inside it, such as windows
gathered for a convolution, needs memory for a few frames only and stays in the cache. For the
gradient nothing is kept but a layer's input; the rest is computed again.
"""

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PyTree

from cwvae.kernels.choice import by_platform
from cwvae.kernels.chunks import CHUNK

__all__ = ["in_equal_chunks", "in_groups", "over_chunks", "together"]

_GROUP = 64  # frames of which all layers may be in memory where no gradient is taken

_Layer = Callable[[Any, Array], PyTree[Array]]


def in_equal_chunks(
    frames: Float[Array, " frames height width channels"],
) -> Float[Array, "chunks channels height width size"]:
    """Return frames in chunks, of 16 where that divides their number, else of fewer."""
    count = frames.shape[0]
    size = count if count <= CHUNK else math.gcd(count, CHUNK)
    return jnp.transpose(frames.reshape(-1, size, *frames.shape[1:]), (0, 4, 2, 3, 1))


def together(
    chunks: Float[Array, "chunks channels height width size"],
) -> Float[Array, "frames height width channels"]:
    """Return the frames of all chunks, one after the other."""
    frames = jnp.transpose(chunks, (0, 4, 2, 3, 1))
    return frames.reshape(-1, *frames.shape[2:])


def in_groups(
    function: Callable[[Array], Array], frames: Float[Array, " frames *frame"]
) -> Float[Array, " frames *answer"]:
    """Apply a function of many frames to groups of them, so that memory is that of a group."""
    count = frames.shape[0]
    if count <= _GROUP:
        return function(frames)
    filled = jnp.pad(frames, [(0, -count % _GROUP)] + [(0, 0)] * (frames.ndim - 1))
    answers = jax.lax.map(function, filled.reshape(-1, _GROUP, *frames.shape[1:]))
    return answers.reshape(-1, *answers.shape[2:])[:count]


@partial(jax.custom_vjp, nondiff_argnums=(0, 1))
def over_chunks(
    layer: _Layer, kernels: str, weights: PyTree[Array], chunks: Float[Array, " chunks *chunk"]
) -> PyTree[Float[Array, " chunks ..."]]:
    """Apply a layer to every chunk: on a CPU to one after the other, elsewhere to all at once.

    Has derivatives in reverse mode. **Arguments:** `kernels`, as in `cwvae.kernels`: with "xla" it
    is to all at once everywhere.
    """

    def one_by_one(weights: PyTree, chunks: Array) -> PyTree:
        return jax.lax.map(partial(layer, weights), chunks)

    return by_platform(kernels, one_by_one, partial(_at_once, layer), weights, chunks)


def _forward(layer: _Layer, kernels: str, weights: PyTree, chunks: Array) -> tuple[PyTree, PyTree]:
    return over_chunks(layer, kernels, weights, chunks), (weights, chunks)


def _backward(layer: _Layer, kernels: str, kept: PyTree, gradients: PyTree) -> tuple[PyTree, Array]:
    def one_by_one(weights: PyTree, chunks: Array, gradients: PyTree) -> tuple[PyTree, Array]:
        def add(total: PyTree, chunk: tuple[Array, PyTree]) -> tuple[PyTree, Array]:
            _, pull = jax.vjp(layer, weights, chunk[0])
            more, of_chunk = pull(chunk[1])
            return jax.tree.map(jnp.add, total, more), of_chunk

        zeros = jax.tree.map(jnp.zeros_like, weights)
        return jax.lax.scan(add, zeros, (chunks, gradients))

    def at_once(weights: PyTree, chunks: Array, gradients: PyTree) -> tuple[PyTree, Array]:
        _, pull = jax.vjp(partial(_at_once, layer), weights, chunks)
        return pull(gradients)

    return by_platform(kernels, one_by_one, at_once, *kept, gradients)


over_chunks.defvjp(_forward, _backward)


def _at_once(layer: _Layer, weights: PyTree, chunks: Array) -> PyTree:
    """Apply a layer to all chunks at once."""
    return jax.vmap(layer, (None, 0))(weights, chunks)
