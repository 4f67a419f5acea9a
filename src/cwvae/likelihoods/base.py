"""What a distribution of a frame is."""

import abc

import equinox as eqx
from jaxtyping import Array, Float

from cwvae.arguments import check_shape
from cwvae.shapes import Frame

__all__ = ["AbstractLikelihood", "check_decoded"]


class AbstractLikelihood(eqx.Module):
    """The distribution of one frame given the decoder's output for it.

    `log_prob` and `mean` raise `ValueError` for an output that is not of the shape needed.
    """

    @property
    def parameters(self) -> int:
        """Numbers that the decoder returns for every number of a frame."""
        return 1

    @abc.abstractmethod
    def log_prob(self, decoded: Float[Array, "*decoded"], frame: Frame) -> Float[Array, ""]:
        """Return the log-likelihood of a frame, in nats, summed over the frame."""

    @abc.abstractmethod
    def mean(self, decoded: Float[Array, "*decoded"]) -> Frame:
        """Return the expected frame."""

    def calibrate(
        self, log_prob: Float[Array, ""], size: int
    ) -> tuple[Float[Array, ""], Float[Array, ""] | None]:
        """Return a batch's log-likelihood under the standard deviation that it sets, and that.

        By default a batch sets nothing: the number that was given, and None.

        **Arguments:** `log_prob`, the mean log-likelihood of the batch's frames, in nats; `size`,
        how many numbers a frame is.
        """
        return log_prob, None

    def follow(self, stddev: Float[Array, ""] | None) -> "AbstractLikelihood":
        """Return the likelihood after a step on a batch that set that standard deviation.

        By default it is the likelihood itself.
        """
        return self


def check_decoded(
    likelihood: AbstractLikelihood, decoded: Float[Array, "*decoded"], frame: Frame
) -> None:
    """Raise `ValueError` for a decoder's output that is not for the frame."""
    if not frame.ndim:
        raise ValueError("a frame must have at least one axis, got a single number")
    expected = (*frame.shape[:-1], likelihood.parameters * frame.shape[-1])
    check_shape(
        "decoded",
        decoded,
        expected,
        f"frames of shape {frame.shape} under {type(likelihood).__name__} need a decoder that "
        f"returns it",
    )
