"""The bound, per frame and per level, in nats; the training loss made from it.

    log p(x) >= sum_t log p(x_t | s_t^1) - sum_l sum_(t in T_l) KL(q(s_t^l) || p(s_t^l))

(Saxena et al. 2021, equation 3), where T_l are the active ticks of level l.
"""

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from cwvae.beliefs import AbstractBelief, balanced_kl_parts, kl
from cwvae.cells.base import Conditioning, Trace
from cwvae.clockwork import AbstractClockwork, Past
from cwvae.conditioning import without_hidden
from cwvae.kernels.parts import in_parts
from cwvae.kernels.sharding import over_rows
from cwvae.level_kl import PerLevel, by_level, level_kls, per_level
from cwvae.shapes import BatchNoise, LevelNoise, SampleNoise, Video, checked
from cwvae.video_model import AbstractLoss

__all__ = ["Elbo", "Loss", "elbo", "importance_weighted_bound", "loss"]

# Videos, noise, conditioning and past, each with a leading batch axis.
_Rows = tuple[Float[Array, "batch frames *frame"], BatchNoise, Any, Any]
# What every frame's log-likelihood is, every tick's KL in its parts, and the past.
_Terms = tuple[Float[Array, "batch frames"], tuple[Float[Array, "batch _ _"], ...], Past]


class Elbo(eqx.Module):
    """The evidence lower bound of one video, term by term, in nats.

    **Arguments:** `log_likelihood`, (frames,); `kl`, for each level (ticks,), the fastest level
    first; `past`, from which the frames after these go on. An active tick counts in full, also
    where its window reaches past the last frame.
    """

    log_likelihood: Float[Array, "*batch frames"]
    kl: tuple[Float[Array, "*batch _"], ...]
    past: Past

    @property
    def value(self) -> Float[Array, "*batch"]:
        """The bound: log-likelihood minus the KL of every level, nats per video."""
        return self.log_likelihood.sum(-1) - sum(level.sum(-1) for level in self.kl)


class Loss(AbstractLoss):
    """The training loss of a batch and its parts, nats per frame.

    **Arguments:**

    - `nll`: the negative log-likelihood.
    - `penalty`: the KL as beta and free nats leave it.
    - `kl`: (levels,), each level's KL before them.
    - `kl_per_tick`: (levels,), the same in nats per tick of the level; NaN without ticks.
    - `active_units`: (levels,), how many parts of a level's latent vector have more than 0.01 nats
      per tick (see `cwvae.level_kl.LevelKL`).
    - `past`: of every video, from which the frames after these go on.
    - `stddev`: that of a pixel under which `nll` is measured where the batch itself sets it
      (`AbstractLikelihood.calibrate`), else None.
    """

    nll: Float[Array, ""]
    penalty: Float[Array, ""]
    kl: Float[Array, " levels"]
    kl_per_tick: Float[Array, " levels"]
    active_units: Int[Array, " levels"]
    past: Past
    stddev: Float[Array, ""] | None = None

    @property
    def total(self) -> Float[Array, ""]:
        """What is minimised: nll + penalty."""
        return self.nll + self.penalty

    @property
    def scalars(self) -> dict[str, Float[Array, ""] | Int[Array, ""]]:
        """Nats per frame, those of levels by their number, 0 the fastest; NaN without ticks."""
        of_levels = by_level(self.kl, self.kl_per_tick, self.active_units)
        stddev = {} if self.stddev is None else {"stddev": self.stddev}
        return {"nll": self.nll} | of_levels | stddev


@checked
def elbo(
    model: AbstractClockwork,
    video: Video,
    noise: LevelNoise,
    conditioning: tuple[Conditioning, ...] | None = None,
    *,
    past: Past | None = None,
    divergence: Callable[[AbstractBelief, AbstractBelief], Array] = kl,
) -> Elbo:
    """Return the evidence lower bound of one video, one sample of the posterior.

    `noise` is that of `model.hierarchy.noise(frames, key=key)`; `conditioning`, for models of
    times or actions, that of `model.hierarchy.conditioning(frames, times=..., actions=...)`.
    Given the `past` of earlier frames, the video goes on from them, as in `model.infer`, and the
    bound is that given what was sampled for them. `divergence(posterior, prior)` may be one with
    the value of the KL and another gradient.
    """
    with jax.named_scope("elbo"):
        features = without_hidden(model.encode(video), conditioning)
        states = None if past is None else past.states
        states, traces = model.observe(model.pool(features, past), noise, conditioning, states)
        log_likelihood = model.log_likelihood(traces[0].output, video)
        divergences = _divergences(traces, divergence)
        return Elbo(log_likelihood, divergences, model.past(features, states))


@checked
def loss(
    model: AbstractClockwork,
    videos: Float[Array | np.ndarray, "batch frames *frame"],
    noise: BatchNoise,
    conditioning: tuple[Conditioning, ...] | None = None,
    *,
    past: Past | None = None,
    beta: PerLevel = 1.0,
    free_nats: PerLevel = 0.0,
    tick_free_nats: PerLevel = 0.0,
    kl_balance: float | None = None,
    parts: int = 1,
) -> Loss:
    """Return the training loss of a batch, -ELBO / frames unless an option changes it.

    **Arguments:**

    - `videos`, `noise`, `conditioning`, `past`: a leading batch axis on what `elbo` takes.
    - `beta`: weight of the KL, one for all levels or one a level, the fastest first.
    - `free_nats`: taken off the batch mean of each level's KL summed over time: max(0, KL - free
      nats), as in the official code.
    - `tick_free_nats`: nats for each of a tick's `Clock.tick_frames`, spread evenly over the latent
      vector, no part of which counts less at any tick (`cwvae.level_kl.level_kl`).
    - `kl_balance`: KL balancing, the share of the KL's gradient that trains the posterior
      (official `kl_grad_post_perc`, without its fault); None for the plain gradient.
    - `parts`: as many as take the memory of one, computed twice (`cwvae.kernels.parts`).

    Beta and free nats may be traced. Raises `ValueError` for options out of range.
    """
    clock, frames = model.hierarchy.clock, videos.shape[1]
    of_levels = {"beta": beta, "free_nats": free_nats, "tick_free_nats": tick_free_nats}
    weights, free, of_ticks = (per_level(n, value, clock.levels) for n, value in of_levels.items())
    rows = jnp.asarray(videos), noise, conditioning, past
    log_likelihoods, divergences, last = _in_parts(model, rows, _balanced(kl_balance), parts)
    mean, values = jnp.mean(log_likelihoods), math.prod(videos.shape[2:])
    log_likelihood, stddev = model.likelihood.calibrate(mean, values)
    kl = level_kls(divergences, of_ticks * jnp.asarray(clock.tick_frames, dtype=float))
    penalty = jnp.sum(weights * jnp.maximum(0.0, kl.counted - free)) / frames
    shown = {"kl": kl.nats / frames, "kl_per_tick": kl.per_tick, "active_units": kl.active_units}
    return Loss(nll=-log_likelihood, penalty=penalty, **shown, past=last, stddev=stddev)


@checked
def importance_weighted_bound(
    model: AbstractClockwork,
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


def _in_parts(
    model: AbstractClockwork,
    rows: _Rows,
    divergence: Callable[[AbstractBelief, AbstractBelief], Array],
    parts: int,
) -> _Terms:
    """Return the terms of all rows, on every device those of its own, in so many parts."""
    if rows[0].shape[0] < 1:
        raise ValueError("the loss needs a batch of at least 1 video, got none")
    return over_rows(partial(in_parts, partial(_terms, divergence), parts=parts), model, rows)


def _terms(
    divergence: Callable[[AbstractBelief, AbstractBelief], Array],
    model: AbstractClockwork,
    rows: _Rows,
) -> _Terms:
    """Return what `jax.vmap(elbo)` does: of every frame, of every tick's parts, and the past.

    The frames of all videos go through the networks at once: with `jax.vmap` a chunk would be one
    of every video, more than the cache holds.
    """
    videos, noise, conditioning, past = rows
    with jax.named_scope("elbo"):
        features = model.encode_videos(videos)
        features = without_hidden(features, conditioning)
        pooled = jax.vmap(model.pool)(features, past)
        before = None if past is None else past.states
        states, traces = jax.vmap(model.observe)(pooled, noise, conditioning, before)
        outputs = _all_frames(traces[0].output)
        log_likelihood = model.log_likelihood(outputs, _all_frames(videos))
        last = jax.vmap(model.past)(features, states)
        return log_likelihood.reshape(videos.shape[:2]), _divergences(traces, divergence), last


def _divergences(
    traces: tuple[Trace, ...], divergence: Callable[[AbstractBelief, AbstractBelief], Array]
) -> tuple[Float[Array, "..."], ...]:
    """Return the divergence of every level's posterior from its prior, tick by tick."""
    return tuple(divergence(trace.posterior, trace.prior) for trace in traces)


def _balanced(kl_balance: float | None) -> Callable[[AbstractBelief, AbstractBelief], Array]:
    """Return the KL of each part, balanced by that share, in [0, 1], else `ValueError`, or not."""
    if kl_balance is None:
        return lambda posterior, prior: posterior.kl_parts(prior)
    if not 0 <= kl_balance <= 1:
        raise ValueError(f"kl_balance must be in [0, 1], got {kl_balance}")
    return partial(balanced_kl_parts, kl_balance=kl_balance)


def _all_frames(values: Float[Array, "batch frames *axes"]) -> Float[Array, " all *axes"]:
    """Put the frames of all videos one after the other."""
    return values.reshape(-1, *values.shape[2:])
