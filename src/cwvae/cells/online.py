"""One level, frame by frame: what it has heard of its open window, and how it ticks with it.

To a stream what `observe_level` and `imagine_level` are to a video.
"""

from dataclasses import replace
from typing import TypeVar

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from cwvae.cells.base import AbstractCell, Given, State

__all__ = ["Heard", "LevelStream", "since", "start_level", "tick_so_far", "tick_when_complete"]

T = TypeVar("T")


class LevelStream(eqx.Module):
    """One level of a stream; times count from the stream's last frame, so they stay small.

    **Arguments:** `before`, the state before the level's last tick; `state`, the state since;
    `features` and `given`, what has been heard of the window that is open, and of its tick.
    """

    before: State
    state: State
    features: Float[Array, "feature"]
    given: Given


class Heard(eqx.Module):
    """What a level hears at a frame, or of a window; without features it imagines."""

    feature: Float[Array, "feature"] | None
    given: Given
    top_down: Float[Array, "top_down"]
    noise: Float[Array, "stoch"]


def start_level(cell: AbstractCell) -> LevelStream:
    """Return a level before its first frame."""
    state = cell.init()
    given = Given(jnp.zeros(()), jnp.zeros(cell.action), jnp.asarray(False))
    return LevelStream(state, state, jnp.zeros(cell.feature), given)


def tick_when_complete(
    cell: AbstractCell, level: LevelStream, ticks: Bool[Array, ""], heard: Heard
) -> LevelStream:
    """Add a frame to the window; where the level ticks, close it."""
    window = _added(level, heard)
    features = level.features if window.feature is None else window.feature
    state = _tick(cell, level.state, window)
    closed = LevelStream(level.state, state, jnp.zeros_like(features), _empty(window.given))
    still_open = LevelStream(level.before, level.state, features, window.given)
    return _where(ticks, closed, still_open)


def tick_so_far(
    cell: AbstractCell, level: LevelStream, ticks: Bool[Array, ""], heard: Heard
) -> LevelStream:
    """Where the level ticks, open a window; tick with what has been heard of it."""
    empty = jnp.zeros_like(level.features)
    opened = LevelStream(level.state, level.state, empty, _empty(heard.given))
    level = _where(ticks, opened, level)
    window = _added(level, heard)
    window = replace(window, given=replace(level.given, action=window.given.action))
    state = _tick(cell, level.before, window)
    if window.feature is None:
        # Nothing new is learned inside a window, and what was learned of it stays.
        state = _where(ticks, state, level.state)
        return LevelStream(level.before, state, level.features, window.given)
    return LevelStream(level.before, state, window.feature, window.given)


def _added(level: LevelStream, heard: Heard) -> Heard:
    """Add what has been heard of the window before."""
    feature = None if heard.feature is None else level.features + heard.feature
    given = replace(heard.given, action=level.given.action + heard.given.action)
    return replace(heard, feature=feature, given=given)


def _tick(cell: AbstractCell, state: State, heard: Heard) -> State:
    """Let a level tick once; without features it imagines."""
    deter = cell.advance(state, cell.hear_above(heard.top_down, heard.given))
    if heard.feature is None:
        belief = cell.prior(deter)
    else:
        belief = cell.posterior(deter, cell.hear_frames(heard.feature))
    return State(belief.sample(heard.noise), deter, heard.given.time)


def since(level: LevelStream, elapsed: Float[Array, ""]) -> LevelStream:
    """Count a level's times from now."""

    def times(level: LevelStream) -> tuple[Array, ...]:
        return level.before.time, level.state.time, level.given.time

    return eqx.tree_at(times, level, tuple(time - elapsed for time in times(level)))


def _empty(given: Given) -> Given:
    """Return what is given of a window that has just opened: no action yet."""
    return replace(given, action=jnp.zeros_like(given.action))


def _where(condition: Bool[Array, ""], one: T, other: T) -> T:
    """Choose between two."""
    return jax.tree.map(lambda a, b: jnp.where(condition, a, b), one, other)
