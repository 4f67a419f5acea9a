"""Which level holds the digits, and which their way: levels blind, reset, swapped, resampled.

All videos are forecast for ten frames after a context, or reconstructed, and read
(`cwvae.analysis.effects`).
"""

from collections.abc import Callable

import equinox as eqx
import jax
import jax.random as jr
import numpy as np
from jaxtyping import Array, Float, Int, Key, PRNGKeyArray

from cwvae.analysis.effects import (
    Kept,
    imagine_videos,
    kept,
    level_sets,
    observe_videos,
    resample_videos,
)
from cwvae.analysis.interventions import blind, reset, swap
from cwvae.cells.base import State
from cwvae.evaluation.reader import load_reader
from cwvae.evaluation.video_reading import WINDOW, masses
from cwvae.model import CWVAE

__all__ = ["DigitVideos", "Swapped", "blinding", "resampling", "resetting", "swapping"]

_Levels = tuple[int, ...]


class DigitVideos(eqx.Module):
    """Videos of digits, and what is true of them, as `MovingMNIST` gives it.

    **Arguments:** `frames` in [0, 1], of the context and at least ten more; `labels`; `positions`
    of the digits' top-left corners in every frame, in pixels; the number of `context` frames.

    Raises `ValueError` for fewer than ten frames after the context, no context, or counts of videos
    or frames that differ.
    """

    frames: Float[np.ndarray, "videos frames height width 1"]
    labels: Int[np.ndarray, "videos num_digits"]
    positions: Float[np.ndarray, "videos frames num_digits 2"]
    context: int = eqx.field(static=True)

    def __check_init__(self) -> None:
        """Raise `ValueError` for videos that end too early, or do not fit each other."""
        if self.context < 1:
            raise ValueError(f"context must be at least 1 frame, got {self.context}")
        counts = (len(self.frames), len(self.labels), len(self.positions))
        lengths = (self.frames.shape[1], self.positions.shape[1])
        if len({*counts}) > 1 or len({*lengths}) > 1:
            raise ValueError(
                "frames, labels and positions must be of the same videos, got "
                f"{counts} of {lengths[0]} and {lengths[1]} frames"
            )
        after = self.frames.shape[1] - self.context
        if after < WINDOW:
            raise ValueError(
                f"videos must have at least {WINDOW} frames after the context, got {after}"
            )

    @property
    def contexts(self) -> Float[np.ndarray, "videos context height width 1"]:
        """The frames that are observed."""
        return self.frames[:, : self.context]

    def kept_in(self, forecasts: Float[Array, "videos horizon height width 1"]) -> Kept:
        """Return what forecasts keep of the digits and their way."""
        return kept(
            load_reader(self.frames.shape[2]),
            forecasts,
            self.labels,
            self.positions[:, self.context :],
            masses(self.contexts).mean(1),
        )

    def kept_last(self, frames: Float[Array, "videos frames height width 1"]) -> Kept:
        """Return what the last ten of the videos' frames, made anew, keep of the digits."""
        return kept(
            load_reader(self.frames.shape[2]),
            frames[:, -WINDOW:],
            self.labels,
            self.positions[:, -WINDOW:],
            masses(self.contexts).mean(1),
        )

    def rolled(self) -> "DigitVideos":
        """Return the videos in another order, each the one before."""
        parts = (np.roll(x, 1, 0) for x in (self.frames, self.labels, self.positions))
        return DigitVideos(*parts, context=self.context)


class Swapped(eqx.Module):
    """Forecasts in which some levels' states are those of another video.

    **Arguments:** what they keep of their `own` video and of the `other`, of pairs of videos whose
    digits differ.
    """

    own: Kept
    other: Kept

    @property
    def success(self) -> float:
        """The share with the other video's digits on their own way."""
        return float(np.mean(self.other.identity & self.own.position))


def blinding(model: CWVAE, videos: DigitVideos, *, key: PRNGKeyArray) -> dict[_Levels, Kept]:
    """Forecast with every set of levels blind during the context, the empty one first."""
    observing, imagining = _keys(videos, key)
    found = {}
    for levels in level_sets(model.hierarchy.clock.levels):
        states = observe_videos(blind(model, levels), videos.contexts, observing)
        # Imagining is the same whatever is blind, and with one model it is compiled once.
        found[levels] = videos.kept_in(imagine_videos(model, states, WINDOW, imagining))
    return found


def resetting(model: CWVAE, videos: DigitVideos, *, key: PRNGKeyArray) -> dict[_Levels, Kept]:
    """Forecast with every set of levels set back to its start after the context."""

    def change(levels: _Levels) -> Callable[[tuple[State, ...]], tuple[State, ...]]:
        return jax.vmap(lambda states: reset(model, states, levels))

    observing, imagining = _keys(videos, key)
    states = observe_videos(model, videos.contexts, observing)
    return {
        levels: videos.kept_in(imagine_videos(model, change(levels)(states), WINDOW, imagining))
        for levels in level_sets(model.hierarchy.clock.levels)
    }


def swapping(model: CWVAE, videos: DigitVideos, *, key: PRNGKeyArray) -> dict[_Levels, Swapped]:
    """Forecast with some levels' states from the video before, for every set but none and all.

    Raises `ValueError` when no two neighbours differ in their digits.
    """
    observing, imagining = _keys(videos, key)
    others = videos.rolled()
    differ = np.any(np.sort(videos.labels, 1) != np.sort(others.labels, 1), axis=1)
    if not differ.any():
        raise ValueError("videos must differ in their digits, got all the same; take more")
    states = observe_videos(model, videos.contexts, observing)
    theirs = jax.tree.map(lambda x: jax.numpy.roll(x, 1, 0), states)
    found = {}
    for levels in level_sets(model.hierarchy.clock.levels)[1:-1]:
        mixed = jax.vmap(lambda a, b, levels=levels: swap(a, b, levels)[0])(states, theirs)
        forecasts = imagine_videos(model, mixed, WINDOW, imagining)
        both = (videos.kept_in(forecasts), others.kept_in(forecasts))
        found[levels] = Swapped(*jax.tree.map(lambda x: x[differ], both))
    return found


def resampling(model: CWVAE, videos: DigitVideos, *, key: PRNGKeyArray) -> dict[_Levels, Kept]:
    """Reconstruct with no level, then each one alone, drawn anew while the others are held.

    What is lost depends on the level, directly or through the levels below it.
    """
    keys, _ = _keys(videos, key)
    sets: list[_Levels] = [(), *((level,) for level in range(model.hierarchy.clock.levels))]
    found = {levels: resample_videos(model, videos.frames, levels, keys) for levels in sets}
    return {levels: videos.kept_last(frames) for levels, frames in found.items()}


def _keys(
    videos: DigitVideos, key: PRNGKeyArray
) -> tuple[Key[Array, " videos"], Key[Array, " videos"]]:
    """Return two keys for every video."""
    first, second = jr.split(key)
    return jr.split(first, len(videos.frames)), jr.split(second, len(videos.frames))
