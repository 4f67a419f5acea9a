"""Families of distributions of a frame given the decoder's output for the lowest level.

A decoder returns `parameters` numbers for every number of a frame: its last axis is that many
times as long as the frame's.
"""

import abc
import math

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from cwvae.arguments import check_positive, check_shape, whole_number
from cwvae.shapes import Frame, checked

__all__ = [
    "AbstractLikelihood",
    "Bernoulli",
    "DiscretisedLogistic",
    "FixedNormal",
    "LearnedNormal",
]

_Decoded = Float[Array, "*decoded"]
"""The decoder's output for one frame."""


class AbstractLikelihood(eqx.Module):
    """The distribution of one frame given the decoder's output for it.

    `log_prob` and `mean` raise `ValueError` for an output that is not of the shape needed.
    """

    @property
    def parameters(self) -> int:
        """Numbers that the decoder returns for every number of a frame."""
        return 1

    @abc.abstractmethod
    def log_prob(self, decoded: _Decoded, frame: Frame) -> Float[Array, ""]:
        """Return the log-likelihood of a frame, in nats, summed over the frame."""

    @abc.abstractmethod
    def mean(self, decoded: _Decoded) -> Frame:
        """Return the expected frame."""


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
    def log_prob(self, decoded: _Decoded, frame: Frame) -> Float[Array, ""]:
        """Return sum log Normal(frame; decoded, stddev), constants included, in nats."""
        _check_shapes(self, decoded, frame)
        constant = math.log(self.stddev) + 0.5 * math.log(2 * math.pi)
        squares = jnp.sum(((frame - decoded) / self.stddev) ** 2)
        # The constant stays outside of the sum, where it would be added once a pixel.
        return -0.5 * squares - frame.size * constant

    @checked
    def mean(self, decoded: _Decoded) -> Frame:
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
    def log_prob(self, decoded: _Decoded, frame: Frame) -> Float[Array, ""]:
        """Return sum log Normal(frame; decoded, stddev), constants included, in nats."""
        _check_shapes(self, decoded, frame)
        standard = (frame - decoded) * jnp.exp(-self.log_stddev)
        constant = self.log_stddev + 0.5 * math.log(2 * math.pi)
        return -0.5 * jnp.sum(standard**2) - frame.size * constant

    @checked
    def mean(self, decoded: _Decoded) -> Frame:
        """Return the decoder's output itself."""
        return decoded


class Bernoulli(AbstractLikelihood):
    """Independent pixels that are on or off; the decoder's output is the log-odds of on.

    Frames in [0, 1] between the two count as so many parts on.
    """

    @checked
    def log_prob(self, decoded: _Decoded, frame: Frame) -> Float[Array, ""]:
        """Return sum x log p + (1 - x) log (1 - p), in nats."""
        _check_shapes(self, decoded, frame)
        return jnp.sum(frame * decoded - jax.nn.softplus(decoded))

    @checked
    def mean(self, decoded: _Decoded) -> Frame:
        """Return the probability of on."""
        return jax.nn.sigmoid(decoded)


class DiscretisedLogistic(AbstractLikelihood):
    """Independent pixels of so many levels, each a logistic distribution cut into bins.

    The decoder's output is, along its last axis, first the means and then the logarithms of the
    scales (Kingma et al. 2016, appendix; as in PixelCNN++ the outermost bins reach to infinity).

    **Arguments:** `levels` of a pixel from 0 to 1, at least 2. Raises `ValueError` for fewer.
    """

    levels: int = eqx.field(static=True, default=256)

    def __check_init__(self) -> None:
        """Raise `ValueError` for pixels that cannot differ."""
        whole_number("levels", self.levels, least=2)

    @property
    def parameters(self) -> int:
        """A mean and a scale."""
        return 2

    @checked
    def log_prob(self, decoded: _Decoded, frame: Frame) -> Float[Array, ""]:
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

    @checked
    def mean(self, decoded: _Decoded) -> Frame:
        """Return the means of the logistic distributions before they are cut, within [0, 1]."""
        if not decoded.ndim or decoded.shape[-1] % 2:
            raise ValueError(
                "the decoder's last axis must hold a mean and a log-scale for every channel, got "
                f"shape {decoded.shape}; make it with twice the channels of a frame"
            )
        return jnp.clip(jnp.split(decoded, 2, axis=-1)[0], 0, 1)


def _log_of_rest(log_width: Float[Array, "*pixels"]) -> Float[Array, "*pixels"]:
    """Return log(1 - exp(-width)), which for the smallest widths is their logarithm."""
    safe = jnp.maximum(log_width, -16.0)
    return jnp.where(log_width < -16, log_width, jnp.log(-jnp.expm1(-jnp.exp(safe))))


def _check_shapes(likelihood: AbstractLikelihood, decoded: _Decoded, frame: Frame) -> None:
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
