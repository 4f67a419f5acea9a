"""A cell whose latent vector changes from its last value."""

from typing import Any

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from cwvae.beliefs import AbstractBelief, Gaussian
from cwvae.cells.base import AbstractCell, State
from cwvae.cells.wrapper_base import AbstractWrapper
from cwvae.shapes import checked

__all__ = ["Residual"]


class Residual(AbstractWrapper):
    """A cell whose beliefs are about the change of the last sample.

    p(z_t | h_t) = N(z_{t-1} + mean of the cell's prior, its standard deviation), and the posterior
    likewise: z moves by residual updates, as the states of SRVP do (Franceschi et al. 2020). A
    level that has learnt nothing yet then holds its sample, where another draws it anew. Both
    beliefs are moved, so that their KL is that of the cell's own two: the features give what
    changes, and do not have to give z_{t-1} once more.

    The memory, `deter`, is [that of the cell, z_{t-1}], of which the output holds the cell's part.

    **Arguments:** `cell`, the cell that is wrapped.

    Raises `ValueError` for a cell whose beliefs are not `Gaussian`.
    """

    cell: AbstractCell

    @checked
    def __init__(self, cell: AbstractCell):
        """Check that the cell's beliefs have a mean that can be moved."""
        prior = eqx.filter_eval_shape(lambda cell: cell.prior(cell.init().deter), cell)
        if not isinstance(prior, Gaussian):
            raise ValueError(
                "a residual cell's beliefs must be Gaussian, which can be moved, got "
                f"{type(prior).__name__}; make the cell with a GaussianHead"
            )
        self.cell = cell

    @property
    def deter_size(self) -> int:  # type: ignore[override]
        """The size of the cell's memory and of a sample together."""
        return self.cell.deter_size + self.cell.stoch_size

    def init(self) -> State:
        """Return the state before the first tick."""
        state = self.cell.init()
        return State(state.stoch, jnp.concatenate([state.deter, state.stoch]), state.time)

    def output(self, state: State) -> Float[Array, " output"]:
        """Return the output of the cell, without the last sample."""
        return self.cell.output(self._inner(state))

    def advance(self, state: State, context: Any) -> Float[Array, " deter"]:
        """Return [the cell's h_t, z_{t-1}]."""
        return jnp.concatenate([self.cell.advance(self._inner(state), context), state.stoch])

    def prior(self, deter: Float[Array, " deter"]) -> Gaussian:
        """Return p(z_t | h_t), moved by z_{t-1}."""
        memory, last = self._split(deter)
        return _moved(self.cell.prior(memory), last)

    def posterior(self, deter: Float[Array, " deter"], evidence: Any) -> Gaussian:
        """Return q(z_t | h_t, e_t), moved by z_{t-1}."""
        memory, last = self._split(deter)
        return _moved(self.cell.posterior(memory, evidence), last)

    def _split(self, deter: Float[Array, " deter"]) -> tuple[Array, Array]:
        """Return the cell's memory and the last sample."""
        return deter[: self.cell.deter_size], deter[self.cell.deter_size :]

    def _inner(self, state: State) -> State:
        """Return the state of the cell that is wrapped."""
        return State(state.stoch, self._split(state.deter)[0], state.time)


def _moved(belief: AbstractBelief, last: Float[Array, " stoch"]) -> Gaussian:
    """Return a belief with a mean that is further by `last`."""
    return Gaussian(last + belief.mean, belief.stddev)  # type: ignore[attr-defined]
