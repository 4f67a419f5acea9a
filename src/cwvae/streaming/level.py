"""One level of a stream: its state, its open window, its inputs at a frame.

What both modes share, the causal one and the one that looks ahead.
"""

from dataclasses import replace
from typing import TypeVar

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from cwvae.cells.base import AbstractCell, Conditioning, State

__all__ = [
    "LevelInputs",
    "LevelStream",
    "add_frame",
    "choose",
    "empty_window",
    "next_deter",
    "shift_times",
    "start_level",
]

_T = TypeVar("_T")


class LevelStream(eqx.Module):
    """One level of a stream; times count from the stream's last frame, so they stay small.

    **Arguments:**

    - `previous`, `state`: the states before and after the level's last tick.
    - `features`: the sum of the features of the window's frames so far.
    - `observed`: whether any of those frames was observed (of use to levels that look ahead).
    - `conditioning`: of the window, its action the sum over the frames so far.
    """

    previous: State
    state: State
    features: Float[Array, " feature"]
    observed: Bool[Array, ""]
    conditioning: Conditioning


class LevelInputs(eqx.Module):
    """The inputs of a level at one frame.

    **Arguments:** `feature`, the encoder's output for the frame, None where the level does not
    observe it; `conditioning` of the frame; `top_down`, the output of the level above; `noise`.
    """

    feature: Float[Array, " feature"] | None
    conditioning: Conditioning
    top_down: Float[Array, " top_down"]
    noise: Float[Array, " stoch"]


def start_level(cell: AbstractCell) -> LevelStream:
    """Return a level before its first frame."""
    state, unobserved = cell.init(), jnp.asarray(False)
    conditioning = Conditioning(jnp.zeros(()), jnp.zeros(cell.action_size), unobserved)
    return LevelStream(state, state, jnp.zeros(cell.feature_size), unobserved, conditioning)


def add_frame(
    level: LevelStream, inputs: LevelInputs
) -> tuple[Float[Array, " feature"], Float[Array, " action"]]:
    """Return the sums of features and of actions over the window and one more frame."""
    features = level.features if inputs.feature is None else level.features + inputs.feature
    return features, level.conditioning.action + inputs.conditioning.action


def empty_window(conditioning: Conditioning) -> Conditioning:
    """Return the conditioning of a window without frames: no action yet."""
    return replace(conditioning, action=jnp.zeros_like(conditioning.action))


def next_deter(
    cell: AbstractCell,
    state: State,
    top_down: Float[Array, " top_down"],
    conditioning: Conditioning,
) -> Float[Array, " deter"]:
    """Return h_t of a tick after a state."""
    return cell.advance(state, cell.prepare_context(top_down, conditioning))


def shift_times(level: LevelStream, elapsed: Float[Array, ""]) -> LevelStream:
    """Count a level's times from a frame that comes `elapsed` later."""
    return replace(
        level,
        previous=replace(level.previous, time=level.previous.time - elapsed),
        state=replace(level.state, time=level.state.time - elapsed),
        conditioning=replace(level.conditioning, time=level.conditioning.time - elapsed),
    )


def choose(condition: Bool[Array, ""], one: _T, other: _T) -> _T:
    """Return one pytree where the condition holds, else the other."""
    return jax.tree.map(lambda a, b: jnp.where(condition, a, b), one, other)
