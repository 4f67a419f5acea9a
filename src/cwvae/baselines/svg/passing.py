"""Once through videos with teacher forcing: every frame predicted from those before and z."""

from functools import partial

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from cwvae.baselines.svg.networks import Decoder, Encoder, over_steps
from cwvae.baselines.svg.norm import Moments
from cwvae.baselines.svg.recurrence import BeliefNetwork, Predictor
from cwvae.beliefs import Gaussian

__all__ = ["Networks", "Pass", "Steps", "passed"]

Steps = Float[Array, "steps channels height width batch"]
"""Frames of all videos of a batch, step by step."""


class Networks(eqx.Module):
    """The five networks of SVG-LP."""

    encoder: Encoder
    decoder: Decoder
    predictor: Predictor
    posterior: BeliefNetwork
    prior: BeliefNetwork
    kernels: str = eqx.field(static=True)


class Pass(eqx.Module):
    """What comes of videos: all frames but the first predicted, and the beliefs about their z.

    `encoder` and `decoder` are the moments of their layers, of every frame and of every predicted
    one.
    """

    frames: Steps
    posterior: Gaussian
    prior: Gaussian
    encoder: tuple[Moments, ...]
    decoder: tuple[Moments, ...]


def passed(
    networks: Networks,
    frames: Steps,
    noise: Float[Array, "predicted batch stoch"],
    *,
    known: int,
    running: bool,
) -> Pass:
    """Predict every frame but the first; z is sampled from the posterior, by `noise`.

    **Arguments:** `known`, how many frames at the beginning give skip features: a frame is decoded
    with those of the frame before it, or of the last of these; `running`, whether normalisation is
    by running statistics, not by those of the batch at each step.
    """
    encoded = over_steps(
        eqx.Partial(networks.encoder, running=running), frames, kernels=networks.kernels
    )
    before, batch = encoded.features[:-1], frames.shape[-1]
    posterior, _ = networks.posterior(encoded.features[1:], networks.posterior.memory.first(batch))
    prior, _ = networks.prior(before, networks.prior.memory.first(batch))
    stoch = posterior.sample(noise)
    predicted, _ = networks.predictor(before, stoch, networks.predictor.first(batch))
    skips = jax.tree.map(lambda skip: skip[: min(known, len(before))], encoded.skips)
    ahead = over_steps(networks.decoder.prepare, skips, kernels=networks.kernels)
    ahead = jax.tree.map(partial(_lasting, len(before)), ahead)
    decoded = over_steps(
        eqx.Partial(networks.decoder, running=running), predicted, ahead, kernels=networks.kernels
    )
    return Pass(decoded.frames, posterior, prior, encoded.moments, decoded.moments)


def _lasting(steps: int, known: Float[Array, "..."]) -> Float[Array, "..."]:
    """Return what is known, and the last of it for all steps after that."""
    after = jnp.broadcast_to(known[-1:], (steps - len(known), *known.shape[1:]))
    return jnp.concatenate([known, after])
