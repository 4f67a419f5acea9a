"""What a forecast keeps, digits read in it: many videos at a time, for what is done to a model.

states = observe_videos(model, contexts, keys)
one = jax.vmap(lambda states, others: swap(states, others, 2)[0])(states, others)
found = kept(reader, imagine_videos(model, one, 10, keys), labels, positions, mass)
"""

import itertools

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
from jaxtyping import Array, Bool, Float, Int, Key, PRNGKeyArray

from cwvae.analysis.interventions import resample
from cwvae.cells.base import State
from cwvae.evaluation.identity import NEAR, found_share
from cwvae.evaluation.reader import Reader
from cwvae.evaluation.video_reading import (
    WINDOW,
    distance,
    legible,
    masses,
    read_frames,
    window_classes,
)
from cwvae.model import CWVAE
from cwvae.rollout import imagine, observe
from cwvae.shapes import Video

__all__ = ["Kept", "imagine_videos", "kept", "level_sets", "observe_videos", "resample_videos"]


class Kept(eqx.Module):
    """What is right in the first ten frames of forecasts, one of each video.

    **Arguments:** `identity`, whether the digits are legible and the right ones; `errors`, how far
    they are from where they should be, the mean over the frames, in pixels; `position`, whether
    that is less than a quarter of a digit.
    """

    identity: Bool[np.ndarray, " videos"]
    errors: Float[np.ndarray, " videos"]
    position: Bool[np.ndarray, " videos"]


def level_sets(levels: int) -> list[tuple[int, ...]]:
    """Return all sets of so many levels, the empty one first, smaller ones before larger."""
    sizes = range(levels + 1)
    return [chosen for size in sizes for chosen in itertools.combinations(range(levels), size)]


@eqx.filter_jit
def observe_videos(
    model: CWVAE,
    contexts: Float[Array | np.ndarray, "videos frames *frame"],
    keys: Key[Array, " videos"],
) -> tuple[State, ...]:
    """Return every level's states after the contexts, with a leading axis of videos.

    **Arguments:** `contexts`, which end on a tick of every level; a key for each.
    """

    def one(context: Video, key: PRNGKeyArray) -> tuple[State, ...]:
        return observe(model, context, model.hierarchy.noise(context.shape[0], key=key))

    return jax.vmap(one)(contexts, keys)


@eqx.filter_jit
def imagine_videos(
    model: CWVAE, states: tuple[State, ...], horizon: int, keys: Key[Array, " videos"]
) -> Float[Array, "videos horizon *frame"]:
    """Return forecasts from states with a leading axis of videos, a key for each."""
    levels = model.hierarchy

    def one(states: tuple[State, ...], key: PRNGKeyArray) -> Array:
        # A static level has ticked before.
        noise = levels.noise(horizon, key=key, start=levels.clock.slowest)
        return jnp.asarray(imagine(model, states, noise)[1])

    return jax.vmap(one)(states, keys)


@eqx.filter_jit
def resample_videos(
    model: CWVAE,
    videos: Float[Array | np.ndarray, "videos frames *frame"],
    levels: tuple[int, ...],
    keys: Key[Array, " videos"],
) -> Float[Array, "videos frames *frame"]:
    """Return reconstructions with some levels drawn anew, the others held: see `resample`."""

    def one(video: Video, key: PRNGKeyArray) -> Array:
        observed, drawn = jr.split(key)
        frames, noise = video.shape[0], model.hierarchy.noise
        both = noise(frames, key=observed), noise(frames, key=drawn)
        return jnp.asarray(resample(model, video, levels, *both))

    return jax.vmap(one)(videos, keys)


def kept(
    reader: Reader,
    forecasts: Float[Array | np.ndarray, "videos horizon height width 1"],
    labels: Int[np.ndarray, "videos num_digits"],
    positions: Float[np.ndarray, "videos horizon num_digits 2"],
    mass: Float[np.ndarray, " videos"],
) -> Kept:
    """Return what forecasts keep of the digits with these labels, and of their way.

    **Arguments:** `forecasts` of ten frames or more, of which the first ten are read; `labels` and
    `positions` of the digits that should be there, in these frames; `mass`, the mean sum of the
    pixels of each video's context. Raises `ValueError` for fewer than ten frames.
    """
    frames = np.asarray(forecasts)[:, :WINDOW]
    if frames.shape[1] < WINDOW:
        raise ValueError(
            f"forecasts must have at least {WINDOW} frames to be read, got {frames.shape[1]}; "
            "predict more"
        )
    videos, count, edge = len(frames), labels.shape[1], frames.shape[2]
    reading = read_frames(reader, frames.reshape(-1, *frames.shape[2:]), count)
    classes, sure = window_classes(np.asarray(reading.log_probs).reshape(videos, WINDOW, -1))
    good = legible(sure, masses(frames).mean(1) / np.maximum(mass, 1e-6))
    places = np.asarray(reading.places).reshape(videos, WINDOW, count, 2)
    errors = distance(places, positions[:, :WINDOW]).mean(1)
    right = found_share(classes[:, np.newaxis, np.newaxis], labels)[:, 0, 0] == 1
    return Kept(identity=good & right, errors=errors, position=errors < NEAR * edge)
