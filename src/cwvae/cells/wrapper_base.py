"""What a wrapper is: a cell made from another one."""

from typing import Any

import equinox as eqx
from jaxtyping import Array, Float, PRNGKeyArray

from cwvae.arguments import described
from cwvae.beliefs import AbstractBelief
from cwvae.cells.base import AbstractCell, Conditioning, State

__all__ = ["AbstractWrapper"]


class AbstractWrapper(AbstractCell):
    """A cell made from another, `cell`, which it follows in all that it does not replace."""

    cell: eqx.AbstractVar[AbstractCell]

    def __check_init__(self) -> None:
        """Raise `ValueError` for anything but a cell to wrap."""
        if not isinstance(self.cell, AbstractCell):
            raise ValueError(
                f"cell must be a cell, got {described(self.cell)}; make it before it is wrapped"
            )

    @property
    def stoch_size(self) -> int:  # type: ignore[override]
        """The size of the stochastic part."""
        return self.cell.stoch_size

    @property
    def deter_size(self) -> int:  # type: ignore[override]
        """The size of the deterministic part."""
        return self.cell.deter_size

    @property
    def context_size(self) -> int:  # type: ignore[override]
        """The length of the input from the level above."""
        return self.cell.context_size

    @property
    def feature_size(self) -> int:  # type: ignore[override]
        """The length of the input from the encoder."""
        return self.cell.feature_size

    @property
    def output_size(self) -> int:
        """The length of the output."""
        return self.cell.output_size

    @property
    def action_size(self) -> int:
        """The length of the action that the cell takes."""
        return self.cell.action_size

    def init(self) -> State:
        """Return the state before the first tick."""
        return self.cell.init()

    def noise(self, *, key: PRNGKeyArray) -> Float[Array, " stoch"]:
        """Draw the noise of one tick."""
        return self.cell.noise(key=key)

    def output(self, state: State) -> Float[Array, " output"]:
        """Return the input of the level below, or of the decoder."""
        return self.cell.output(state)

    def prepare_context(
        self, top_down: Float[Array, " top_down"], conditioning: Conditioning
    ) -> Any:
        """Return what `advance` needs of a tick's inputs besides the state."""
        return self.cell.prepare_context(top_down, conditioning)

    def prepare_evidence(self, feature: Float[Array, " feature"]) -> Any:
        """Return what `posterior` needs of a tick's features."""
        return self.cell.prepare_evidence(feature)

    def advance(self, state: State, context: Any) -> Float[Array, " deter"]:
        """Return h_t."""
        return self.cell.advance(state, context)

    def prior(self, deter: Float[Array, " deter"]) -> AbstractBelief:
        """Return p(z_t | h_t)."""
        return self.cell.prior(deter)

    def posterior(self, deter: Float[Array, " deter"], evidence: Any) -> AbstractBelief:
        """Return q(z_t | h_t, e_t)."""
        return self.cell.posterior(deter, evidence)
