"""Streams over random videos, and what the batch computation has for the same frames."""

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
from models import ACTION, STOCH, draw, plain, plain_video, stacked

from cwvae import streaming
from cwvae.clock import Clock
from cwvae.hierarchy import Hierarchy
from cwvae.model import CWVAE

FRAMES, ALIGNED = 14, 6  # whole slowest periods, and a short last window of every level
KEY = jr.key(0)

forecast = eqx.filter_jit(streaming.forecast)
imagine = eqx.filter_jit(streaming.imagine)
step = eqx.filter_jit(streaming.step)
noise_at = eqx.filter_jit(Hierarchy.noise_at)


@eqx.filter_jit
def infer(model, video, conditioning, key):
    """Return the trace of every level of the batch computation."""
    return model.infer(video, model.hierarchy.noise(FRAMES, key=key), conditioning)[1]


@eqx.filter_jit
def imagine_batch(levels, states, conditioning, key):
    """Return the trace of every level, imagined on from the aligned frame."""
    noise = levels.noise(FRAMES - ALIGNED, key=key, start=ALIGNED)
    return levels.imagine(states, noise, conditioning)[1]


def some(kind: str = "rssm", *, lookahead: bool, seed: int = 0, **options) -> CWVAE:
    """Make a model of three levels, of two where cells take longer to compile."""
    factors = (2, 3) if kind == "rssm" else (3,)
    clock = Clock(len(factors) + 1, factors, lookahead=lookahead)
    return plain(clock, kind=kind, seed=seed, **options)


def modes(model) -> tuple[jax.Array, ...]:
    """Return noise that gives the modes."""
    return (jnp.zeros(STOCH),) * model.hierarchy.clock.levels


def inputs(seed: int = 0):
    """Draw frames, irregular durations and actions."""
    durations = jnp.asarray(np.random.default_rng(seed).uniform(0.2, 2.0, FRAMES), dtype=float)
    return plain_video(FRAMES, seed=seed), durations, draw(seed + 5, FRAMES, ACTION)


def follow(model, inputs, stream=None, *, key=KEY):
    """Observe all frames with the noise of the batch; return stream and record after each."""
    stream = streaming.start(model) if stream is None else stream
    steps = []
    for frame, duration, action in zip(*inputs, strict=True):
        noise = noise_at(model.hierarchy, stream.frame, key=key)
        stream, record = step(model, stream, frame, noise, duration=duration, action=action)
        steps.append((stream, record))
    return steps


def imagine_on(model, stream, durations, actions, *, key=KEY):
    """Imagine on with the noise of the batch; return the stream after each frame."""
    streams = []
    for duration, action in zip(durations, actions, strict=True):
        noise = noise_at(model.hierarchy, stream.frame, key=key)
        stream = imagine(model, stream, noise, duration=duration, action=action)
        streams.append(stream)
    return streams


def cut(arrays, *window):
    """Cut the leading axis of all arrays."""
    return jax.tree.map(lambda array: array[slice(*window)], arrays)


def row(arrays, index):
    """Take an entry of the leading axis of all arrays."""
    return jax.tree.map(lambda array: array[index], arrays)


def batch(model, video, durations, actions):
    """Return what the batch computation has for every level and *frame*, its times from then."""
    times = np.cumsum(np.float64(durations))
    conditioning = model.hierarchy.conditioning(FRAMES, times=times, actions=actions)
    traces = infer(model, video, conditioning, KEY)
    now = jnp.asarray(times - times[0], dtype=float)

    def held(trace, period):
        states, output = row((trace.states, trace.output), np.arange(FRAMES) // period)
        return eqx.tree_at(lambda s: s.time, states, states.time - now), output

    periods = model.hierarchy.clock.periods
    return [held(trace, period) for trace, period in zip(traces, periods, strict=True)]


def levels_of(model, steps):
    """Return what streams have for every level and frame, as `batch` does."""
    states = stacked([stream.states for stream, _ in steps])
    cells = model.hierarchy.cells
    return [(s, jax.vmap(c.output)(s)) for c, s in zip(cells, states, strict=True)]
