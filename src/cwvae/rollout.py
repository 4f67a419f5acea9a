"""Context frames in, frames out: reconstruction, one-step prediction, open-loop forecast."""

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from cwvae.cells.base import Conditioning, State
from cwvae.model import CWVAE
from cwvae.shapes import LevelNoise, Noise, Video, checked

__all__ = ["forecast", "imagine", "observe", "predict_one_step", "reconstruct"]


@checked
def reconstruct(
    model: CWVAE,
    video: Video,
    noise: LevelNoise,
    conditioning: tuple[Conditioning, ...] | None = None,
) -> Video:
    """Return every frame as the posterior, which has seen it, explains it.

    `noise` is that of `model.hierarchy.noise(frames, key=key)`; zeros give the modes.
    `conditioning` is that of `model.hierarchy.conditioning(frames, ...)`.
    """
    _, traces = model.infer(video, noise, conditioning)
    return model.render(traces[0].output)


@checked
def predict_one_step(
    model: CWVAE,
    video: Video,
    noise: LevelNoise,
    prior_noise: Noise,
    conditioning: tuple[Conditioning, ...] | None = None,
) -> Video:
    """Return every frame as the lowest level's prior, which has seen those before, expects it.

    `noise` drives the posterior as in `reconstruct`, `prior_noise`, (frames, stoch), the lowest
    level's prior. Upper levels have heard their windows.
    """
    _, traces = model.infer(video, noise, conditioning)
    lowest = traces[0]
    expected = eqx.tree_at(lambda s: s.stoch, lowest.states, lowest.prior.sample(prior_noise))
    return model.render(jax.vmap(model.hierarchy.cells[0].output)(expected))


@checked
def observe(
    model: CWVAE,
    context: Video,
    noise: LevelNoise,
    conditioning: tuple[Conditioning, ...] | None = None,
) -> tuple[State, ...]:
    """Return every level's state after the context frames, from which to imagine on.

    Raises `ValueError` when the context does not end on a tick of every level.
    """
    _check_context(model, context)
    states, _ = model.infer(context, noise, conditioning)
    return states


@checked
def imagine(
    model: CWVAE,
    states: tuple[State, ...],
    noise: LevelNoise,
    conditioning: tuple[Conditioning, ...],
) -> tuple[tuple[State, ...], Video]:
    """Return the states after as many imagined frames as the noise is for, and the frames.

    `conditioning` is that of the frames imagined: cut from that of the whole video.
    """
    states, traces = model.hierarchy.imagine(states, noise, conditioning)
    return states, model.render(traces[0].output)


@checked
def forecast(
    model: CWVAE,
    context: Video,
    horizon: int,
    *,
    key: PRNGKeyArray,
    samples: int = 1,
    chunk: int = 144,
    conditioning: tuple[Conditioning, ...] | None = None,
    frame_rate: float | None = None,
) -> Float[Array, "samples horizon *frame"]:
    """Predict `horizon` frames after the context, open loop, `samples` times.

    **Arguments:**

    - `context`: frames that end on a tick of every level (a multiple of the slowest period).
    - `horizon`: frames to predict, at least 1.
    - `key`: the same key gives the same forecast, whose frames depend neither on the horizon
      nor on the chunk.
    - `chunk`: frames imagined and decoded at a time, rounded up to whole slowest periods.
      Memory beyond the frames returned grows with the chunk and not with the horizon.
    - `conditioning`: times and actions of the context *and* of the frames to predict, from
      `model.hierarchy.conditioning(context + horizon, times=..., actions=...)`.
    - `frame_rate`: instead of `conditioning`, frames to predict in the time of one frame of the
      context (2 is slow motion at twice the training rate, 0.5 skips every other frame). It means
      something to models whose memories are continuous, such as those of `FlowCell`; models
      that hear actions need `conditioning`.

    Frames are the likelihood's means and are not clipped. Raises `ValueError` for a context
    that does not end on a tick of every level, a count below 1, a rate that is not positive, or
    both `conditioning` and `frame_rate`.
    """
    for name, count in (("horizon", horizon), ("samples", samples), ("chunk", chunk)):
        if count < 1:
            raise ValueError(f"{name} must be at least 1, got {count}")
    _check_context(model, context)
    slowest, frames = model.hierarchy.clock.slowest, context.shape[0]
    chunk = min(-(-chunk // slowest) * slowest, horizon)
    before, after = _split(model, frames, _given(model, frames, horizon, conditioning, frame_rate))

    def one(key: PRNGKeyArray) -> Float[Array, " horizon *frame"]:
        context_key, future_key = jr.split(key)
        noise = model.hierarchy.noise(frames, key=context_key)
        states = observe(model, context, noise, before)
        return _imagine_in_chunks(model, states, after, horizon, chunk, key=future_key)

    with jax.named_scope("forecast"):
        return jax.vmap(one)(jr.split(key, samples))


def _given(
    model: CWVAE,
    context: int,
    horizon: int,
    conditioning: tuple[Conditioning, ...] | None,
    frame_rate: float | None,
) -> tuple[Conditioning, ...]:
    """Return what is given of the context and the horizon."""
    if conditioning is not None:
        if frame_rate is not None:
            raise ValueError("give either the frame rate or the times of all frames, not both")
        expected, frames = model.hierarchy.clock.ticks(context + horizon), context + horizon
        if tuple(g.time.shape[0] for g in conditioning) != expected:
            raise ValueError(
                f"given must be for the {context} context frames and the horizon of {horizon}: "
                f"make it with model.hierarchy.conditioning({frames}, ...)"
            )
        return conditioning
    rate = 1.0 if frame_rate is None else frame_rate
    if not 0 < rate < float("inf"):
        raise ValueError(f"frame_rate must be positive and finite, got {rate}")
    past, future = np.arange(context), np.arange(1, horizon + 1) / rate
    times = np.concatenate([past, past[-1] + future])
    return model.hierarchy.conditioning(context + horizon, times=times)


def _split(
    model: CWVAE, context: int, conditioning: tuple[Conditioning, ...]
) -> tuple[tuple[Conditioning, ...], tuple[Conditioning, ...]]:
    """Cut what is given after the context."""
    ticks = model.hierarchy.clock.ticks(context)

    def cut(window: slice, known: Conditioning) -> Conditioning:
        return jax.tree.map(lambda array: array[window], known)

    before = tuple(cut(slice(n), known) for n, known in zip(ticks, conditioning, strict=True))
    after = tuple(cut(slice(n, None), known) for n, known in zip(ticks, conditioning, strict=True))
    return before, after


def _imagine_in_chunks(
    model: CWVAE,
    states: tuple[State, ...],
    conditioning: tuple[Conditioning, ...],
    horizon: int,
    chunk: int,
    *,
    key: PRNGKeyArray,
) -> Float[Array, " horizon *frame"]:
    """Imagine chunk after chunk into one array of frames."""
    clock = model.hierarchy.clock
    chunks = -(-horizon // chunk)
    # The last chunk may reach past the horizon, where nothing more is given.
    conditioning = tuple(
        _lengthen(known, chunks * ticks)
        for known, ticks in zip(conditioning, clock.ticks(chunk), strict=True)
    )

    def step(index, carry):
        states, video = carry
        start = index * chunk
        noise = model.hierarchy.noise(chunk, key=key, start=start)
        now = tuple(
            jax.tree.map(lambda a, n=n: jax.lax.dynamic_slice_in_dim(a, index * n, n), known)
            for known, n in zip(conditioning, clock.ticks(chunk), strict=True)
        )
        states, frames = imagine(model, states, noise, now)
        return states, _write(video, jnp.asarray(frames), start)

    frame = jax.eval_shape(model.render, jnp.zeros((1, model.hierarchy.cells[0].output_size)))
    video = jnp.zeros((horizon, *frame.shape[1:]))
    _, video = jax.lax.fori_loop(0, chunks, step, (states, video))
    return video


def _lengthen(known: Conditioning, ticks: int) -> Conditioning:
    """Repeat what is given of the last tick."""
    more = ticks - known.time.shape[0]
    return jax.tree.map(
        lambda array: jnp.pad(array, [(0, more)] + [(0, 0)] * (array.ndim - 1), mode="edge"), known
    )


def _write(
    video: Float[Array, " horizon *frame"],
    frames: Float[Array, " chunk *frame"],
    start: Array,
) -> Float[Array, " horizon *frame"]:
    """Write frames from `start` on; those past the end are dropped."""
    chunk = frames.shape[0]
    # An update that would pass the end is moved back to fit, so the frames move on in it by as
    # much, and what stood before them is written again.
    fitting = jnp.minimum(start, video.shape[0] - chunk)
    moved = start - fitting
    before = jax.lax.dynamic_slice_in_dim(video, fitting, chunk)
    new = jnp.arange(chunk).reshape(-1, *(1,) * (frames.ndim - 1)) >= moved
    merged = jnp.where(new, jnp.roll(frames, moved, axis=0), before)
    return jax.lax.dynamic_update_slice_in_dim(video, merged, fitting, axis=0)


def _check_context(model: CWVAE, context: Video) -> None:
    """Refuse a context that does not end on a tick of every level."""
    frames, slowest = context.shape[0], model.hierarchy.clock.slowest
    if frames == 0 or frames % slowest:
        nearest = sorted(
            {max(slowest, frames // slowest * slowest), -(-frames // slowest) * slowest}
        )
        raise ValueError(
            f"context must end on a tick of every level: got {frames} frames, the slowest "
            f"period is {slowest}; use {' or '.join(str(n) for n in nearest if n)}"
        )
