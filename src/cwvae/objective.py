"""The bound, per frame and per level, in nats; the training loss made from it.

    log p(x) >= sum_t log p(x_t | s_t^1) - sum_l sum_(t in T_l) KL(q(s_t^l) || p(s_t^l))

(Saxena et al. 2021, equation 3), where T_l are the active ticks of level l.
"""

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from cwvae.beliefs import AbstractBelief, balanced_kl, kl
from cwvae.cells.base import Conditioning, Trace
from cwvae.kernels.sharding import with_automatic_axes
from cwvae.model import CWVAE
from cwvae.shapes import BatchNoise, LevelNoise, SampleNoise, Video, checked

__all__ = ["Elbo", "Loss", "elbo", "importance_weighted_bound", "loss"]


class Elbo(eqx.Module):
    """The evidence lower bound of one video, term by term, in nats.

    **Arguments:** `log_likelihood`, (frames,); `kl`, for each level (ticks,), the fastest level
    first. An active tick counts in full, also where its window reaches past the last frame.
    """

    log_likelihood: Float[Array, "*batch frames"]
    kl: tuple[Float[Array, "*batch _"], ...]

    @property
    def value(self) -> Float[Array, "*batch"]:
        """The bound: log-likelihood minus the KL of every level, nats per video."""
        return self.log_likelihood.sum(-1) - sum(level.sum(-1) for level in self.kl)


class Loss(eqx.Module):
    """The training loss of a batch and its parts, nats per frame.

    **Arguments:** `nll`, the negative log-likelihood; `penalty`, the KL as beta and free nats
    leave it; `kl`, (levels,), each level's KL before them; `stddev`, that of a pixel under which
    `nll` is measured where the batch itself sets it (`AbstractLikelihood.calibrate`), else None.
    """

    nll: Float[Array, ""]
    penalty: Float[Array, ""]
    kl: Float[Array, " levels"]
    stddev: Float[Array, ""] | None = None

    @property
    def total(self) -> Float[Array, ""]:
        """What is minimised: nll + penalty."""
        return self.nll + self.penalty


@checked
def elbo(
    model: CWVAE,
    video: Video,
    noise: LevelNoise,
    conditioning: tuple[Conditioning, ...] | None = None,
    *,
    divergence: Callable[[AbstractBelief, AbstractBelief], Array] = kl,
) -> Elbo:
    """Return the evidence lower bound of one video, one sample of the posterior.

    `noise` is that of `model.hierarchy.noise(frames, key=key)`; `conditioning`, for models of
    times or actions, that of `model.hierarchy.conditioning(frames, times=..., actions=...)`.
    `divergence(posterior, prior)` may be one with the value of the KL and another gradient.
    """
    with jax.named_scope("elbo"):
        _, traces = model.infer(video, noise, conditioning)
        log_likelihood = model.log_likelihood(traces[0].output, video)
        return Elbo(log_likelihood, _divergences(traces, divergence))


@checked
def loss(
    model: CWVAE,
    videos: Float[Array | np.ndarray, "batch frames *frame"],
    noise: BatchNoise,
    conditioning: tuple[Conditioning, ...] | None = None,
    *,
    beta: float | Sequence[float] = 1.0,
    free_nats: float | Sequence[float] = 0.0,
    kl_balance: float | None = None,
) -> Loss:
    """Return the training loss of a batch, -ELBO / frames unless an option changes it.

    **Arguments:**

    - `videos`, `noise`, `conditioning`: a leading batch axis on what `elbo` takes.
    - `beta`: weight of the KL, one for all levels or one a level, the fastest first.
    - `free_nats`: per level, taken off the batch mean of the level's KL summed over time:
      max(0, KL - free nats), as in the official code.
    - `kl_balance`: KL balancing, the share of the KL's gradient that trains the posterior
      (official `kl_grad_post_perc`, without its fault); None for the plain gradient.

    Raises `ValueError` for options outside their range or not one a level.
    """
    divergence = kl if kl_balance is None else _balanced(kl_balance)
    if videos.shape[0] < 1:
        raise ValueError("the loss needs a batch of at least 1 video, got none")
    levels, frames = model.hierarchy.clock.levels, videos.shape[1]
    weights = _per_level("beta", beta, levels)
    free = _per_level("free_nats", free_nats, levels)

    def means(model: CWVAE, *batch: Any) -> tuple[Array, Array]:
        bounds = _elbos(model, *batch, divergence=divergence)
        nats = [jnp.mean(level.sum(-1)) for level in bounds.kl]
        return jnp.mean(bounds.log_likelihood), jnp.stack(nats)

    batch = (jnp.asarray(videos), noise, conditioning)
    log_likelihood, nats = with_automatic_axes(means, model, *batch)
    log_likelihood, stddev = model.likelihood.calibrate(log_likelihood, math.prod(videos.shape[2:]))
    penalty = jnp.sum(weights * jnp.maximum(0.0, nats - free)) / frames
    return Loss(nll=-log_likelihood, penalty=penalty, kl=nats / frames, stddev=stddev)


@checked
def importance_weighted_bound(
    model: CWVAE,
    video: Video,
    noise: SampleNoise,
    conditioning: tuple[Conditioning, ...] | None = None,
) -> Float[Array, ""]:
    """Return a bound on log p(video) from several posterior samples, nats per video.

    log 1/K sum_k p(x, z_k) / q(z_k | x) (Burda et al. 2016, equation 8): at least the ELBO in
    expectation, and tighter with every sample. `noise` has a leading samples axis.
    """

    def log_weight(noise: LevelNoise) -> Float[Array, ""]:
        _, traces = model.infer(video, noise, conditioning)
        ratios = [
            jnp.sum(t.prior.log_prob(t.states.stoch) - t.posterior.log_prob(t.states.stoch))
            for t in traces
        ]
        return model.log_likelihood(traces[0].output, video).sum() + sum(ratios)

    if jax.tree.leaves(noise)[0].shape[0] < 1:
        raise ValueError("the bound needs noise for at least 1 sample, got none")
    # One sample after the other, so that memory does not grow with their number.
    log_weights = jax.lax.map(log_weight, noise)
    return jax.nn.logsumexp(log_weights) - jnp.log(log_weights.shape[0])


def _elbos(
    model: CWVAE,
    videos: Float[Array, "batch frames *frame"],
    noise: BatchNoise,
    conditioning: tuple[Conditioning, ...] | None,
    *,
    divergence: Callable[[AbstractBelief, AbstractBelief], Array],
) -> Elbo:
    """Return `jax.vmap(elbo)`, the frames of all videos through the networks at once.

    With `jax.vmap` a chunk of frames would be one of every video, more than the cache holds.
    """
    with jax.named_scope("elbo"):
        features = model.encode(_all_frames(videos))
        features = jax.tree.map(lambda rows: rows.reshape(*videos.shape[:2], -1), features)
        _, traces = jax.vmap(model.observe)(jax.vmap(model.pool)(features), noise, conditioning)
        outputs = _all_frames(traces[0].output)
        log_likelihood = model.log_likelihood(outputs, _all_frames(videos))
        return Elbo(log_likelihood.reshape(videos.shape[:2]), _divergences(traces, divergence))


def _divergences(
    traces: tuple[Trace, ...], divergence: Callable[[AbstractBelief, AbstractBelief], Array]
) -> tuple[Float[Array, "*batch _"], ...]:
    """Return the divergence of every level's posterior from its prior, tick by tick."""
    return tuple(divergence(trace.posterior, trace.prior) for trace in traces)


def _all_frames(values: Float[Array, "batch frames *axes"]) -> Float[Array, " all *axes"]:
    """Put the frames of all videos one after the other."""
    return values.reshape(-1, *values.shape[2:])


def _balanced(kl_balance: float) -> Callable[[AbstractBelief, AbstractBelief], Array]:
    """Return the balanced KL of that share, which must be in [0, 1], else `ValueError`."""
    if not 0 <= kl_balance <= 1:
        raise ValueError(f"kl_balance must be in [0, 1], got {kl_balance}")
    return partial(balanced_kl, kl_balance=kl_balance)


def _per_level(name: str, value: float | Sequence[float], levels: int) -> Float[Array, " levels"]:
    """Turn one value for all levels, or one a level, into an array."""
    values = (value,) * levels if isinstance(value, int | float) else tuple(value)
    if len(values) != levels:
        raise ValueError(f"{name} must be one number or {levels}, one a level, got {len(values)}")
    if not all(v >= 0 for v in values):
        raise ValueError(f"{name} must not be negative, got {value}")
    return jnp.asarray(values, dtype=float)
