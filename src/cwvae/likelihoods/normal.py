"""Normal pixels around the decoder's output, their one scale fixed or learned."""

import math

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from cwvae.arguments import check_positive
from cwvae.likelihoods.base import AbstractLikelihood, check_decoded
from cwvae.shapes import Frame, checked

__all__ = ["FixedNormal", "LearnedNormal"]


class FixedNormal(AbstractLikelihood):
    """Independent normal pixels whose means are the decoder's output.

    **Arguments:** `stddev`, the standard deviation of every pixel (the official `dec_stddev`).
    Raises `ValueError` for one that is not positive and finite.
    """

    stddev: float = eqx.field(static=True)

    def __check_init__(self) -> None:
        """Raise `ValueError` for a standard deviation that is not positive and finite."""
        check_positive("the likelihood's stddev", self.stddev)

    @checked
    def log_prob(self, decoded: Float[Array, "*decoded"], frame: Frame) -> Float[Array, ""]:
        """Return sum log Normal(frame; decoded, stddev), constants included, in nats."""
        check_decoded(self, decoded, frame)
        constant = math.log(self.stddev) + 0.5 * math.log(2 * math.pi)
        squares = jnp.sum(((frame - decoded) / self.stddev) ** 2)
        # The constant stays outside of the sum, where it would be added once a pixel.
        return -0.5 * squares - frame.size * constant

    @checked
    def mean(self, decoded: Float[Array, "*decoded"]) -> Frame:
        """Return the decoder's output itself."""
        return decoded


class LearnedNormal(AbstractLikelihood):
    """Independent normal pixels around the decoder's output, their one scale learned.

    **Arguments:** `stddev`, the standard deviation to start from (Rybkin et al. 2021, sigma-VAE,
    with one scale for all pixels). Raises `ValueError` for one that is not positive and finite.
    """

    log_stddev: Float[Array, ""]

    def __init__(self, stddev: float = 1.0):
        """Start from a standard deviation."""
        check_positive("the likelihood's stddev", stddev)
        self.log_stddev = jnp.asarray(math.log(stddev), dtype=float)

    @checked
    def log_prob(self, decoded: Float[Array, "*decoded"], frame: Frame) -> Float[Array, ""]:
        """Return sum log Normal(frame; decoded, stddev), constants included, in nats."""
        check_decoded(self, decoded, frame)
        standard = (frame - decoded) * jnp.exp(-self.log_stddev)
        constant = self.log_stddev + 0.5 * math.log(2 * math.pi)
        return -0.5 * jnp.sum(standard**2) - frame.size * constant

    @checked
    def mean(self, decoded: Float[Array, "*decoded"]) -> Frame:
        """Return the decoder's output itself."""
        return decoded
