"""Many frames through a network of one frame.

The frames of a video, and those of all videos of a batch, go through the encoder and the decoder
independently. `jax.vmap` does that for any network; a network may have a faster way of its own.
"""

import abc
from collections.abc import Callable

import equinox as eqx
import jax
from jaxtyping import Array, Float, PyTree, Shaped

__all__ = [
    "AbstractFrameDecoder",
    "AbstractFrameNetwork",
    "AbstractVideoNetwork",
    "LogProb",
    "log_probs",
    "map_frames",
    "map_videos",
]

LogProb = Callable[[Float[Array, "*answer"], Shaped[Array, "*target"]], Float[Array, ""]]
"""The log-probability of what a frame should have been, given the network's answer."""


class AbstractFrameNetwork(eqx.Module):
    """A network of one frame, or one vector, with a way of its own to go through many."""

    @abc.abstractmethod
    def __call__(self, frame: Float[Array, "*frame"], /) -> PyTree[Float[Array, "..."]]:
        """Return the answer to one frame, or one vector."""

    @abc.abstractmethod
    def batch(
        self, inputs: Float[Array, " frames *input"], /
    ) -> PyTree[Float[Array, " frames ..."]]:
        """Return the answers to many inputs, those of `__call__` to rounding."""


class AbstractVideoNetwork(AbstractFrameNetwork):
    """A network of one frame that has less to do for some frames of a video than for others."""

    @abc.abstractmethod
    def videos(
        self, videos: Float[Array, "batch frames *frame"], read: int | None, /
    ) -> PyTree[Float[Array, "batch frames ..."]]:
        """Return the answers to the frames of whole videos.

        `read` is the number of frames at their beginning that the slowest level reads, where that
        is a static one, None for all: its part of the answers may be zeros after them.
        """


class AbstractFrameDecoder(AbstractFrameNetwork):
    """A network whose answers need much memory, and can be forgotten once they have a score."""

    @abc.abstractmethod
    def log_probs(
        self,
        log_prob: LogProb,
        inputs: Float[Array, " frames *input"],
        targets: Shaped[Array, " frames *target"],
        /,
    ) -> Float[Array, " frames"]:
        """Return the log-probability of every target given the answer to its input.

        Not all answers need to be there at the same time: see `log_probs_in_chunks`.
        """


def map_frames(
    network: Callable[[Array], PyTree[Array]], inputs: Float[Array, " frames *input"]
) -> PyTree[Float[Array, " frames ..."]]:
    """Apply a network of one frame, or one vector, to those of every frame."""
    if isinstance(network, AbstractFrameNetwork):
        return network.batch(inputs)
    return jax.vmap(network)(inputs)


def map_videos(
    network: Callable[[Array], PyTree[Array]],
    videos: Float[Array, "batch frames *frame"],
    read: int | None = None,
) -> PyTree[Float[Array, "batch frames ..."]]:
    """Apply a network of one frame to those of many videos; `read` as in `AbstractVideoNetwork`."""
    if isinstance(network, AbstractVideoNetwork):
        return network.videos(videos, read)
    answers = map_frames(network, videos.reshape(-1, *videos.shape[2:]))
    return jax.tree.map(lambda rows: rows.reshape(*videos.shape[:2], *rows.shape[1:]), answers)


def log_probs(
    network: Callable[[Array], Array],
    log_prob: LogProb,
    inputs: Float[Array, " frames *input"],
    targets: Shaped[Array, " frames *target"],
) -> Float[Array, " frames"]:
    """Apply a network to the inputs of every frame; return the log-probability of every target.

    Gradients reach the network, the inputs, the targets, and `log_prob` as far as that is a
    pytree, such as a method of an `eqx.Module`: it must not close over what is differentiated.
    """
    if isinstance(network, AbstractFrameDecoder):
        return network.log_probs(log_prob, inputs, targets)
    return jax.vmap(log_prob)(map_frames(network, inputs), targets)
