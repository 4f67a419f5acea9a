"""One level, frame by frame: what it has heard of its open window, and how it ticks with it.

To a stream what `observe_level` and `imagine_level` are to a video.
"""

from dataclasses import replace
from typing import TypeVar

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from cwvae.cells.base import AbstractCell, Conditioning, State

__all__ = ["Heard", "LevelStream", "since", "start_level", "tick_so_far", "tick_when_complete"]

T = TypeVar("T")


class LevelStream(eqx.Module):
    """One level of a stream; times count from the stream's last frame, so they stay small.

    **Arguments:** `before`, the state before the level's last tick; `state`, the state since;
    `features`, `heard` (whether anything was) and `conditioning`, of the window that is open.
    """

    before: State
    state: State
    features: Float[Array, " feature"]
    heard: Bool[Array, ""]
    conditioning: Conditioning


class Heard(eqx.Module):
    """What a level hears at a frame, or of a window; without features it imagines."""

    feature: Float[Array, " feature"] | None
    conditioning: Conditioning
    top_down: Float[Array, " top_down"]
    noise: Float[Array, " stoch"]


def start_level(cell: AbstractCell) -> LevelStream:
    """Return a level before its first frame."""
    state = cell.init()
    conditioning = Conditioning(jnp.zeros(()), jnp.zeros(cell.action_size), jnp.asarray(False))
    return LevelStream(state, state, jnp.zeros(cell.feature_size), jnp.asarray(False), conditioning)


def tick_when_complete(
    cell: AbstractCell, level: LevelStream, ticks: Bool[Array, ""], heard: Heard
) -> LevelStream:
    """Add a frame to the window; where the level ticks, close it.

    As in the batch computation, a tick at a frame that is not heard is imagined, whatever has
    been heard of its window before.
    """
    features, conditioning = _added(level, heard)
    believes = heard.feature is not None
    state = _tick(
        cell, level.state, features, replace(heard, conditioning=conditioning), believes=believes
    )
    empty = jnp.zeros_like(level.features)
    closed = LevelStream(level.state, state, empty, level.heard, _empty(conditioning))
    still_open = LevelStream(level.before, level.state, features, level.heard, conditioning)
    return _where(ticks, closed, still_open)


def tick_so_far(
    cell: AbstractCell, level: LevelStream, ticks: Bool[Array, ""], heard: Heard
) -> LevelStream:
    """Where the level ticks, open a window; tick with what has been heard of it."""
    empty, nothing = jnp.zeros_like(level.features), jnp.asarray(False)
    opened = LevelStream(level.state, level.state, empty, nothing, _empty(heard.conditioning))
    level = _where(ticks, opened, level)
    features, conditioning = _added(level, heard)
    conditioning = replace(level.conditioning, action=conditioning.action)
    heard = replace(heard, conditioning=conditioning)
    if heard.feature is not None:
        state = _tick(cell, level.before, features, heard, believes=True)
        return LevelStream(level.before, state, features, jnp.asarray(True), conditioning)
    state = _tick(cell, level.before, features, heard, believes=level.heard)
    if not cell.action_size:
        # Nothing new is learned of the window, and what was learned of it stays.
        state = _where(ticks, state, level.state)
    return LevelStream(level.before, state, features, level.heard, conditioning)


def _added(level: LevelStream, heard: Heard) -> tuple[Float[Array, " feature"], Conditioning]:
    """Add what is heard now to the features and the action of the window."""
    features = level.features if heard.feature is None else level.features + heard.feature
    return features, replace(
        heard.conditioning, action=level.conditioning.action + heard.conditioning.action
    )


def _tick(
    cell: AbstractCell,
    state: State,
    features: Float[Array, " feature"],
    heard: Heard,
    *,
    believes: bool | Bool[Array, ""],
) -> State:
    """Let a level tick once, sampling from the posterior where it believes, else the prior."""
    deter = cell.advance(state, cell.prepare_context(heard.top_down, heard.conditioning))
    if believes is False:
        stoch = cell.prior(deter).sample(heard.noise)
    else:
        stoch = cell.posterior(deter, cell.prepare_evidence(features)).sample(heard.noise)
    if believes is not False and believes is not True:
        stoch = jnp.where(believes, stoch, cell.prior(deter).sample(heard.noise))
    return State(stoch, deter, heard.conditioning.time)


def since(level: LevelStream, elapsed: Float[Array, ""]) -> LevelStream:
    """Count a level's times from now."""

    def times(level: LevelStream) -> tuple[Array, ...]:
        return level.before.time, level.state.time, level.conditioning.time

    return eqx.tree_at(times, level, tuple(time - elapsed for time in times(level)))


def _empty(conditioning: Conditioning) -> Conditioning:
    """Return what is given of a window that has just opened: no action yet."""
    return replace(conditioning, action=jnp.zeros_like(conditioning.action))


def _where(condition: Bool[Array, ""], one: T, other: T) -> T:
    """Choose between two."""
    return jax.tree.map(lambda a, b: jnp.where(condition, a, b), one, other)
