"""Families of distributions of a frame given what the decoder made of the lowest level.

A decoder answers with `parameters` numbers for every number of a frame: its last axis is that
many times as long as the frame's.
"""

import abc
import math

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from cwvae.shapes import Frame, checked

__all__ = [
    "AbstractLikelihood",
    "Bernoulli",
    "DiscretisedLogistic",
    "FixedNormal",
    "LearnedNormal",
]

Decoded = Float[Array, "*decoded"]


class AbstractLikelihood(eqx.Module):
    """The distribution of one frame given the decoder's answer."""

    @property
    def parameters(self) -> int:
        """Numbers that the decoder gives for every number of a frame."""
        return 1

    @abc.abstractmethod
    def log_prob(self, decoded: Decoded, frame: Frame) -> Float[Array, ""]:
        """Return the log-likelihood of a frame, in nats, summed over the frame."""

    @abc.abstractmethod
    def mean(self, decoded: Decoded) -> Frame:
        """Return the expected frame."""


class FixedNormal(AbstractLikelihood):
    """Independent normal pixels whose means are the decoder's answer.

    **Arguments:** `stddev`, the standard deviation of every pixel (the official `decoder_stddev`);
    it must be positive, else `ValueError`.
    """

    stddev: float = eqx.field(static=True)

    def __check_init__(self) -> None:
        """Refuse a standard deviation that is not positive."""
        if not self.stddev > 0:
            raise ValueError(f"the likelihood's stddev must be positive, got {self.stddev}")

    @checked
    def log_prob(self, decoded: Decoded, frame: Frame) -> Float[Array, ""]:
        """Return sum log Normal(frame; decoded, stddev), constants included, in nats."""
        _check_shapes(self, decoded, frame)
        constant = math.log(self.stddev) + 0.5 * math.log(2 * math.pi)
        squares = jnp.sum(((frame - decoded) / self.stddev) ** 2)
        # Constants stay outside of the sum: inside, XLA would make an array of them.
        return -0.5 * squares - frame.size * constant

    def mean(self, decoded: Decoded) -> Frame:
        """Return the decoder's answer itself."""
        return decoded


class LearnedNormal(AbstractLikelihood):
    """Independent normal pixels around the decoder's answer, their one scale learned.

    **Arguments:** `stddev`, the standard deviation to start from, positive, else `ValueError`
    (Rybkin et al. 2021, sigma-VAE, with one scale for all pixels).
    """

    log_stddev: Float[Array, ""]

    def __init__(self, stddev: float = 1.0):
        """Start from a standard deviation."""
        if not stddev > 0:
            raise ValueError(f"the likelihood's stddev must be positive, got {stddev}")
        self.log_stddev = jnp.asarray(math.log(stddev), dtype=float)

    @checked
    def log_prob(self, decoded: Decoded, frame: Frame) -> Float[Array, ""]:
        """Return sum log Normal(frame; decoded, stddev), constants included, in nats."""
        _check_shapes(self, decoded, frame)
        standard = (frame - decoded) * jnp.exp(-self.log_stddev)
        constant = self.log_stddev + 0.5 * math.log(2 * math.pi)
        return -0.5 * jnp.sum(standard**2) - frame.size * constant

    def mean(self, decoded: Decoded) -> Frame:
        """Return the decoder's answer itself."""
        return decoded


class Bernoulli(AbstractLikelihood):
    """Independent pixels that are on or off; the decoder's answer is the log-odds of on.

    Frames in [0, 1] between the two count as so many parts on.
    """

    @checked
    def log_prob(self, decoded: Decoded, frame: Frame) -> Float[Array, ""]:
        """Return sum x log p + (1 - x) log (1 - p), in nats."""
        _check_shapes(self, decoded, frame)
        return jnp.sum(frame * decoded - jax.nn.softplus(decoded))

    def mean(self, decoded: Decoded) -> Frame:
        """Return the probability of on."""
        return jax.nn.sigmoid(decoded)


class DiscretisedLogistic(AbstractLikelihood):
    """Independent pixels of so many levels, each a logistic distribution cut into bins.

    The decoder's answer is, along its last axis, first the means and then the logarithms of the
    scales (Kingma et al. 2016, appendix; as in PixelCNN++ the outermost bins reach to infinity).

    **Arguments:** `levels` of a pixel from 0 to 1, at least 2, else `ValueError`.
    """

    levels: int = eqx.field(static=True, default=256)

    def __check_init__(self) -> None:
        """Refuse pixels that cannot differ."""
        if self.levels < 2:
            raise ValueError(f"pixels need at least 2 levels, got {self.levels}")

    @property
    def parameters(self) -> int:
        """A mean and a scale."""
        return 2

    @checked
    def log_prob(self, decoded: Decoded, frame: Frame) -> Float[Array, ""]:
        """Return sum log P(bin of the pixel), in nats; pixels are rounded to the nearest level."""
        _check_shapes(self, decoded, frame)
        mean, log_scale = jnp.split(decoded, 2, axis=-1)
        last = self.levels - 1
        level = jnp.round(jnp.clip(frame, 0, 1) * last)
        # Scales of less than a hundredth of a bin differ in nothing but rounding.
        log_scale = jnp.maximum(log_scale, math.log(0.01 / last))
        above = ((level + 0.5) / last - mean) * jnp.exp(-log_scale)
        below = ((level - 0.5) / last - mean) * jnp.exp(-log_scale)
        # P(below < x < above) = (1 - exp(below - above)) sigmoid(above) sigmoid(-below), in which
        # nothing is lost far from the mean; the outermost bins have one side only.
        inside = _log_of_rest(-log_scale - math.log(last)) + jax.nn.log_sigmoid(above)
        inside = inside + jax.nn.log_sigmoid(-below)
        first, final = jax.nn.log_sigmoid(above), jax.nn.log_sigmoid(-below)
        return jnp.sum(jnp.where(level == 0, first, jnp.where(level == last, final, inside)))

    def mean(self, decoded: Decoded) -> Frame:
        """Return the means of the logistic distributions before they are cut, within [0, 1]."""
        return jnp.clip(jnp.split(decoded, 2, axis=-1)[0], 0, 1)


def _log_of_rest(log_width: Float[Array, "*pixels"]) -> Float[Array, "*pixels"]:
    """Return log(1 - exp(-width)), which for the smallest widths is their logarithm."""
    safe = jnp.maximum(log_width, -16.0)
    return jnp.where(log_width < -16, log_width, jnp.log(-jnp.expm1(-jnp.exp(safe))))


def _check_shapes(likelihood: AbstractLikelihood, decoded: Decoded, frame: Frame) -> None:
    """Refuse a decoder's answer that is not for the frame."""
    expected = (*frame.shape[:-1], likelihood.parameters * frame.shape[-1])
    if decoded.shape != expected:
        raise ValueError(
            f"frames of shape {frame.shape} under {type(likelihood).__name__} need a decoder that "
            f"answers with shape {expected}, got {decoded.shape}"
        )
