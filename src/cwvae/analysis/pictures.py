"""What the experiments look like: forecasts of a few videos, one for each thing that is done.

Frames are bytes, those of the likelihood's means, clipped. Every function is one of any cells and
clocks, and needs no reader of the frames. A key gives one set of noise, shared by all forecasts of
a function, so that what differs between them is what was done.
"""

from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
from jaxtyping import Array, Float, Key, PRNGKeyArray, UInt8

from cwvae.analysis.effects import imagine_videos, observe_videos, resample_videos
from cwvae.analysis.interventions import blind, reset, swap
from cwvae.arguments import whole_number
from cwvae.cells.base import State
from cwvae.model import CWVAE
from cwvae.rollout import forecast

__all__ = [
    "blind_forecasts",
    "every_so_many",
    "resample_frames",
    "reset_forecasts",
    "swap_forecasts",
    "swap_sets",
]

_Levels = tuple[int, ...]
_Contexts = Float[Array | np.ndarray, "videos context *frame"]
_Forecasts = UInt8[np.ndarray, "videos shown *frame"]


def blind_forecasts(
    model: CWVAE, contexts: _Contexts, horizon: int, *, key: PRNGKeyArray
) -> dict[_Levels, _Forecasts]:
    """Forecast with no level blind during the context, then with each one.

    **Arguments:** `contexts` in [0, 1], which end on a tick of every level; `horizon` in frames.
    """
    observing, imagining = _keys(contexts, key)
    found = {}
    for levels in _none_and_each(model):
        states = observe_videos(blind(model, levels), contexts, observing)
        # Imagining is the same whatever is blind, and with one model it is compiled once.
        found[levels] = _bytes(imagine_videos(model, states, horizon, imagining))
    return found


def reset_forecasts(
    model: CWVAE, contexts: _Contexts, horizon: int, *, key: PRNGKeyArray
) -> dict[_Levels, _Forecasts]:
    """Forecast with no level set back to its start after the context, then with each one.

    **Arguments:** those of `blind_forecasts`.
    """

    def change(levels: _Levels) -> Callable[[tuple[State, ...]], tuple[State, ...]]:
        return jax.vmap(lambda states: reset(model, states, levels))

    observing, imagining = _keys(contexts, key)
    states = observe_videos(model, contexts, observing)
    return {
        levels: _bytes(imagine_videos(model, change(levels)(states), horizon, imagining))
        for levels in _none_and_each(model)
    }


def resample_frames(
    model: CWVAE, videos: _Contexts, *, key: PRNGKeyArray
) -> dict[_Levels, _Forecasts]:
    """Reconstruct videos with no level drawn anew, then with each one, the others held.

    **Arguments:** `videos` in [0, 1], of any number of frames.
    """
    keys, _ = _keys(videos, key)
    return {
        levels: _bytes(resample_videos(model, videos, levels, keys))
        for levels in _none_and_each(model)
    }


def swap_forecasts(
    model: CWVAE, contexts: _Contexts, horizon: int, *, key: PRNGKeyArray
) -> dict[_Levels, _Forecasts]:
    """Forecast with some levels' states from the video before.

    The sets are those of `swap_sets`: with none of the levels a video goes on as it is, with all as
    the video before does, but for the noise, which stays.

    **Arguments:** those of `blind_forecasts`. Raises `ValueError` for a single video.
    """
    if len(contexts) < 2:
        raise ValueError(
            f"contexts must be of at least 2 videos to be swapped, got {len(contexts)}; give more"
        )
    observing, imagining = _keys(contexts, key)
    states = observe_videos(model, contexts, observing)
    others = jax.tree.map(lambda x: jnp.roll(x, 1, 0), states)
    found = {}
    for levels in swap_sets(model.hierarchy.clock.levels):
        mixed = jax.vmap(lambda a, b, levels=levels: swap(a, b, levels)[0])(states, others)
        found[levels] = _bytes(imagine_videos(model, mixed, horizon, imagining))
    return found


def swap_sets(levels: int) -> list[_Levels]:
    """Return none, all, each one, and all but each one of so many levels, no set twice."""
    whole = tuple(range(levels))
    each = [(level,) for level in whole]
    rest = [tuple(other for other in whole if other != level) for level in whole]
    return list(dict.fromkeys([(), whole, *each, *rest]))


def every_so_many(
    model: CWVAE, contexts: _Contexts, horizon: int, every: int, *, key: PRNGKeyArray
) -> _Forecasts:
    """Forecast far ahead, and return every so many frames, the first one after the context first.

    **Arguments:** `contexts` and `horizon` as of `blind_forecasts`; `every`, at least 1. Memory
    grows with the horizon, a video at a time. Raises `ValueError` for a count below 1.
    """
    every = whole_number("every", every)
    keys = jr.split(key, len(contexts))
    futures = [
        _forecast(model, one, horizon, k)[::every] for one, k in zip(contexts, keys, strict=True)
    ]
    return _bytes(np.stack(futures))


@eqx.filter_jit
def _forecast(model: CWVAE, context: Array, horizon: int, key: PRNGKeyArray) -> Array:
    """Return one forecast of a video."""
    return forecast(model, context, horizon, key=key)[0]


def _none_and_each(model: CWVAE) -> list[_Levels]:
    """Return no level, then each one alone."""
    return [(), *((level,) for level in range(model.hierarchy.clock.levels))]


def _keys(
    contexts: _Contexts, key: PRNGKeyArray
) -> tuple[Key[Array, " videos"], Key[Array, " videos"]]:
    """Return two keys for every video."""
    first, second = jr.split(key)
    return jr.split(first, len(contexts)), jr.split(second, len(contexts))


def _bytes(frames: Float[Array | np.ndarray, "*axes"]) -> UInt8[np.ndarray, "*axes"]:
    """Return [0, 1] as 0 to 255, rounded; what lies outside is clipped."""
    return np.rint(np.clip(np.asarray(frames), 0, 1) * 255).astype(np.uint8)
