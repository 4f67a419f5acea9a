"""What a cell is: one level's transition, tick by tick.

A cell is a deterministic memory and a stochastic belief:

    h_t = f(h_{t-1}, z_{t-1}, output of the level above)      advance
    p(z_t | h_t)                                              prior
    q(z_t | h_t, e_t)                                         posterior

(Saxena et al. 2021, equations 1 and 2.) It has no batch axis, no time axis, no key and no flags;
noise is an argument, so zero noise gives every belief's mode. What need not wait for the
recurrence is *prepared* for all ticks at once, before the scan.
"""

import abc
from typing import Any

import equinox as eqx
import jax.numpy as jnp
import jax.random as jr
from jaxtyping import Array, Bool, Float, PRNGKeyArray

from cwvae.beliefs import AbstractBelief

__all__ = [
    "AbstractCell",
    "AbstractWrapper",
    "Conditioning",
    "State",
    "Trace",
]


class State(eqx.Module):
    """What recurs from tick to tick, and nothing else; arrays may carry a leading ticks axis.

    **Arguments:** `stoch`, the stochastic part; `deter`, all that the deterministic part
    remembers, as one vector; `time`, when the level ticked.
    """

    stoch: Float[Array, "*ticks stoch"]
    deter: Float[Array, "*ticks deter"]
    time: Float[Array, "*ticks"]


class Conditioning(eqx.Module):
    """What is known of a tick without inference; arrays may carry a leading ticks axis.

    **Arguments:** `time`, of the tick, in frames or any other unit; `action`, what is done in the
    tick's window (width 0 when there is nothing); `boundary`, whether the level above ticks too.
    `Hierarchy.given` makes it for every level.
    """

    time: Float[Array, "*ticks"]
    action: Float[Array, "*ticks action"]
    boundary: Bool[Array, "*ticks"]


class Trace(eqx.Module):
    """The record of one level: its states, outputs and beliefs at every tick.

    All have a leading ticks axis. A level that imagined learned nothing, so there the posterior
    is the prior.
    """

    states: State
    output: Float[Array, "*ticks output"]
    prior: AbstractBelief
    posterior: AbstractBelief


class AbstractCell(eqx.Module):
    """One level's transition, all arrays those of a single tick.

    A cell says its sizes, `stoch` and `deter` of its state, `top_down` of what it hears from
    above (0 at the top) and `feature` of what it hears from the encoder, and defines `advance`,
    `prior` and `posterior`. The other methods have defaults, which a cell may replace.
    """

    stoch_size: eqx.AbstractVar[int]
    deter_size: eqx.AbstractVar[int]
    context_size: eqx.AbstractVar[int]
    feature_size: eqx.AbstractVar[int]

    @property
    def output_size(self) -> int:
        """The length of `output`: the `top_down` of a cell below, the input of a decoder."""
        return self.stoch_size + self.deter_size

    @property
    def action_size(self) -> int:
        """The length of the action that the cell hears; 0 for a cell that hears none."""
        return 0

    def init(self) -> State:
        """Return the state before the first tick: zeros."""
        return State(jnp.zeros(self.stoch_size), jnp.zeros(self.deter_size), jnp.zeros(()))

    def noise(self, *, key: PRNGKeyArray) -> Float[Array, " stoch"]:
        """Draw the noise of one tick, of the kind that the cell's beliefs are sampled from."""
        return jr.normal(key, (self.stoch_size,))

    def output(self, state: State) -> Float[Array, " output"]:
        """Return what the level below, or the decoder, is told: [stoch, deter]."""
        return jnp.concatenate([state.stoch, state.deter])

    def prepare_context(
        self, top_down: Float[Array, " top_down"], conditioning: Conditioning
    ) -> Any:
        """Prepare one tick's context and what is given for `advance`, without the state."""
        return top_down

    def prepare_evidence(self, feature: Float[Array, " feature"]) -> Any:
        """Prepare one tick's features for `posterior`, without the state."""
        return feature

    @abc.abstractmethod
    def advance(self, state: State, above: Any) -> Float[Array, " deter"]:
        """Return h_t, given the last state and what `prepare_context` returned."""

    @abc.abstractmethod
    def prior(self, deter: Float[Array, " deter"]) -> AbstractBelief:
        """Return p(z_t | h_t)."""

    @abc.abstractmethod
    def posterior(self, deter: Float[Array, " deter"], evidence: Any) -> AbstractBelief:
        """Return q(z_t | h_t, e_t), given what `prepare_evidence` returned."""


class AbstractWrapper(AbstractCell):
    """A cell made from another, `cell`, which it follows in all that it does not replace."""

    cell: eqx.AbstractVar[AbstractCell]

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
        """The length of what is heard from above."""
        return self.cell.context_size

    @property
    def feature_size(self) -> int:  # type: ignore[override]
        """The length of what is heard from the encoder."""
        return self.cell.feature_size

    @property
    def output_size(self) -> int:
        """The length of the output."""
        return self.cell.output_size

    @property
    def action_size(self) -> int:
        """The length of the action that the cell hears."""
        return self.cell.action_size

    def init(self) -> State:
        """Return the state before the first tick."""
        return self.cell.init()

    def noise(self, *, key: PRNGKeyArray) -> Float[Array, " stoch"]:
        """Draw the noise of one tick."""
        return self.cell.noise(key=key)

    def output(self, state: State) -> Float[Array, " output"]:
        """Return what the level below, or the decoder, is told."""
        return self.cell.output(state)

    def prepare_context(
        self, top_down: Float[Array, " top_down"], conditioning: Conditioning
    ) -> Any:
        """Prepare one tick's context and what is given for `advance`."""
        return self.cell.prepare_context(top_down, conditioning)

    def prepare_evidence(self, feature: Float[Array, " feature"]) -> Any:
        """Prepare one tick's features for `posterior`."""
        return self.cell.prepare_evidence(feature)

    def advance(self, state: State, above: Any) -> Float[Array, " deter"]:
        """Return h_t."""
        return self.cell.advance(state, above)

    def prior(self, deter: Float[Array, " deter"]) -> AbstractBelief:
        """Return p(z_t | h_t)."""
        return self.cell.prior(deter)

    def posterior(self, deter: Float[Array, " deter"], evidence: Any) -> AbstractBelief:
        """Return q(z_t | h_t, e_t)."""
        return self.cell.posterior(deter, evidence)
