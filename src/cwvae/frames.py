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

__all__ = [
    "AbstractFrameDecoder",
    "AbstractFrameNetwork",
    "each",
    "in_chunks",
    "total",
    "total_in_chunks",
]

CHUNK = {"cpu": 8}
"""Frames that `in_chunks` works on at a time, by platform; all at once where it is not here.

On a CPU what a stage of a network says of 8 frames is still in the cache when the next stage needs
it, and 8 numbers or a multiple are what a vector register holds. An accelerator likes them all.
"""

SIDE_BY_SIDE = 2
"""Chunks that may run at the same time, so that a core has work where the other cannot help it."""

Score = Callable[[Float[Array, "*answer"], Float[Array, "*target"]], Float[Array, ""]]


class AbstractFrameNetwork(eqx.Module):
    """A network of one frame, or one vector, with a way of its own to go through many."""

    @abc.abstractmethod
    def __call__(self, frame: Float[Array, "*frame"]) -> PyTree[Float[Array, "*answer"]]:
        """Return the answer to one frame."""

    @abc.abstractmethod
    def many(self, frames: Float[Array, "frames *frame"]) -> PyTree[Float[Array, "frames *answer"]]:
        """Return the answers to many frames, those of `__call__` to rounding."""


class AbstractFrameDecoder(AbstractFrameNetwork):
    """A network whose answers need much memory, and that forgets them once they have a score."""

    @abc.abstractmethod
    def total(
        self,
        score: Score,
        frames: Float[Array, "frames *frame"],
        targets: Float[Array, "frames *target"],
    ) -> Float[Array, ""]:
        """Return the sum over frames of the score of the answer to each, given its target.

        `total_in_chunks` helps.
        """


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


def total(
    network: Callable[[Array], Array],
    score: Score,
    frames: Float[Array, "frames *frame"],
    targets: Float[Array, "frames *target"],
) -> Float[Array, ""]:
    """Apply a network to every frame, and return the sum of the scores of its answers.

    Gradients reach the network, the frames, the targets, and the score where it is a pytree, such
    as a method of an `eqx.Module`.
    """
    if isinstance(network, AbstractFrameDecoder):
        return network.total(score, frames, targets)
    return jnp.sum(jax.vmap(score)(each(network, frames), targets))


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
    scores: Callable[[Array, Array], Float[Array, "frames"]],
    frames: Float[Array, "frames *frame"],
    targets: Float[Array, "frames *target"],
) -> Float[Array, ""]:
    """Return the sum of the scores of many frames, worked out for a few after the other.

    The gradient is worked out together with the sum, so that nothing that happens inside the
    function is kept: memory for it is that of two chunks. That is a gradient of `scores` where it
    is a pytree, of `frames` and of `targets`.
    """
    size = _chunk(frames)
    if len(frames) <= size:
        return jnp.sum(scores(frames, targets))
    weights, rest = eqx.partition(scores, eqx.is_inexact_array)

    def of_chunk(weights: PyTree, frames: Array, targets: Array, real: Array) -> Array:
        return jnp.sum(jnp.where(real, eqx.combine(weights, rest)(frames, targets), 0))

    def of_all(one: Callable, weights: PyTree, frames: Array, targets: Array) -> PyTree:
        def add(sums: PyTree, chunk: tuple) -> tuple[PyTree, PyTree]:
            further, answers = one(weights, *chunk)
            return jax.tree.map(jnp.add, sums, further), answers

        # What fills the last chunk does not count.
        chunks = (_chunks(size, frames), _chunks(size, targets))
        chunks = (*chunks, jnp.arange(len(chunks[0]) * size).reshape(-1, size) < len(frames))
        first = jax.tree.map(lambda chunk: chunk[0], chunks)
        zeros = jax.tree.map(jnp.zeros_like, jax.eval_shape(one, weights, *first)[0])
        return jax.lax.scan(add, zeros, chunks, unroll=SIDE_BY_SIDE)

    def with_gradients(weights: PyTree, *chunk: Array) -> PyTree:
        score, gradients = jax.value_and_grad(of_chunk, argnums=(0, 1, 2))(weights, *chunk)
        return (score, gradients[0]), gradients[1:]

    @jax.custom_vjp
    def summed(weights: PyTree, frames: Array, targets: Array) -> Float[Array, ""]:
        return of_all(lambda *chunk: (of_chunk(*chunk), None), weights, frames, targets)[0]

    def forward(weights: PyTree, frames: Array, targets: Array) -> tuple:
        (score, of_weights), answers = of_all(with_gradients, weights, frames, targets)
        of_chunks = [a.reshape(-1, *a.shape[2:])[: len(frames)] for a in answers]
        return score, (of_weights, *of_chunks)

    def backward(gradients: tuple, weight: Float[Array, ""]) -> tuple:
        return jax.tree.map(lambda g: (weight * g).astype(g.dtype), gradients)

    summed.defvjp(forward, backward)
    return summed(weights, frames, targets)


def _chunk(frames: Float[Array, "frames *frame"]) -> int:
    """Return how many frames there are in a chunk."""
    return CHUNK.get(jax.default_backend(), len(frames))


def _chunks(size: int, frames: Float[Array, "frames *frame"]) -> Float[Array, "chunks size *frame"]:
    """Return the frames in chunks, the last one filled with copies of the last frame."""
    short = -len(frames) % size
    filled = jnp.pad(frames, [(0, short)] + [(0, 0)] * (frames.ndim - 1), mode="edge")
    return filled.reshape(-1, size, *frames.shape[1:])
