"""Context frames in, frames out: reconstruction, one-step prediction, open-loop forecast."""

import jax
import jax.numpy as jnp
import jax.random as jr
from jaxtyping import Array, Float, PRNGKeyArray

from cwvae.cells.base import State
from cwvae.model import CWVAE
from cwvae.shapes import LevelNoise, Noise, Video, checked

__all__ = ["forecast", "imagine", "observe", "predict_one_step", "reconstruct"]


@checked
def reconstruct(model: CWVAE, video: Video, noise: LevelNoise) -> Video:
    """Return every frame as the posterior, which has seen it, explains it.

    `noise` is that of `model.hierarchy.noise(frames, key=key)`; zeros give the mean.
    """
    features = model.encoder(video)
    _, traces = model.hierarchy.observe(model.hierarchy.init(), features, noise)
    return model.render(traces[0].output)


@checked
def predict_one_step(model: CWVAE, video: Video, noise: LevelNoise, prior_noise: Noise) -> Video:
    """Return every frame as the lowest level's prior, which has seen those before, expects it.

    `noise` drives the posterior as in `reconstruct`, `prior_noise`, (frames, stoch), the lowest
    level's prior. Upper levels have seen their whole window.
    """
    features = model.encoder(video)
    _, traces = model.hierarchy.observe(model.hierarchy.init(), features, noise)
    expected = State(stoch=traces[0].prior.sample(prior_noise), deter=traces[0].states.deter)
    return model.render(expected.output)


@checked
def observe(model: CWVAE, context: Video, noise: LevelNoise) -> tuple[State, ...]:
    """Return every level's state after the context frames, from which to imagine on.

    Raises `ValueError` when the context does not end on a tick of every level.
    """
    _check_context(model, context)
    features = model.encoder(context)
    states, _ = model.hierarchy.observe(model.hierarchy.init(), features, noise)
    return states


@checked
def imagine(
    model: CWVAE, states: tuple[State, ...], noise: LevelNoise
) -> tuple[tuple[State, ...], Video]:
    """Return the states after as many imagined frames as the noise is for, and the frames."""
    states, traces = model.hierarchy.imagine(states, noise)
    return states, model.render(traces[0].output)


@checked
def forecast(
    model: CWVAE,
    context: Video,
    horizon: int,
    *,
    key: PRNGKeyArray,
    samples: int = 1,
    chunk: int = 36,
) -> Float[Array, "samples horizon height width channels"]:
    """Predict `horizon` frames after the context, open loop, `samples` times.

    **Arguments:**

    - `context`: frames that end on a tick of every level (a multiple of the slowest period).
    - `horizon`: frames to predict, at least 1.
    - `key`: the same key gives the same forecast, whose frames depend neither on the horizon
      nor on the chunk.
    - `chunk`: frames imagined and decoded at a time, rounded up to whole slowest periods.
      Memory beyond the frames returned grows with the chunk and not with the horizon.

    Frames are the likelihood's means and are not clipped. Raises `ValueError` for a context
    that does not end on a tick of every level, or a count below 1.
    """
    for name, count in (("horizon", horizon), ("samples", samples), ("chunk", chunk)):
        if count < 1:
            raise ValueError(f"{name} must be at least 1, got {count}")
    _check_context(model, context)
    slowest = model.hierarchy.clock.slowest
    chunk = min(-(-chunk // slowest) * slowest, horizon)

    def one(key: PRNGKeyArray) -> Float[Array, "horizon height width channels"]:
        context_key, future_key = jr.split(key)
        noise = model.hierarchy.noise(context.shape[0], key=context_key)
        states = observe(model, context, noise)
        return _imagine_in_chunks(model, states, horizon, chunk, key=future_key)

    with jax.named_scope("forecast"):
        return jax.vmap(one)(jr.split(key, samples))


def _imagine_in_chunks(
    model: CWVAE, states: tuple[State, ...], horizon: int, chunk: int, *, key: PRNGKeyArray
) -> Float[Array, "horizon height width channels"]:
    """Imagine chunk after chunk into one array of frames."""

    def step(index, carry):
        states, video = carry
        start = index * chunk
        noise = model.hierarchy.noise(chunk, key=key, start=start)
        states, frames = imagine(model, states, noise)
        return states, _write(video, jnp.asarray(frames), start)

    frame = jax.eval_shape(model.render, jnp.zeros((1, states[0].output.shape[0]))).shape[1:]
    video = jnp.zeros((horizon, *frame))
    _, video = jax.lax.fori_loop(0, -(-horizon // chunk), step, (states, video))
    return video


def _write(
    video: Float[Array, "horizon *frame"],
    frames: Float[Array, "chunk *frame"],
    start: Array,
) -> Float[Array, "horizon *frame"]:
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
