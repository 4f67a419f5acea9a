"""Imagine many frames in constant memory: chunk after chunk into one array of frames."""

from typing import SupportsIndex

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, PRNGKeyArray

from cwvae.arguments import whole_number
from cwvae.cells.base import Conditioning, LevelConditioning, State
from cwvae.clockwork import AbstractClockwork
from cwvae.shapes import Video

__all__ = ["imagine_in_chunks"]


def imagine_in_chunks(
    model: AbstractClockwork,
    states: tuple[State, ...],
    conditioning: LevelConditioning,
    horizon: int,
    chunk: SupportsIndex,
    *,
    key: PRNGKeyArray,
) -> Float[Array, " horizon *frame"]:
    """Imagine `horizon` frames on from states, `chunk` frames at a time.

    The chunk is rounded up to whole slowest periods. Neither it nor the horizon changes a frame.
    """
    clock = model.hierarchy.clock
    chunk = -(-whole_number("chunk", chunk) // clock.slowest) * clock.slowest
    chunk = min(chunk, horizon)
    # A static level has ticked before, where the states are from.
    chunks, ticks = -(-horizon // chunk), clock.ticks(chunk, start=clock.slowest)
    # The last chunk may reach past the horizon, where the last tick's known inputs are repeated.
    conditioning = tuple(
        _lengthened(known, chunks * n) for known, n in zip(conditioning, ticks, strict=True)
    )

    def step(index, carry):
        states, video = carry
        start = index * chunk
        noise = model.hierarchy.noise(chunk, key=key, start=start)
        now = tuple(
            jax.tree.map(lambda a, n=n: jax.lax.dynamic_slice_in_dim(a, index * n, n), known)
            for known, n in zip(conditioning, ticks, strict=True)
        )
        states, traces = model.hierarchy.imagine(states, noise, now)
        frames = jnp.asarray(model.render(traces[0].output))
        return states, _written(video, frames, start)

    frame = jax.eval_shape(model.render, jnp.zeros((1, model.hierarchy.cells[0].output_size)))
    video = jnp.zeros((horizon, *frame.shape[1:]))
    _, video = jax.lax.fori_loop(0, chunks, step, (states, video))
    return video


def _lengthened(known: Conditioning, ticks: int) -> Conditioning:
    """Repeat the known inputs of the last tick until there are so many ticks, or leave some out."""
    known = jax.tree.map(lambda array: array[:ticks], known)
    more = ticks - known.time.shape[0]
    if not more:
        return known
    return jax.tree.map(
        lambda array: jnp.pad(array, [(0, more)] + [(0, 0)] * (array.ndim - 1), mode="edge"), known
    )


def _written(
    video: Float[Array, " horizon *frame"], frames: Video, start: Int[Array, ""]
) -> Float[Array, " horizon *frame"]:
    """Write frames into a video from `start` on; those past the end are dropped."""
    chunk = frames.shape[0]
    # XLA moves an update that would pass the end back until it fits, so the frames move on in it
    # by as much, and the frames before them are written again.
    fitting = jnp.minimum(start, video.shape[0] - chunk)
    moved = start - fitting
    before = jax.lax.dynamic_slice_in_dim(video, fitting, chunk)
    new = jnp.arange(chunk).reshape(-1, *(1,) * (frames.ndim - 1)) >= moved
    merged = jnp.where(new, jnp.roll(frames, moved, axis=0), before)
    return jax.lax.dynamic_update_slice_in_dim(video, merged, fitting, axis=0)
