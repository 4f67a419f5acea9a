"""Many frames through a network, a few at a time, so that what is between stays in the cache."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PyTree, Shaped

from cwvae.kernels.choice import by_platform, resolve

__all__ = ["CHUNK", "few", "in_chunks", "joined", "over_chunks"]

CHUNK = 16
"""Frames in a chunk.

What a stage of a network makes of 16 frames is still in the cache when the next stage needs it,
and 16 numbers of float32 fill a vector register of AVX-512.
"""

_SIDE_BY_SIDE = 2
"""Chunks that may run at the same time, so that a core has work where the other cannot help it."""


def in_chunks(
    function: Callable[[Array], Array], frames: Float[Array, " frames *frame"], *, kernels: str
) -> Float[Array, " frames *answer"]:
    """Apply a function of many frames, each by itself, to a few of them after the other.

    Memory for what happens inside the function is that of two chunks, beside the intermediate
    values that a gradient needs. With `kernels="xla"`, and on an accelerator by default, the
    function is applied to all frames at once.
    """
    if few(frames, kernels):
        return function(frames)
    weights, rest = eqx.partition(function, eqx.is_array)

    def whole(weights: PyTree, frames: Array) -> Array:
        return eqx.combine(weights, rest)(frames)

    def chunked(weights: PyTree, frames: Array) -> Array:
        _, answers = over_chunks(lambda _, chunk: (None, whole(weights, chunk)), frames)
        return joined(answers, frames)

    return by_platform(kernels, _videos_at_once(chunked), whole, weights, frames)


def few(frames: Shaped[Array, " frames *frame"], kernels: str) -> bool:
    """Return whether frames are so few, or are to be treated so, that there are no chunks."""
    count = frames.shape[0]
    # A symbolic number of frames, of `jax.export`, cannot be divided into chunks.
    return resolve(kernels) == "xla" or not isinstance(count, int) or count <= CHUNK


def over_chunks(
    one: Callable[..., tuple[PyTree, PyTree]], *arrays: Shaped[Array, " frames ..."]
) -> tuple[PyTree, PyTree]:
    """Apply a function to the chunks of all arrays: return the sum of its first result over them.

    Its second comes with a leading axis of chunks. The last chunk is filled with copies of the
    last frame; the function's first argument, (size,), is whether a frame of the chunk is real.
    """
    short = -arrays[0].shape[0] % CHUNK
    real = jnp.pad(jnp.ones(arrays[0].shape[0], bool), (0, short)).reshape(-1, CHUNK)
    chunks = (real, *map(_chunks, arrays))
    first = (jax.ShapeDtypeStruct(chunk.shape[1:], chunk.dtype) for chunk in chunks)
    sums, _ = jax.eval_shape(one, *first)
    zeros = jax.tree.map(lambda like: jnp.zeros(like.shape, like.dtype), sums)

    def add(sums: PyTree, chunk: tuple[Array, ...]) -> tuple[PyTree, PyTree]:
        further, answers = one(*chunk)
        return jax.tree.map(jnp.add, sums, further), answers

    return jax.lax.scan(add, zeros, chunks, unroll=_SIDE_BY_SIDE)


def joined(
    answers: Shaped[Array, "chunks size *answer"], frames: Shaped[Array, " frames *frame"]
) -> Shaped[Array, " frames *answer"]:
    """Return the answers to all frames one after the other, without those that filled a chunk."""
    return answers.reshape(-1, *answers.shape[2:])[: frames.shape[0]]


def _chunks(frames: Shaped[Array, " frames *frame"]) -> Shaped[Array, "chunks size *frame"]:
    """Return the frames in chunks."""
    short = -frames.shape[0] % CHUNK
    filled = jnp.pad(frames, [(0, short)] + [(0, 0)] * (frames.ndim - 1), mode="edge")
    return filled.reshape(-1, CHUNK, *frames.shape[1:])


def _videos_at_once(chunked: Callable[[PyTree, Array], Array]) -> Callable[[PyTree, Array], Array]:
    """Let `jax.vmap` over videos put their frames one after the other, where no gradient is taken.

    A rule for `vmap` has no derivative, so what is differentiated is the function without it.
    """
    flattening = jax.custom_batching.custom_vmap(chunked)

    @flattening.def_vmap
    def _(videos: int, mapped: Sequence[Any], weights: PyTree, frames: Array) -> tuple[Array, bool]:
        weights_mapped, frames_mapped = mapped
        if frames_mapped and not any(jax.tree.leaves(weights_mapped)):
            count = frames.shape[1]
            answers = flattening(weights, frames.reshape(videos * count, *frames.shape[2:]))
            return answers.reshape(videos, count, *answers.shape[1:]), True
        axes = jax.tree.map(lambda one: 0 if one else None, tuple(mapped))
        return jax.vmap(chunked, in_axes=axes)(weights, frames), True

    differentiable = jax.custom_jvp(flattening)
    differentiable.defjvp(partial(jax.jvp, chunked))
    return differentiable
