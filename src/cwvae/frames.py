"""Many frames through a network that knows one.

The frames of a video, and those of all videos of a batch, go through the encoder and the decoder
independently. `jax.vmap` does that for any network; one that knows a faster way says how.
"""

import abc
from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PyTree

__all__ = ["AbstractFrameNetwork", "each", "in_chunks"]

CHUNK = {"cpu": 8}
"""Frames that `in_chunks` works on at a time, by platform; all at once where it is not here.

On a CPU what a stage of a network says of 8 frames is still in the cache when the next stage needs
it, and 8 numbers or a multiple are what a vector register holds. An accelerator likes them all.
"""

SIDE_BY_SIDE = 2
"""Chunks that may run at the same time, so that a core has work where the other cannot help it."""


class AbstractFrameNetwork(eqx.Module):
    """A network of one frame, or one vector, with a way of its own to go through many."""

    @abc.abstractmethod
    def __call__(self, frame: Float[Array, "*frame"]) -> PyTree[Float[Array, "*answer"]]:
        """Return the answer to one frame."""

    @abc.abstractmethod
    def many(self, frames: Float[Array, "frames *frame"]) -> PyTree[Float[Array, "frames *answer"]]:
        """Return the answers to many frames, those of `__call__` to rounding."""


def each(
    network: Callable[[Array], PyTree[Array]], frames: Float[Array, "frames *frame"]
) -> PyTree[Float[Array, "frames *answer"]]:
    """Apply a network of one frame to every frame.

    Where `jax.vmap` runs this for many videos at once, `AbstractFrameNetwork.many` is given the
    frames of all of them, one video after the other; but not where gradients are taken of that,
    for which `loss` puts the frames of a batch together itself.
    """
    if not isinstance(network, AbstractFrameNetwork):
        return jax.vmap(network)(frames)
    arrays, rest = eqx.partition(network, eqx.is_array)
    return _videos_at_once(lambda arrays, frames: eqx.combine(arrays, rest).many(frames))(
        arrays, frames
    )


def _videos_at_once(many: Callable[..., PyTree[Array]]) -> Callable[..., PyTree[Array]]:
    """Let `jax.vmap` put the frames of all videos one after the other for a function of many."""
    flattening = jax.custom_batching.custom_vmap(many)

    @flattening.def_vmap
    def _(videos: int, mapped: tuple, arrays: PyTree, frames: Array) -> tuple[PyTree, PyTree]:
        weights_mapped, frames_mapped = mapped
        if frames_mapped and not any(jax.tree.leaves(weights_mapped)):
            count = frames.shape[1]
            answers = flattening(arrays, frames.reshape(videos * count, *frames.shape[2:]))
            answers = jax.tree.map(lambda a: a.reshape(videos, count, *a.shape[1:]), answers)
        else:  # a network for each video
            axes = jax.tree.map(lambda one: 0 if one else None, mapped)
            answers = jax.vmap(many, in_axes=axes)(arrays, frames)
        return answers, jax.tree.map(lambda _: True, answers)

    # What has a rule for vmap has no gradient of its own: say that it is that of the function.
    differentiable = jax.custom_vjp(flattening)
    differentiable.defvjp(
        lambda arrays, frames: jax.vjp(many, arrays, frames),
        lambda pullback, gradient: pullback(gradient),
    )
    return differentiable


def in_chunks(
    function: Callable[[Array], Array], frames: Float[Array, "frames *frame"]
) -> Float[Array, "frames *answer"]:
    """Apply a function of many frames to a few of them after the other.

    Memory for what happens inside the function is that of two chunks, beside the intermediate
    values that the gradient needs.
    """
    count = len(frames)
    size = CHUNK.get(jax.default_backend(), count)
    if count <= size:
        return function(frames)
    chunks = -(-count // size)
    # Frames of zeros fill the last chunk; their answers are cut off.
    padded = jnp.pad(frames, [(0, chunks * size - count)] + [(0, 0)] * (frames.ndim - 1))
    _, answers = jax.lax.scan(
        lambda _, chunk: (None, function(chunk)),
        None,
        padded.reshape(chunks, size, *frames.shape[1:]),
        unroll=SIDE_BY_SIDE,
    )
    return answers.reshape(chunks * size, *answers.shape[2:])[:count]
