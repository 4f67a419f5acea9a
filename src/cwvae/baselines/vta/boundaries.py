"""Where segments begin: the detector, its relaxed samples, and what the prior may expect."""

from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
from jaxtyping import Array, Float, PRNGKeyArray

from cwvae.baselines.vta.config import VTAConfig
from cwvae.baselines.vta.layers import uniform
from cwvae.baselines.vta.norm import BatchNorm, Moments, elu, moments
from cwvae.shapes import checked

__all__ = [
    "COPY",
    "READ",
    "Boundaries",
    "BoundaryDetector",
    "gumbel",
    "limited",
    "log_density",
    "sampled",
    "temperature",
]

READ = 0
"""The place of the choice that a segment begins."""

COPY = 1
"""The place of the choice that it goes on."""

_MARGIN = 1e-4  # of uniform numbers, so that Gumbel noise is finite
# The authors' logit of .999, which stands at READ and, negative, at COPY: together 1 - 1e-6.
_CERTAIN = 6.906754778648553
_TAPS = 3  # frames that a convolution of the detector sees

_Logits = Float[Array, "frames choices"]
"""Logits of READ and COPY at every frame."""


class BoundaryDetector(eqx.Module):
    """The posterior of boundaries: convolutions over the time of a whole video.

    Each sees a frame and its neighbours; batch normalisation and ELU are after all but the last.
    """

    convolutions: tuple[Float[Array, " 3 in out"], ...]
    norms: tuple[BatchNorm, ...]
    last: Float[Array, " 3 in choices"]
    bias: Float[Array, " choices"]

    def __init__(self, config: VTAConfig, *, key: PRNGKeyArray):
        """Draw the weights."""
        width = config.feature_size
        last_key, bias_key, *keys = jr.split(key, config.boundary_layers + 2)
        fan_in = _TAPS * width
        self.convolutions = tuple(uniform((_TAPS, width, width), fan_in, key=k) for k in keys)
        self.norms = tuple(BatchNorm(width) for _ in keys)
        self.last = uniform((_TAPS, width, 2), fan_in, key=last_key)
        self.bias = uniform((2,), fan_in, key=bias_key)

    def __call__(
        self, features: Float[Array, "batch frames feature"], *, running: bool
    ) -> tuple[Float[Array, "batch frames choices"], tuple[Moments, ...]]:
        """Return the logits of every frame, and the moments of all layers.

        `running`: normalise by the running statistics, by which no video depends on others.
        """
        found = []
        for weights, norm in zip(self.convolutions, self.norms, strict=True):
            channels = jnp.moveaxis(_over_time(weights, features), -1, 0)
            found.append(moments(channels))
            normalised = norm.of(None if running else found[-1])(channels)
            features = jnp.moveaxis(elu(normalised), 0, -1)
        return _over_time(self.last, features) + self.bias.reshape(1, 1, 2), tuple(found)


class Boundaries(NamedTuple):
    """Samples of boundaries.

    **Arguments:** `relaxed`, log-probabilities (frames, choices), a point of the simplex; `read`, 1
    where a segment begins, else 0, with the gradient of the relaxed probability.
    """

    relaxed: _Logits
    read: Float[Array, " frames"]


@checked
def sampled(logits: _Logits, noise: _Logits, tau: Float[Array, ""]) -> Boundaries:
    """Sample boundaries by Gumbel noise at temperature `tau`; zero noise gives the mode.

    What is relaxed is log_softmax((logits + noise) / tau) (Maddison et al. 2017; Jang et al.
    2017). Gradients pass the choice straight through (Bengio et al. 2013).
    """
    relaxed = jax.nn.log_softmax((logits + noise) / tau, axis=-1)
    soft = jnp.exp(relaxed[..., READ])
    hard = (jnp.argmax(relaxed, axis=-1) == READ).astype(soft.dtype)
    # The parentheses keep it 0 or 1 to the last bit.
    return Boundaries(relaxed, hard + (soft - jax.lax.stop_gradient(soft)))


def gumbel(shape: tuple[int, ...], *, key: PRNGKeyArray) -> Float[Array, "*shape"]:
    """Draw Gumbel noise from uniform numbers between 1e-4 and 1 - 1e-4."""
    return -jnp.log(-jnp.log(jr.uniform(key, shape, minval=_MARGIN, maxval=1 - _MARGIN)))


@checked
def log_density(
    logits: _Logits, relaxed: _Logits, tau: Float[Array, ""]
) -> Float[Array, " frames"]:
    """Return the log-density of relaxed samples of two choices, but for terms that cancel.

    It is sum(l - tau y) - 2 logsumexp(l - tau y) at log-probabilities y (Maddison et al. 2017,
    equation 23).
    """
    terms = logits - tau * relaxed
    return jnp.sum(terms, axis=-1) - 2 * jax.nn.logsumexp(terms, axis=-1)


@checked
def limited(
    logits: _Logits, read: Float[Array, " frames"], *, max_segments: int, max_length: int
) -> _Logits:
    """Return the prior's logits of every *next* frame, given where segments began up to this one.

    At the end of `max_length` frames of a segment the logits of READ and COPY are 6.907 and
    -6.907, so that a boundary is all but certain; else, from `max_segments` segments on, the
    other way round.
    """

    def count(state: tuple[Array, Array], read: Array) -> tuple[tuple[Array, Array], tuple]:
        segments, length = state
        counted = segments + read, 1 + (1 - read) * length
        return counted, counted

    zero = jnp.zeros((), logits.dtype)
    _, (segments, lengths) = jax.lax.scan(count, (zero, zero), jax.lax.stop_gradient(read))
    certain = jnp.asarray([_CERTAIN, -_CERTAIN], logits.dtype)[None]
    logits = jnp.where((segments >= max_segments)[:, None], -certain, logits)
    return jnp.where((lengths >= max_length)[:, None], certain, logits)


def temperature(config: VTAConfig, step: Array) -> Float[Array, ""]:
    """Return tau at a step: .9 .999^(step / 100) + .1 by default."""
    fallen = config.temperature - config.least_temperature
    hundreds = jnp.asarray(step).astype(float) / 100
    return fallen * config.temperature_decay**hundreds + config.least_temperature


def _over_time(
    weights: Float[Array, " 3 in out"], features: Float[Array, "batch frames in"]
) -> Float[Array, "batch frames out"]:
    """Convolve over time, a frame of zeros on either side."""
    padded = jnp.pad(features, [(0, 0), (1, 1), (0, 0)])
    frames = features.shape[1]
    windows = [padded[:, tap : tap + frames] for tap in range(_TAPS)]
    return jnp.concatenate(windows, axis=-1) @ weights.reshape(-1, weights.shape[-1])
