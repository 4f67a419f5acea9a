"""Cells made from other cells: one that resets, one that hears actions."""

from typing import Any

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from cwvae.cells.base import AbstractCell, AbstractWrapper, Conditioning, State

__all__ = ["Conditioned", "Resetting"]


class Resetting(AbstractWrapper):
    """A cell whose stochastic part starts anew where the level above ticks.

    The memory stays (the official `cell_reset_state`). At the top nothing is above, so that
    there it is the cell itself.
    """

    cell: AbstractCell

    def prepare_context(
        self, top_down: Float[Array, " top_down"], conditioning: Conditioning
    ) -> tuple[Bool[Array, ""], Any]:
        """Add whether the level above ticks."""
        return conditioning.boundary, self.cell.prepare_context(top_down, conditioning)

    def advance(self, state: State, above: tuple[Bool[Array, ""], Any]) -> Float[Array, " deter"]:
        """Return h_t, z_{t-1} being that before the first tick where the level above ticks."""
        boundary, above = above
        stoch = jnp.where(boundary, self.cell.init().stoch, state.stoch)
        return self.cell.advance(State(stoch, state.deter, state.time), above)


class Conditioned(AbstractWrapper):
    """A cell that hears actions, or anything else that is known frame by frame, from above.

    **Arguments:** `cell`, whose `top_down` is the length of the output of the level above and of
    the action together; `size`, the length of the action. An upper level hears the sum of the
    actions of its window. Raises `ValueError` for a cell that does not hear so much.
    """

    cell: AbstractCell
    size: int = eqx.field(static=True)

    def __check_init__(self) -> None:
        """Refuse an action that the cell has no room for."""
        if self.cell.action_size:
            raise ValueError("the cell hears actions already; condition it once, on all of them")
        if not 1 <= self.size <= self.cell.context_size:
            raise ValueError(
                f"a cell with context_size {self.cell.context_size} cannot be conditioned on an "
                f"action of {self.size} numbers; make it with context_size = output above + action"
            )

    @property
    def context_size(self) -> int:
        """The length of what is heard from above, without the action."""
        return self.cell.context_size - self.size

    @property
    def action_size(self) -> int:
        """The length of the action."""
        return self.size

    def prepare_context(
        self, top_down: Float[Array, " top_down"], conditioning: Conditioning
    ) -> Any:
        """Join the action to the context."""
        return self.cell.prepare_context(
            jnp.concatenate([top_down, conditioning.action]), conditioning
        )
