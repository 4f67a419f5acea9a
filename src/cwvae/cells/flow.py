"""Continuous time: a memory that follows a neural differential equation between ticks.

diffrax is optional and takes seconds to import, so the first cell that is made imports it.
"""

import math
from types import ModuleType
from typing import Any, SupportsIndex

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from cwvae._extras import extra
from cwvae.arguments import check_positive, check_share, whole_number
from cwvae.cells.base import AbstractCell, Conditioning, State
from cwvae.cells.wrapper_base import AbstractWrapper
from cwvae.nn.layers import DenseStack
from cwvae.shapes import checked

__all__ = ["FlowCell"]


class FlowCell(AbstractWrapper):
    """A cell whose memory flows from tick to tick and is then updated by the wrapped cell.

    dh/dt = rate tanh(f(h, z, top-down)) from the time of the last tick to that of this one (a
    neural ODE, Chen et al. 2018; with jumps at the ticks as in the ODE-RNN of Rubanova et al.
    2019), then h_t = cell.advance. The rate of each number of the memory is learned. Where no
    time passes it is the wrapped cell.

    **Arguments:**

    - `cell`: the cell that is wrapped, which acts at a tick.
    - `hidden_size`, `depth`: width and number of the dense layers of f.
    - `rate`: the rate to start from, per unit of time: about 1 over the usual time between
      ticks.
    - `solver`, `controller`, `adjoint`: diffrax's solver, step size controller and adjoint;
      default are Tsit5 with adaptive steps (rtol 1e-3, atol 1e-4) and recursive checkpointing.
    - `first_step`: size of the solver's first step (of every step, if its size is constant), as
      a fraction of the time between two ticks, in (0, 1].
    - `max_steps`: of the solver between two ticks.

    Raises `ValueError` for a size, rate or step outside its range. When the solver does not
    converge, or the flow is not finite, the program stops with an `equinox.EquinoxRuntimeError`
    that names which of the two it was.
    """

    cell: AbstractCell
    field: DenseStack
    log_rate: Float[Array, " deter"]
    solver: eqx.Module
    controller: eqx.Module
    adjoint: eqx.Module
    first_step: float = eqx.field(static=True)
    max_steps: int = eqx.field(static=True)

    @checked
    def __init__(
        self,
        cell: AbstractCell,
        *,
        hidden_size: SupportsIndex,
        depth: SupportsIndex = 2,
        rate: float = 1.0,
        solver: eqx.Module | None = None,
        controller: eqx.Module | None = None,
        adjoint: eqx.Module | None = None,
        first_step: float = 0.25,
        max_steps: SupportsIndex = 256,
        key: PRNGKeyArray,
    ):
        """Draw the weights of f."""
        check_positive("the rate of a flow", rate)
        check_positive("first_step", first_step)
        check_share("first_step", first_step)
        hidden_size, depth = whole_number("hidden_size", hidden_size), whole_number("depth", depth)
        diffrax = _diffrax()
        self.cell = cell
        size = cell.deter_size + cell.stoch_size + cell.context_size
        self.field = DenseStack(
            size, cell.deter_size, hidden_size=hidden_size, depth=depth, key=key
        )
        self.log_rate = jnp.full(cell.deter_size, math.log(rate), dtype=float)
        self.solver = solver or diffrax.Tsit5()
        self.controller = controller or diffrax.PIDController(rtol=1e-3, atol=1e-4)
        self.adjoint = adjoint or diffrax.RecursiveCheckpointAdjoint()
        self.first_step = first_step
        self.max_steps = whole_number("max_steps", max_steps)

    def prepare_context(
        self, top_down: Float[Array, " top_down"], conditioning: Conditioning
    ) -> tuple[Float[Array, ""], Float[Array, " top_down"], Any]:
        """Return the time of the tick, the input from above, and the wrapped cell's context."""
        return conditioning.time, top_down, self.cell.prepare_context(top_down, conditioning)

    def advance(
        self, state: State, context: tuple[Float[Array, ""], Float[Array, " top_down"], Any]
    ) -> Float[Array, " deter"]:
        """Let the memory flow until the tick, then return the wrapped cell's h_t."""
        time, top_down, context = context
        deter = self._flow(state, time - state.time, top_down)
        return self.cell.advance(State(state.stoch, deter, time), context)

    def _flow(
        self, state: State, duration: Float[Array, ""], top_down: Float[Array, " top_down"]
    ) -> Float[Array, " deter"]:
        """Solve the equation over a duration."""
        diffrax = _diffrax()
        constant, rate = jnp.concatenate([state.stoch, top_down]), jnp.exp(self.log_rate)

        def velocity(_, deter, duration):
            return rate * duration * jnp.tanh(self.field(jnp.concatenate([deter, constant])))

        # In a time of its own that always runs from 0 to 1, so that a duration of 0 is no special
        # case.
        solution = diffrax.diffeqsolve(
            diffrax.ODETerm(velocity),
            self.solver,
            t0=0.0,
            t1=1.0,
            dt0=self.first_step,
            y0=state.deter,
            args=duration,
            stepsize_controller=self.controller,
            adjoint=self.adjoint,
            max_steps=self.max_steps,
        )
        deter = jnp.asarray(solution.ys)[0]
        return eqx.error_if(
            deter,
            ~jnp.isfinite(deter).all(),
            "the flow between two ticks is not finite; use an adaptive step size controller",
        )


def _diffrax() -> ModuleType:
    """Import diffrax, only now, since that takes seconds."""
    with extra("flow"):
        import diffrax

    return diffrax
