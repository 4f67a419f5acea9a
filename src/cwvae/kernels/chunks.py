"""Many frames through a network, a few at a time, so that what is between stays in the cache."""

from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, PyTree, Shaped

__all__ = ["in_chunks", "total_in_chunks"]

CHUNK = {"cpu": 16}
"""Frames in a chunk, by platform; all of them where it is not here.

On a CPU what a stage of a network says of 16 frames is still in the cache when the next stage
needs it, and 16 numbers are what a vector register holds. An accelerator likes them all.
"""

SIDE_BY_SIDE = 2
"""Chunks that may run at the same time, so that a core has work where the other cannot help it."""


def in_chunks(
    function: Callable[[Array], Array], frames: Float[Array, " frames *frame"]
) -> Float[Array, " frames *answer"]:
    """Apply a function of many frames to a few of them after the other.

    Memory for what happens inside the function is that of two chunks, beside the intermediate
    values that the gradient needs.
    """
    size = _chunk(frames)
    if len(frames) <= size:
        return function(frames)
    _, answers = jax.lax.scan(
        lambda _, chunk: (None, function(chunk)),
        None,
        _chunks(size, frames),
        unroll=SIDE_BY_SIDE,
    )
    return answers.reshape(-1, *answers.shape[2:])[: len(frames)]


def total_in_chunks(
    scores: Callable[[Array, Array], Float[Array, " frames"]],
    frames: Float[Array, " frames *frame"],
    targets: Shaped[Array, " frames *target"],
) -> Float[Array, ""]:
    """Return the sum of the scores of many frames, worked out for a few after the other.

    The gradient is worked out together with the sum, so that where there are chunks nothing is
    kept of what happens inside the function. It reaches `frames`, `targets`, and `scores` as far
    as that is a pytree: a function must not close over what is differentiated.
    """
    size, count = _chunk(frames), len(frames)
    if count <= size:
        return jnp.sum(scores(frames, targets))
    weights, rest = eqx.partition(scores, eqx.is_inexact_array)

    # The mean, since gradients of a sum are too large for few bits.
    def of_chunk(inputs: tuple, real: Bool[Array, " size"]) -> Float[Array, ""]:
        weights, *chunk = inputs
        found = eqx.combine(weights, rest)(*chunk)
        return jnp.sum(_exact(jnp.where(real, found, 0))) / count

    mean = _over_chunks(size, of_chunk)((weights, frames, targets))
    return (count * mean).astype(jax.eval_shape(scores, frames[:size], targets[:size]).dtype)


def _over_chunks(
    size: int, of_chunk: Callable[[tuple, Array], Float[Array, ""]]
) -> Callable[[tuple], Float[Array, ""]]:
    """Let a function of (weights, frames, targets) of a chunk be summed over all chunks.

    Its gradient is that of the chunks, each taken along with the value.
    """

    def with_gradients(inputs: tuple, real: Bool[Array, " size"]) -> tuple[PyTree, PyTree]:
        score, gradients = eqx.filter_value_and_grad(of_chunk)(inputs, real)
        return (score, jax.tree.map(_exact, gradients[0])), gradients[1:]

    def of_all(one: Callable[..., tuple[PyTree, PyTree]], inputs: tuple) -> tuple[PyTree, PyTree]:
        weights, *arrays = inputs
        chunks = tuple(_chunks(size, array) for array in arrays)
        # What fills the last chunk does not count.
        real = jnp.arange(len(chunks[0]) * size).reshape(-1, size) < len(arrays[0])

        def add(sums: PyTree, chunk: tuple) -> tuple[PyTree, PyTree]:
            further, answers = one((weights, *chunk[0]), chunk[1])
            return jax.tree.map(jnp.add, sums, further), answers

        first = jax.tree.map(lambda chunk: chunk[0], (chunks, real))
        shapes, _ = jax.eval_shape(one, (weights, *first[0]), first[1])
        zeros = jax.tree.map(jnp.zeros_like, shapes)
        return jax.lax.scan(add, zeros, (chunks, real), unroll=SIDE_BY_SIDE)

    @jax.custom_vjp
    def summed(inputs: tuple) -> Float[Array, ""]:
        return of_all(lambda *chunk: (of_chunk(*chunk), None), inputs)[0]

    def forward(inputs: tuple) -> tuple[Float[Array, ""], tuple]:
        (score, of_weights), of_chunks = of_all(with_gradients, inputs)
        whole = jax.tree.map(lambda a: a.reshape(-1, *a.shape[2:])[: len(inputs[1])], of_chunks)
        like = jax.tree.map(lambda leaf: jnp.zeros((), leaf.dtype), inputs[0])
        return score, ((of_weights, *whole), (like, *whole))

    def backward(kept: tuple, weight: Float[Array, ""]) -> tuple[tuple]:
        def weighted(gradient: Array, like: Array) -> Array:
            exact = _exact(gradient)
            return (weight.astype(exact.dtype) * exact).astype(like.dtype)

        return (jax.tree.map(weighted, *kept),)

    summed.defvjp(forward, backward)
    return summed


def _exact(values: Float[Array, "*axes"]) -> Float[Array, "*axes"]:
    """Return values with bits enough to add many of them up."""
    return values if values.dtype.itemsize >= 4 else values.astype(jnp.float32)


def _chunk(frames: Float[Array, " frames *frame"]) -> int:
    """Return how many frames there are in a chunk."""
    return CHUNK.get(jax.default_backend(), len(frames))


def _chunks(
    size: int, frames: Float[Array, " frames *frame"]
) -> Float[Array, "chunks size *frame"]:
    """Return the frames in chunks, the last one filled with copies of the last frame."""
    short = -len(frames) % size
    filled = jnp.pad(frames, [(0, short)] + [(0, 0)] * (frames.ndim - 1), mode="edge")
    return filled.reshape(-1, size, *frames.shape[1:])
