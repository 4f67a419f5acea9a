"""Cells made from other cells: one that resets, takes actions, or passes its context on."""

from dataclasses import replace
from typing import Any, SupportsIndex

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from cwvae.arguments import whole_number
from cwvae.beliefs import AbstractBelief
from cwvae.cells.base import AbstractCell, Conditioning, State
from cwvae.cells.wrapper_base import AbstractWrapper
from cwvae.shapes import checked

__all__ = ["Conditioned", "PassingContext", "Resetting"]


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

    @property
    def parallel(self) -> bool:
        """Whether the wrapped cell is."""
        return self.cell.parallel

    def advance_all(
        self,
        state: State,
        stoch: Float[Array, "ticks stoch"],
        context: tuple[Bool[Array, " ticks"], Any],
        time: Float[Array, " ticks"],
    ) -> Float[Array, "ticks deter"]:
        """Return h_1 to h_n, as the wrapped cell does."""
        boundary, context = context
        stoch = jnp.where(boundary[:, None], self.cell.init().stoch[None], stoch)
        return self.cell.advance_all(state, stoch, context, time)


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

    @property
    def parallel(self) -> bool:
        """Whether the wrapped cell is."""
        return self.cell.parallel

    def advance_all(
        self,
        state: State,
        stoch: Float[Array, "ticks stoch"],
        context: Any,
        time: Float[Array, " ticks"],
    ) -> Float[Array, "ticks deter"]:
        """Return h_1 to h_n, as the wrapped cell does."""
        return self.cell.advance_all(state, stoch, context, time)


class PassingContext(AbstractWrapper):
    """A cell whose output holds, behind its own, the output of the level above: a skip connection.

    So the level below, or the decoder, has the states of all slower levels as they are, and what
    does not change need not pass through the memories of the faster levels (as the content vector
    of Franceschi et al. 2020, SRVP, which the decoder reads beside the dynamic state). The context
    is kept in the state, at the end of `deter`, where neither belief reads it. At the top, where
    nothing is above, it is the cell itself.

    **Arguments:** `cell`, the cell that is wrapped. Its context must be the output of the level
    above alone: give actions to the wrapped cell, `PassingContext(Conditioned(...))`.
    """

    cell: AbstractCell

    def __init__(self, cell: AbstractCell):
        """Wrap a cell."""
        self.cell = cell

    @property
    def deter_size(self) -> int:
        """The size of the deterministic part, the context included."""
        return self.cell.deter_size + self.cell.context_size

    @property
    def output_size(self) -> int:
        """The length of the output, the context included."""
        return self.cell.output_size + self.cell.context_size

    def init(self) -> State:
        """Return the state before the first tick, its context zeros."""
        state = self.cell.init()
        return replace(state, deter=jnp.pad(state.deter, (0, self.cell.context_size)))

    def output(self, state: State) -> Float[Array, " output"]:
        """Return the output of the cell and its context."""
        inner, context = self._split(state.deter)
        return jnp.concatenate([self.cell.output(replace(state, deter=inner)), context])

    def prepare_context(
        self, top_down: Float[Array, " top_down"], conditioning: Conditioning
    ) -> tuple[Float[Array, " top_down"], Any]:
        """Return the context as it is, and as the cell needs it."""
        return top_down, self.cell.prepare_context(top_down, conditioning)

    def advance(
        self, state: State, context: tuple[Float[Array, " top_down"], Any]
    ) -> Float[Array, " deter"]:
        """Return h_t and, behind it, the context."""
        top_down, inner = context
        deter, _ = self._split(state.deter)
        return jnp.concatenate([self.cell.advance(replace(state, deter=deter), inner), top_down])

    @property
    def parallel(self) -> bool:
        """Whether the wrapped cell is."""
        return self.cell.parallel

    def advance_all(
        self,
        state: State,
        stoch: Float[Array, "ticks stoch"],
        context: tuple[Float[Array, "ticks top_down"], Any],
        time: Float[Array, " ticks"],
    ) -> Float[Array, "ticks deter"]:
        """Return h_1 to h_n, as the wrapped cell does, and behind each its context."""
        top_down, inner = context
        before = replace(state, deter=self._split(state.deter)[0])
        return jnp.concatenate([self.cell.advance_all(before, stoch, inner, time), top_down], 1)

    def prior(self, deter: Float[Array, " deter"]) -> AbstractBelief:
        """Return p(z_t | h_t)."""
        return self.cell.prior(self._split(deter)[0])

    def posterior(self, deter: Float[Array, " deter"], evidence: Any) -> AbstractBelief:
        """Return q(z_t | h_t, e_t)."""
        return self.cell.posterior(self._split(deter)[0], evidence)

    def _split(
        self, deter: Float[Array, " deter"]
    ) -> tuple[Float[Array, " inner"], Float[Array, " top_down"]]:
        """Return the deterministic part of the cell, and the context."""
        return deter[: self.cell.deter_size], deter[self.cell.deter_size :]
