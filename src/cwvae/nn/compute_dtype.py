"""A network of frames that computes with other bits than what is around it."""

from collections.abc import Callable

import equinox as eqx
import jax
from jax.typing import DTypeLike
from jaxtyping import Array, Float, PyTree, Shaped

from cwvae.nn.frame_networks import (
    AbstractFrameDecoder,
    AbstractVideoNetwork,
    LogProb,
    log_probs,
    map_frames,
    map_videos,
)

__all__ = ["COMPUTE_DTYPES", "InDtype"]

COMPUTE_DTYPES = ("float16", "bfloat16", "float32", "float64")
"""The floating point types that a network can compute in."""


class InDtype(AbstractFrameDecoder, AbstractVideoNetwork):
    """A network, encoder or decoder, that computes in a floating point type of its own.

    Inputs are rounded to the type, and answers are turned back into the type of the inputs, so
    that cells, beliefs and likelihoods keep theirs. Weights stay as they are.

    **Arguments:** `network`; `dtype`, one of `COMPUTE_DTYPES`, else `ValueError`.
    """

    network: Callable[[Array], PyTree[Array]]
    dtype: str = eqx.field(static=True)

    def __check_init__(self) -> None:
        """Raise `ValueError` for a type that is none of `COMPUTE_DTYPES`."""
        if self.dtype not in COMPUTE_DTYPES:
            raise ValueError(
                f"dtype must be one of {', '.join(COMPUTE_DTYPES)}, got {self.dtype!r}"
            )

    def __call__(self, frame: Float[Array, "*frame"], /) -> PyTree[Float[Array, "..."]]:
        """Return the network's answer to one frame."""
        return _in(frame, self.network(frame.astype(self.dtype)))

    def batch(
        self, inputs: Float[Array, " frames *input"], /
    ) -> PyTree[Float[Array, " frames ..."]]:
        """Return the network's answers to many inputs."""
        return _in(inputs, map_frames(self.network, inputs.astype(self.dtype)))

    def videos(
        self, videos: Float[Array, "batch frames *frame"], read: int | None, /
    ) -> PyTree[Float[Array, "batch frames ..."]]:
        """Return the network's answers to the frames of whole videos."""
        return _in(videos, map_videos(self.network, videos.astype(self.dtype), read))

    def log_probs(
        self,
        log_prob: LogProb,
        inputs: Float[Array, " frames *input"],
        targets: Shaped[Array, " frames *target"],
        /,
    ) -> Float[Array, " frames"]:
        """Return the log-probability of every target, in the type of the inputs."""
        exact = jax.tree_util.Partial(_log_prob_in, log_prob, inputs.dtype)
        return log_probs(self.network, exact, inputs.astype(self.dtype), targets)


def _in(inputs: Array, answers: PyTree[Array]) -> PyTree[Array]:
    """Return the answers in the type of the inputs."""
    return jax.tree.map(lambda answer: answer.astype(inputs.dtype), answers)


def _log_prob_in(log_prob: LogProb, dtype: DTypeLike, decoded: Array, target: Array) -> Array:
    """Return the log-probability given an answer turned into the type."""
    return log_prob(decoded.astype(dtype), target)
