"""Many frames through a network that knows one.

The frames of a video, and those of all videos of a batch, go through the encoder and the decoder
independently. `jax.vmap` does that for any network; one that knows a faster way says how.
"""

import abc
from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, PyTree, Shaped

__all__ = [
    "AbstractFrameDecoder",
    "AbstractFrameNetwork",
    "Score",
    "each",
    "in_chunks",
    "total",
    "total_in_chunks",
]

CHUNK = {"cpu": 16}
"""Frames in a chunk, by platform; all of them where it is not here.

On a CPU what a stage of a network says of 16 frames is still in the cache when the next stage
needs it, and 16 numbers are what a vector register holds. An accelerator likes them all.
"""

SIDE_BY_SIDE = 2
"""Chunks that may run at the same time, so that a core has work where the other cannot help it."""

# Of the answer to one frame, given what it should have been.
Score = Callable[[Float[Array, "*answer"], Shaped[Array, "*target"]], Float[Array, ""]]


class AbstractFrameNetwork(eqx.Module):
    """A network of one frame, or one vector, with a way of its own to go through many."""

    @abc.abstractmethod
    def __call__(self, frame: Float[Array, "*frame"]) -> PyTree[Float[Array, "*answer"]]:
        """Return the answer to one frame."""

    @abc.abstractmethod
    def many(self, frames: Float[Array, "frames *frame"]) -> PyTree[Float[Array, "frames *answer"]]:
        """Return the answers to many frames, those of `__call__` to rounding."""


class AbstractFrameDecoder(AbstractFrameNetwork):
    """A network whose answers need much memory, and can be forgotten once they have a score."""

    @abc.abstractmethod
    def total(
        self,
        score: Score,
        frames: Float[Array, "frames *frame"],
        targets: Shaped[Array, "frames *target"],
    ) -> Float[Array, ""]:
        """Return the sum over frames of the score of the answer to each, given its target.

        Not all answers need to be there at the same time: see `total_in_chunks`.
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
    targets: Shaped[Array, "frames *target"],
) -> Float[Array, ""]:
    """Apply a network to every frame, and return the sum of the scores of its answers.

    Gradients reach the network, the frames, the targets, and the score as far as that is a pytree,
    such as a method of an `eqx.Module`: it must not close over what is differentiated.
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
    targets: Shaped[Array, "frames *target"],
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
    def of_chunk(inputs: tuple, real: Bool[Array, "size"]) -> Float[Array, ""]:
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

    def with_gradients(inputs: tuple, real: Bool[Array, "size"]) -> tuple[PyTree, PyTree]:
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


def _chunk(frames: Float[Array, "frames *frame"]) -> int:
    """Return how many frames there are in a chunk."""
    return CHUNK.get(jax.default_backend(), len(frames))


def _chunks(size: int, frames: Float[Array, "frames *frame"]) -> Float[Array, "chunks size *frame"]:
    """Return the frames in chunks, the last one filled with copies of the last frame."""
    short = -len(frames) % size
    filled = jnp.pad(frames, [(0, short)] + [(0, 0)] * (frames.ndim - 1), mode="edge")
    return filled.reshape(-1, size, *frames.shape[1:])
