"""The loss of VTA in nats per frame, and its bound on the log-probability of videos."""

import math
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from cwvae.baselines.vta.boundaries import COPY, READ, limited, log_density
from cwvae.baselines.vta.config import VTAConfig
from cwvae.baselines.vta.passing import Pass

__all__ = ["Terms", "exact_boundary_nats", "log_likelihood", "terms"]

_PerFrame = Float[Array, "batch counted"]


class Terms(NamedTuple):
    """The parts of the loss, of every frame that counts, in nats.

    **Arguments:** `nll`, the negative log-likelihood; the KL of the fast and of the slow state; the
    log-ratio of posterior and prior at the relaxed sample of the next frame's boundary, whose mean
    is a KL and which may be negative itself.
    """

    nll: _PerFrame
    kl_observation: _PerFrame
    kl_abstract: _PerFrame
    kl_boundary: Float[Array, "batch following"]


def terms(done: Pass, targets: Array, tau: Float[Array, ""], config: VTAConfig) -> Terms:
    """Return the parts of the loss, the prior of boundaries within the limits of segments.

    **Arguments:** `targets`, the frames that count, in [-1, 1]; `tau`, the temperature of the
    boundaries.
    """
    prior = jax.vmap(
        lambda logits, read: limited(
            logits,
            read,
            max_segments=config.max_segments,
            max_length=config.max_segment_length,
        )
    )(done.next_prior, done.read[:, : done.next_prior.shape[1]])
    density = jax.vmap(log_density, (0, 0, None))
    ratio = density(done.next_logits, done.next_relaxed, tau) - density(
        prior, done.next_relaxed, tau
    )
    return Terms(
        nll=-log_likelihood(done, targets, config),
        kl_observation=done.fast_posterior.kl(done.fast_prior),
        # Where a segment goes on, z is the one that was drawn before, and costs nothing.
        kl_abstract=done.slow_posterior.kl(done.slow_prior) * jax.lax.stop_gradient(done.read),
        kl_boundary=ratio,
    )


def log_likelihood(done: Pass, targets: Array, config: VTAConfig) -> _PerFrame:
    """Return the normal log-density of every frame in [-1, 1], constants included."""
    stddev = config.decoder_stddev
    numbers = math.prod(targets.shape[2:])
    squares = jnp.sum(((targets - done.frames) / stddev) ** 2, axis=(2, 3, 4))
    return -0.5 * squares - numbers * (math.log(stddev) + 0.5 * math.log(2 * math.pi))


def exact_boundary_nats(done: Pass) -> Float[Array, "batch following"]:
    """Return what the boundaries that were chosen cost under the prior, without limits.

    It is the KL of a posterior that is certain of them.
    """
    log_prior = jax.nn.log_softmax(done.next_prior, axis=-1)
    read = done.read[:, 1:]
    return -(read * log_prior[..., READ] + (1 - read) * log_prior[..., COPY])
