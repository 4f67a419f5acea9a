"""A layer over many frames, a few at a time, where statistics of all of them come between layers.

Within a layer the frames do not depend on each other, so that what is inside it, such as windows
gathered for a convolution, needs memory for a few frames only and stays in the cache. For the
gradient nothing is kept of what is inside; it is computed again.
"""

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PyTree

from cwvae.baselines.vta.norm import Moments, moments
from cwvae.kernels.choice import by_platform

__all__ = ["chunk_size", "in_equal_chunks", "in_groups", "over_chunks", "together"]

_GROUP = 64  # frames of which all layers may be in memory where no gradient is taken

_Layer = Callable[[Any, Array], Array]


def chunk_size(size: int, filters: int) -> int:
    """Return how many frames to take at a time, of so many pixels an edge and so many filters.

    What the largest layer, of half the edge, makes of them should stay in the cache. With 4 instead
    of 16 frames of 64 pixels and 128 filters the decoder's gradient takes 1.0 instead of 1.6 s for
    160 frames, the encoder's 1.7 instead of 1.9 s for 240; with 32 pixels and 32 filters 8 are best
    (jax 0.10.2, one core of a Xeon).
    """
    return 4 if filters * (size // 2) ** 2 > 2**14 else 8


def in_equal_chunks(
    frames: Float[Array, " frames height width channels"], most: int
) -> Float[Array, "chunks channels height width size"]:
    """Return frames in chunks, of `most` where that divides their number, else of fewer."""
    count = frames.shape[0]
    size = count if count <= most else math.gcd(count, most)
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


def over_chunks(
    layer: _Layer, kernels: str, weights: PyTree[Array], chunks: Float[Array, " chunks *chunk"]
) -> tuple[Float[Array, " chunks *answer"], Moments]:
    """Apply a layer to every chunk; return the answers, and the moments of each chunk's.

    On a CPU it is one chunk after the other, elsewhere all at once. Has derivatives in reverse
    mode, for which inputs and answers are kept; the answers are the inputs of the layer after.
    **Arguments:** `kernels`, as in `cwvae.kernels`: with "xla" it is all at once everywhere.
    """
    return _over_chunks(layer, kernels, weights, chunks)


@partial(jax.custom_vjp, nondiff_argnums=(0, 1))
def _over_chunks(layer: _Layer, kernels: str, weights: PyTree, chunks: Array) -> Any:
    def one(weights: PyTree, chunk: Array) -> tuple[Array, Moments]:
        answer = layer(weights, chunk)
        return answer, moments(answer)

    def one_by_one(weights: PyTree, chunks: Array) -> tuple[Array, Moments]:
        return jax.lax.map(partial(one, weights), chunks)

    return by_platform(kernels, one_by_one, jax.vmap(one, (None, 0)), weights, chunks)


def _forward(
    layer: _Layer, kernels: str, weights: PyTree, chunks: Array
) -> tuple[tuple[Array, Moments], PyTree]:
    found: Any = _over_chunks(layer, kernels, weights, chunks)
    return found, (weights, chunks, found[0])


def _backward(
    layer: _Layer, kernels: str, kept: PyTree, gradients: tuple[Array, Moments]
) -> tuple[PyTree, Array]:
    def of_weights(
        weights: PyTree, chunk: Array, answer: Array, gradients: tuple[Array, Moments]
    ) -> tuple[PyTree, Array]:
        of_answer, of_moments = gradients
        # From the answer that was kept, so that only the layer's gradient is computed here.
        _, pull = jax.vjp(moments, answer)
        _, pull_layer = jax.vjp(layer, weights, chunk)
        return pull_layer(of_answer + pull(of_moments)[0])

    def one_by_one(weights: PyTree, *chunks: PyTree) -> tuple[PyTree, Array]:
        def add(total: PyTree, chunk: tuple) -> tuple[PyTree, Array]:
            more, of_chunk = of_weights(weights, *chunk)
            return jax.tree.map(jnp.add, total, more), of_chunk

        return jax.lax.scan(add, jax.tree.map(jnp.zeros_like, weights), chunks)

    def at_once(weights: PyTree, *chunks: PyTree) -> tuple[PyTree, Array]:
        parts, of_chunks = jax.vmap(of_weights, (None, 0, 0, 0))(weights, *chunks)
        return jax.tree.map(lambda part: jnp.sum(part, axis=0), parts), of_chunks

    return by_platform(kernels, one_by_one, at_once, *kept, gradients)


_over_chunks.defvjp(_forward, _backward)
