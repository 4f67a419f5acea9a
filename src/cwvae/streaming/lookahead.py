"""A level that looks ahead, frame by frame: a filtered approximation of the batch computation.

The window of a tick begins at the tick's frame, so when the level ticks most of its inputs are
still to come. Its state is the posterior given the frames of the window so far: with every frame
it is computed anew from the state before the tick. When the window is complete the state of the
top level is that of the batch computation. Lower levels differ from it, since their context was
the upper levels' state at the time and not the one given the whole window.
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

__all__ = ["lookahead_step"]


def lookahead_step(
    cell: AbstractCell, level: LevelStream, ticks: Bool[Array, ""], inputs: LevelInputs
) -> LevelStream:
    """Empty the window where the level `ticks`, add a frame to it, and compute the state anew.

    A frame that is not observed leaves the state of an open window as it is, but for its action.
    """
    level = choose(ticks, _opened(level, inputs), level)
    features, action = add_frame(level, inputs)
    conditioning = replace(level.conditioning, action=action)
    deter = next_deter(cell, level.previous, inputs.top_down, conditioning)
    posterior = cell.posterior(deter, cell.prepare_evidence(features))
    stoch, observed = posterior.sample(inputs.noise), jnp.asarray(True)
    if inputs.feature is None:
        observed = level.observed
        stoch = jnp.where(observed, stoch, cell.prior(deter).sample(inputs.noise))
    state = State(stoch, deter, conditioning.time)
    if inputs.feature is None and not cell.action_size:
        # The frame adds nothing to the window, so neither does newer context from above.
        state = choose(ticks, state, level.state)
    return LevelStream(level.previous, state, features, observed, conditioning)


def _opened(level: LevelStream, inputs: LevelInputs) -> LevelStream:
    """Return the level with an empty window that begins at this frame."""
    return LevelStream(
        previous=level.state,
        state=level.state,
        features=jnp.zeros_like(level.features),
        observed=jnp.asarray(False),
        conditioning=empty_window(inputs.conditioning),
    )
