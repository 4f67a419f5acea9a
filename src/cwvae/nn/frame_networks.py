"""Many frames through a network that knows one.

The frames of a video, and those of all videos of a batch, go through the encoder and the decoder
independently. `jax.vmap` does that for any network; one that knows a faster way says how.
"""

import abc
from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PyTree, Shaped

__all__ = [
    "AbstractFrameDecoder",
    "AbstractFrameNetwork",
    "LogProb",
    "log_prob_sum",
    "map_frames",
]

# Of the answer to one frame, given what it should have been.
LogProb = Callable[[Float[Array, "*answer"], Shaped[Array, "*target"]], Float[Array, ""]]


class AbstractFrameNetwork(eqx.Module):
    """A network of one frame, or one vector, with a way of its own to go through many."""

    @abc.abstractmethod
    def __call__(self, frame: Float[Array, "*frame"]) -> PyTree[Float[Array, "*answer"]]:
        """Return the answer to one frame."""

    @abc.abstractmethod
    def batch(
        self, frames: Float[Array, " frames *frame"]
    ) -> PyTree[Float[Array, " frames *answer"]]:
        """Return the answers to many frames, those of `__call__` to rounding."""


class AbstractFrameDecoder(AbstractFrameNetwork):
    """A network whose answers need much memory, and can be forgotten once they have a score."""

    @abc.abstractmethod
    def log_prob_sum(
        self,
        score: LogProb,
        frames: Float[Array, " frames *frame"],
        targets: Shaped[Array, " frames *target"],
    ) -> Float[Array, ""]:
        """Return the sum over frames of the score of the answer to each, given its target.

        Not all answers need to be there at the same time: see `total_in_chunks`.
        """


def map_frames(
    network: Callable[[Array], PyTree[Array]], frames: Float[Array, " frames *frame"]
) -> PyTree[Float[Array, " frames *answer"]]:
    """Apply a network of one frame to every frame.

    Where `jax.vmap` runs this for many videos at once, `AbstractFrameNetwork.batch` is given the
    frames of all of them, one video after the other; but not where gradients are taken of that,
    for which `loss` puts the frames of a batch together itself.
    """
    if not isinstance(network, AbstractFrameNetwork):
        return jax.vmap(network)(frames)
    arrays, rest = eqx.partition(network, eqx.is_array)
    return _videos_at_once(lambda arrays, frames: eqx.combine(arrays, rest).batch(frames))(
        arrays, frames
    )


def log_prob_sum(
    network: Callable[[Array], Array],
    score: LogProb,
    frames: Float[Array, " frames *frame"],
    targets: Shaped[Array, " frames *target"],
) -> Float[Array, ""]:
    """Apply a network to every frame, and return the sum of the scores of its answers.

    Gradients reach the network, the frames, the targets, and the score as far as that is a pytree,
    such as a method of an `eqx.Module`: it must not close over what is differentiated.
    """
    if isinstance(network, AbstractFrameDecoder):
        return network.log_prob_sum(score, frames, targets)
    return jnp.sum(jax.vmap(score)(map_frames(network, frames), targets))


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
