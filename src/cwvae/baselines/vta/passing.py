"""Once through videos: from their frames to beliefs about all that is latent, and frames again."""

from functools import partial
from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
from jaxtyping import Array, Float, PRNGKeyArray

from cwvae.baselines.vta.boundaries import BoundaryDetector, gumbel, sampled
from cwvae.baselines.vta.config import VTAConfig
from cwvae.baselines.vta.frame_networks import FrameDecoder, FrameEncoder
from cwvae.baselines.vta.levels import Levels, summary
from cwvae.baselines.vta.norm import Moments
from cwvae.beliefs import Gaussian

__all__ = ["Networks", "Noise", "Pass", "Statistics", "draw_noise", "encoded", "passed"]

Statistics = tuple[tuple[Moments, ...], tuple[Moments, ...], tuple[Moments, ...]]
"""The moments of all layers of the encoder, of the boundary detector and of the decoder."""

_Videos = Float[Array, "batch frames height width channels"]


class Networks(eqx.Module):
    """The networks of VTA."""

    encoder: FrameEncoder
    detector: BoundaryDetector
    levels: Levels
    decoder: FrameDecoder


class Noise(NamedTuple):
    """What samples are made of: Gumbel noise for boundaries, normal noise for states."""

    boundaries: Float[Array, "batch frames choices"]
    slow: Float[Array, "batch counted state"]
    fast: Float[Array, "batch counted state"]


class Pass(eqx.Module):
    """What comes of videos, of the frames that count.

    **Arguments:** `frames`, decoded, in [-1, 1]; beliefs of both levels; `read`, 1 where a segment
    begins; of the frame *after* each, `next_logits`, by the detector, `next_relaxed`, the sample,
    and `next_prior`, the prior's logits without limits; `statistics` of the batch.
    """

    frames: _Videos
    slow_posterior: Gaussian
    slow_prior: Gaussian
    fast_posterior: Gaussian
    fast_prior: Gaussian
    read: Float[Array, "batch counted"]
    next_logits: Float[Array, "batch following choices"]
    next_relaxed: Float[Array, "batch following choices"]
    next_prior: Float[Array, "batch following choices"]
    statistics: Statistics


class _Latents(NamedTuple):
    """What comes of the encodings of one video."""

    slow_posterior: Gaussian
    slow_prior: Gaussian
    fast_posterior: Gaussian
    fast_prior: Gaussian
    read: Float[Array, " counted"]
    features: Float[Array, "counted feature"]
    next_prior: Float[Array, "counted choices"]


def passed(
    networks: Networks,
    videos: _Videos,
    noise: Noise,
    tau: Float[Array, ""],
    *,
    init: int,
    after: int,
    running: bool,
) -> Pass:
    """Infer what is latent in videos of values in [-1, 1], and decode it.

    **Arguments:** `noise`, zeros for modes; `tau`, the temperature of boundaries; `init` and
    `after`, how many frames at either end do not count: at these, and at the first that counts, a
    segment begins; `running`, whether normalisation is not by the statistics of the batch.
    """
    counted = slice(init, videos.shape[1] - after)
    # Where nothing is left after the frames that count, there is no boundary after the last.
    following = slice(init + 1, counted.stop + min(after, 1))
    encodings, of_encoder = encoded(networks, videos, running=running)
    logits, of_detector = networks.detector(encodings, running=running)
    boundaries = jax.vmap(sampled, (0, 0, None))(logits, noise.boundaries, tau)
    read = boundaries.read.at[:, : init + 1].set(1).at[:, counted.stop :].set(1)

    inferred = jax.vmap(partial(_inferred, networks.levels, counted))
    latents = inferred(encodings, read, noise.slow, noise.fast)
    flat = latents.features.reshape(-1, latents.features.shape[-1])
    frames, of_decoder = networks.decoder(flat, running=running)
    return Pass(
        frames=frames.reshape(*read[:, counted].shape, *frames.shape[1:]),
        slow_posterior=latents.slow_posterior,
        slow_prior=latents.slow_prior,
        fast_posterior=latents.fast_posterior,
        fast_prior=latents.fast_prior,
        read=latents.read,
        next_logits=logits[:, following],
        next_relaxed=boundaries.relaxed[:, following],
        next_prior=latents.next_prior[:, : following.stop - following.start],
        statistics=(of_encoder, of_detector, of_decoder),
    )


def encoded(
    networks: Networks, videos: _Videos, *, running: bool
) -> tuple[Float[Array, "batch frames feature"], tuple[Moments, ...]]:
    """Return the encodings of all frames, and the moments of the encoder's layers."""
    features, found = networks.encoder(videos.reshape(-1, *videos.shape[2:]), running=running)
    return features.reshape(*videos.shape[:2], -1), found


def draw_noise(
    config: VTAConfig, batch: int, frames: int, counted: int, *, key: PRNGKeyArray
) -> Noise:
    """Draw the noise for videos of so many frames, of which so many count."""
    boundary_key, slow_key, fast_key = jr.split(key, 3)
    states = (batch, counted, config.state_size)
    return Noise(
        gumbel((batch, frames, 2), key=boundary_key),
        jr.normal(slow_key, states),
        jr.normal(fast_key, states),
    )


def _inferred(
    levels: Levels,
    counted: slice,
    encodings: Float[Array, "frames feature"],
    read: Float[Array, " frames"],
    slow_noise: Float[Array, "counted state"],
    fast_noise: Float[Array, "counted state"],
) -> _Latents:
    """Infer the states of one video."""
    seen = summary(levels, encodings, read)
    # What is known before each frame; before the first, nothing.
    before = jnp.concatenate([jnp.zeros_like(seen.past[:1]), seen.past[:-1]])[counted]
    slow_posterior = jax.vmap(levels.slow.posterior)(before, seen.ahead[counted])
    read = read[counted]
    drawn = slow_posterior.sample(slow_noise)
    slow_beliefs, slow_states = levels.slow_beliefs(before[0], drawn, read)
    above = jax.vmap(levels.slow.shown)(slow_beliefs, slow_states)
    fast_posterior = jax.vmap(levels.fast.posterior)(seen.segment[counted], above)
    fast_states = fast_posterior.sample(fast_noise)
    fast_beliefs = levels.fast_beliefs(above, fast_states, read)
    features = jax.vmap(levels.fast.shown)(fast_beliefs, fast_states)
    return _Latents(
        slow_posterior,
        jax.vmap(levels.slow.prior)(slow_beliefs),
        fast_posterior,
        jax.vmap(levels.fast.prior)(fast_beliefs),
        read,
        features,
        jax.vmap(levels.boundary)(features),
    )
