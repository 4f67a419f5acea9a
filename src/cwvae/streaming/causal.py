"""A causal level, frame by frame: the batch computation, to rounding.

The window of a tick ends at the tick's frame, so when the level ticks it has all its inputs.
"""

from dataclasses import replace

import jax.numpy as jnp
from jaxtyping import Array, Bool

from cwvae.cells.base import AbstractCell, State
from cwvae.streaming.level import (
    LevelInputs,
    LevelStream,
    add_frame,
    choose,
    empty_window,
    next_deter,
)

__all__ = ["causal_step"]


def causal_step(
    cell: AbstractCell, level: LevelStream, ticks: Bool[Array, ""], inputs: LevelInputs
) -> LevelStream:
    """Add a frame to a level's window; where the level `ticks`, advance it and empty the window.

    Its states are those of `observe_level`, and of `imagine_level` at ticks whose own frame is
    not observed: there it samples from the prior, whatever was observed of the window before. (A
    batch whose conditioning marks frames as missing still uses the others of such a window.)
    """
    features, action = add_frame(level, inputs)
    conditioning = replace(inputs.conditioning, action=action)
    deter = next_deter(cell, level.state, inputs.top_down, conditioning)
    if inputs.feature is None:
        belief = cell.prior(deter)
    else:
        belief = cell.posterior(deter, cell.prepare_evidence(features))
    ticked = LevelStream(
        previous=level.state,
        state=State(belief.sample(inputs.noise), deter, conditioning.time),
        features=jnp.zeros_like(features),
        observed=level.observed,
        conditioning=empty_window(conditioning),
    )
    waiting = replace(level, features=features, conditioning=conditioning)
    return choose(ticks, ticked, waiting)
