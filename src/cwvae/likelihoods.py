"""Families of distributions of a frame given what the decoder made of the lowest level."""

import abc
import math

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from cwvae.shapes import Frame, checked

__all__ = ["AbstractLikelihood", "FixedNormal"]


class AbstractLikelihood(eqx.Module):
    """The distribution of one frame given the decoder's answer."""

    @abc.abstractmethod
    def log_prob(self, decoded: Frame, frame: Frame) -> Float[Array, ""]:
        """Return the log-likelihood of a frame, in nats, summed over pixels and channels."""

    @abc.abstractmethod
    def mean(self, decoded: Frame) -> Frame:
        """Return the expected frame."""


class FixedNormal(AbstractLikelihood):
    """Independent normal pixels whose means are the decoder's answer.

    **Arguments:** `stddev`, the standard deviation of every pixel (the official `dec_stddev`);
    it must be positive, else `ValueError`.
    """

    stddev: float = eqx.field(static=True)

    def __check_init__(self) -> None:
        """Refuse a standard deviation that is not positive."""
        if not self.stddev > 0:
            raise ValueError(f"the likelihood's stddev must be positive, got {self.stddev}")

    @checked
    def log_prob(self, decoded: Frame, frame: Frame) -> Float[Array, ""]:
        """Return sum log Normal(frame; decoded, stddev), constants included, in nats."""
        constant = math.log(self.stddev) + 0.5 * math.log(2 * math.pi)
        return -jnp.sum(0.5 * ((frame - decoded) / self.stddev) ** 2 + constant)

    def mean(self, decoded: Frame) -> Frame:
        """Return the decoder's answer itself."""
        return decoded
