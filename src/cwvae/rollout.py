"""Context frames in, frames out: reconstruction, one-step prediction, forecast, sample."""

from typing import SupportsIndex

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from cwvae.arguments import check_positive, check_shape, whole_number
from cwvae.cells.base import LevelConditioning, State, Trace
from cwvae.clockwork import AbstractClockwork
from cwvae.conditioning import cut_conditioning
from cwvae.open_loop import imagine_in_chunks
from cwvae.shapes import LevelNoise, Noise, Video, checked

__all__ = [
    "check_context",
    "forecast",
    "imagine",
    "latents",
    "observe",
    "predict_one_step",
    "reconstruct",
    "sample",
]


@checked
def reconstruct(
    model: AbstractClockwork,
    video: Video,
    noise: LevelNoise,
    conditioning: LevelConditioning | None = None,
) -> Video:
    """Return every frame decoded from the posterior, which has seen that frame.

    **Arguments:** `noise` is that of `model.hierarchy.noise(frames, key=key)`; zeros give the
    modes. `conditioning` is that of `model.hierarchy.conditioning(frames, ...)`.
    """
    _, traces = model.infer(video, noise, conditioning)
    return model.render(traces[0].output)


@checked
def predict_one_step(
    model: AbstractClockwork,
    video: Video,
    noise: LevelNoise,
    prior_noise: Noise,
    conditioning: LevelConditioning | None = None,
) -> Video:
    """Return every frame decoded from the lowest level's prior, which has seen those before it.

    **Arguments:** `noise` drives the posterior as in `reconstruct`; `prior_noise`,
    (frames, stoch), the lowest level's prior. Upper levels have seen all frames of their windows.
    Raises `ValueError` for prior noise of another shape.
    """
    frames, lowest = video.shape[0], model.hierarchy.cells[0]
    remedy = "draw it with model.hierarchy.noise(frames, key=...)[0]"
    check_shape("prior_noise", prior_noise, (frames, lowest.stoch_size), remedy)
    _, (trace, *_) = model.infer(video, noise, conditioning)
    stoch = trace.prior.sample(jnp.asarray(prior_noise))
    expected = eqx.tree_at(lambda state: state.stoch, trace.states, stoch)
    return model.render(jax.vmap(lowest.output)(expected))


@checked
def latents(
    model: AbstractClockwork, video: Video, conditioning: LevelConditioning | None = None
) -> tuple[Trace, ...]:
    """Return every level's record of a video, the fastest first, each sample a posterior's mode."""
    noise = model.hierarchy.zero_noise(video.shape[0])
    _, traces = model.infer(video, noise, conditioning)
    return traces


@checked
def observe(
    model: AbstractClockwork,
    context: Video,
    noise: LevelNoise,
    conditioning: LevelConditioning | None = None,
) -> tuple[State, ...]:
    """Return every level's state after the context frames, from which to imagine on.

    Raises `ValueError` when the context does not end on a tick of every level.
    """
    check_context(model, context)
    states, _ = model.infer(context, noise, conditioning)
    return states


@checked
def imagine(
    model: AbstractClockwork,
    states: tuple[State, ...],
    noise: LevelNoise,
    conditioning: LevelConditioning | None = None,
) -> tuple[tuple[State, ...], Video]:
    """Return the states after as many imagined frames as the noise is for, and the frames.

    `conditioning` is that of the frames imagined, cut from that of the whole video; without it
    they go on after the states' at intervals of 1.
    """
    states, traces = model.hierarchy.imagine(states, noise, conditioning)
    return states, model.render(traces[0].output)


@checked
def sample(
    model: AbstractClockwork,
    frames: SupportsIndex,
    *,
    key: PRNGKeyArray,
    samples: SupportsIndex = 1,
    chunk: SupportsIndex = 144,
    conditioning: LevelConditioning | None = None,
) -> Float[Array, "samples frames *frame"]:
    """Draw videos from the prior, from the first frame on.

    **Arguments:** those of `forecast`, but for a context: `conditioning` is that of the `frames`.
    Frames are the likelihood's means. Raises `ValueError` for a count below 1, or conditioning of
    other frames.
    """
    frames, samples = whole_number("frames", frames), whole_number("samples", samples)
    known = _conditioning(model, 0, frames, conditioning)

    def one(key: PRNGKeyArray) -> Float[Array, " frames *frame"]:
        states = model.hierarchy.begin(key=key, conditioning=known)
        return imagine_in_chunks(model, states, known, frames, chunk, key=key)

    with jax.named_scope("sample"):
        return jax.vmap(one)(jr.split(key, samples))


@checked
def forecast(
    model: AbstractClockwork,
    context: Video,
    horizon: SupportsIndex,
    *,
    key: PRNGKeyArray,
    samples: SupportsIndex = 1,
    chunk: SupportsIndex = 144,
    conditioning: LevelConditioning | None = None,
    frame_rate: float | None = None,
) -> Float[Array, "samples horizon *frame"]:
    """Predict `horizon` frames (at least 1) after the context, open loop, `samples` times.

    **Arguments:**

    - `context`: frames that end on a tick of every level (a multiple of the slowest period).
    - `key`: a key gives one forecast, whose frames depend neither on the horizon nor the chunk.
    - `chunk`: frames imagined and decoded at a time, rounded up to whole slowest periods: memory
      beyond the result grows with it and not with the horizon.
    - `conditioning`: of the context *and* the frames to predict, from
      `model.hierarchy.conditioning(context + horizon, times=..., actions=...)`.
    - `frame_rate`: instead, frames to predict in the time of one of the context (2 is slow motion
      at twice its rate), for models of continuous time such as those of `FlowCell`.

    Frames are the likelihood's means and are not clipped. Raises `ValueError` for a context that
    does not end on a tick of every level, a count or rate outside its range, or other conditioning.
    """
    horizon, samples = whole_number("horizon", horizon), whole_number("samples", samples)
    check_context(model, context)
    frames, levels = context.shape[0], model.hierarchy
    whole = _conditioning(model, frames, horizon, conditioning, frame_rate)
    before, after = cut_conditioning(levels.clock, whole, frames)

    def one(key: PRNGKeyArray) -> Float[Array, " horizon *frame"]:
        context_key, future_key = jr.split(key)
        states = observe(model, context, levels.noise(frames, key=context_key), before)
        return imagine_in_chunks(model, states, after, horizon, chunk, key=future_key)

    with jax.named_scope("forecast"):
        return jax.vmap(one)(jr.split(key, samples))


def _conditioning(
    model: AbstractClockwork,
    context: int,
    horizon: int,
    conditioning: LevelConditioning | None,
    frame_rate: float | None = None,
) -> LevelConditioning:
    """Return the conditioning of the context and the horizon together."""
    frames, levels = context + horizon, model.hierarchy
    if conditioning is not None:
        if frame_rate is not None:
            raise ValueError("give either the frame rate or the times of all frames, not both")
        ticks = tuple(known.time.shape[0] for known in conditioning)
        if ticks != levels.clock.ticks(frames):
            raise ValueError(
                f"conditioning must be for the {context} context frames and the {horizon} to "
                f"predict, got {ticks} ticks; make it with model.hierarchy.conditioning({frames}, "
                "...)"
            )
        return conditioning
    if frame_rate is None:
        return levels.conditioning(frames)
    check_positive("frame_rate", frame_rate)
    past, future = np.arange(context), np.arange(1, horizon + 1) / frame_rate
    return levels.conditioning(frames, times=np.concatenate([past, past[-1] + future]))


def check_context(model: AbstractClockwork, context: Video) -> None:
    """Raise `ValueError` for a context that does not end on a tick of every level."""
    frames, slowest = context.shape[0], model.hierarchy.clock.slowest
    if frames == 0 or frames % slowest:
        nearest = sorted(
            {max(slowest, frames // slowest * slowest), -(-frames // slowest) * slowest}
        )
        raise ValueError(
            f"context must end on a tick of every level: got {frames} frames, the slowest "
            f"period is {slowest}; use {' or '.join(str(n) for n in nearest if n)}"
        )
