"""Cells made from other cells: one that resets, one that takes actions."""

from typing import Any, SupportsIndex

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from cwvae.arguments import whole_number
from cwvae.cells.base import AbstractCell, Conditioning, State
from cwvae.cells.wrapper_base import AbstractWrapper
from cwvae.shapes import checked

__all__ = ["Conditioned", "Resetting"]


class Resetting(AbstractWrapper):
    """A cell whose stochastic part starts anew where the level above ticks.

    The memory stays (the official `cell_reset_state`). At the top nothing is above, so that
    there it is the cell itself.

    **Arguments:** `cell`, the cell that is wrapped.
    """

    cell: AbstractCell

    def prepare_context(
        self, top_down: Float[Array, " top_down"], conditioning: Conditioning
    ) -> tuple[Bool[Array, ""], Any]:
        """Return whether the level above ticks, and the wrapped cell's context."""
        return conditioning.boundary, self.cell.prepare_context(top_down, conditioning)

    def advance(self, state: State, context: tuple[Bool[Array, ""], Any]) -> Float[Array, " deter"]:
        """Return h_t, z_{t-1} being that before the first tick where the level above ticks."""
        boundary, context = context
        stoch = jnp.where(boundary, self.cell.init().stoch, state.stoch)
        return self.cell.advance(State(stoch, state.deter, state.time), context)


class Conditioned(AbstractWrapper):
    """A cell whose context holds an action, or anything else that is known frame by frame.

    An upper level gets the sum of the actions of its window.

    **Arguments:**

    - `cell`: its `context_size` is the length of the output of the level above and of the action
      together.
    - `action_size`: the length of the action.

    Raises `ValueError` for a cell whose context is shorter than the action, or that takes actions
    already.
    """

    cell: AbstractCell
    _action_size: int = eqx.field(static=True)

    @checked
    def __init__(self, cell: AbstractCell, action_size: SupportsIndex):
        """Check that the cell's context has room for the action."""
        self.cell, self._action_size = cell, whole_number("action_size", action_size)
        if cell.action_size:
            raise ValueError(
                f"the cell takes actions of {cell.action_size} numbers already, got "
                f"{self._action_size} more; condition it once, on all of them"
            )
        if self._action_size > cell.context_size:
            raise ValueError(
                f"action_size must be at most the cell's context_size {cell.context_size}, got "
                f"{self._action_size}; make the cell with context_size = output above + action"
            )

    @property
    def context_size(self) -> int:
        """The length of the input from the level above, without the action."""
        return self.cell.context_size - self._action_size

    @property
    def action_size(self) -> int:
        """The length of the action."""
        return self._action_size

    def prepare_context(
        self, top_down: Float[Array, " top_down"], conditioning: Conditioning
    ) -> Any:
        """Return the wrapped cell's context of the input from above and the action together."""
        both = jnp.concatenate([top_down, conditioning.action])
        return self.cell.prepare_context(both, conditioning)
