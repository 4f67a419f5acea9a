"""What a level is: a cell that ticks, and the two scans that run any cell over its ticks.

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
import jax
import jax.numpy as jnp
import jax.random as jr
from jaxtyping import Array, Bool, Float, PRNGKeyArray

from cwvae.beliefs import AbstractBelief
from cwvae.shapes import Features, Noise, TopDown, checked

__all__ = [
    "AbstractCell",
    "AbstractWrapper",
    "Given",
    "State",
    "Trace",
    "imagine_level",
    "observe_level",
]


class State(eqx.Module):
    """What recurs from tick to tick, and nothing else; arrays may carry a leading ticks axis.

    **Arguments:** `stoch`, the stochastic part; `deter`, all that the deterministic part
    remembers, as one vector; `time`, when the level ticked.
    """

    stoch: Float[Array, "*ticks stoch"]
    deter: Float[Array, "*ticks deter"]
    time: Float[Array, "*ticks"]


class Given(eqx.Module):
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

    stoch: eqx.AbstractVar[int]
    deter: eqx.AbstractVar[int]
    top_down: eqx.AbstractVar[int]
    feature: eqx.AbstractVar[int]

    @property
    def output_size(self) -> int:
        """The length of `output`: the `top_down` of a cell below, the input of a decoder."""
        return self.stoch + self.deter

    @property
    def action(self) -> int:
        """The length of the action that the cell hears; 0 for a cell that hears none."""
        return 0

    def init(self) -> State:
        """Return the state before the first tick: zeros."""
        return State(jnp.zeros(self.stoch), jnp.zeros(self.deter), jnp.zeros(()))

    def noise(self, *, key: PRNGKeyArray) -> Float[Array, "stoch"]:
        """Draw the noise of one tick, of the kind that the cell's beliefs are sampled from."""
        return jr.normal(key, (self.stoch,))

    def output(self, state: State) -> Float[Array, "output"]:
        """Return what the level below, or the decoder, is told: [stoch, deter]."""
        return jnp.concatenate([state.stoch, state.deter])

    def hear_above(self, top_down: Float[Array, "top_down"], given: Given) -> Any:
        """Prepare one tick's context and what is given for `advance`, without the state."""
        return top_down

    def hear_frames(self, feature: Float[Array, "feature"]) -> Any:
        """Prepare one tick's features for `posterior`, without the state."""
        return feature

    @abc.abstractmethod
    def advance(self, state: State, above: Any) -> Float[Array, "deter"]:
        """Return h_t, given the last state and what `hear_above` returned."""

    @abc.abstractmethod
    def prior(self, deter: Float[Array, "deter"]) -> AbstractBelief:
        """Return p(z_t | h_t)."""

    @abc.abstractmethod
    def posterior(self, deter: Float[Array, "deter"], evidence: Any) -> AbstractBelief:
        """Return q(z_t | h_t, e_t), given what `hear_frames` returned."""


class AbstractWrapper(AbstractCell):
    """A cell made from another, `cell`, which it follows in all that it does not replace."""

    cell: eqx.AbstractVar[AbstractCell]

    @property
    def stoch(self) -> int:  # type: ignore[override]
        """The size of the stochastic part."""
        return self.cell.stoch

    @property
    def deter(self) -> int:  # type: ignore[override]
        """The size of the deterministic part."""
        return self.cell.deter

    @property
    def top_down(self) -> int:  # type: ignore[override]
        """The length of what is heard from above."""
        return self.cell.top_down

    @property
    def feature(self) -> int:  # type: ignore[override]
        """The length of what is heard from the encoder."""
        return self.cell.feature

    @property
    def output_size(self) -> int:
        """The length of the output."""
        return self.cell.output_size

    @property
    def action(self) -> int:
        """The length of the action that the cell hears."""
        return self.cell.action

    def init(self) -> State:
        """Return the state before the first tick."""
        return self.cell.init()

    def noise(self, *, key: PRNGKeyArray) -> Float[Array, "stoch"]:
        """Draw the noise of one tick."""
        return self.cell.noise(key=key)

    def output(self, state: State) -> Float[Array, "output"]:
        """Return what the level below, or the decoder, is told."""
        return self.cell.output(state)

    def hear_above(self, top_down: Float[Array, "top_down"], given: Given) -> Any:
        """Prepare one tick's context and what is given for `advance`."""
        return self.cell.hear_above(top_down, given)

    def hear_frames(self, feature: Float[Array, "feature"]) -> Any:
        """Prepare one tick's features for `posterior`."""
        return self.cell.hear_frames(feature)

    def advance(self, state: State, above: Any) -> Float[Array, "deter"]:
        """Return h_t."""
        return self.cell.advance(state, above)

    def prior(self, deter: Float[Array, "deter"]) -> AbstractBelief:
        """Return p(z_t | h_t)."""
        return self.cell.prior(deter)

    def posterior(self, deter: Float[Array, "deter"], evidence: Any) -> AbstractBelief:
        """Return q(z_t | h_t, e_t)."""
        return self.cell.posterior(deter, evidence)


@checked
def observe_level(
    cell: AbstractCell,
    state: State,
    top_down: TopDown,
    features: Features,
    noise: Noise,
    given: Given,
) -> tuple[State, Trace]:
    """Tick through features, sampling from the posterior; return the last state and the record."""
    above = jax.vmap(cell.hear_above)(top_down, given)
    evidence = jax.vmap(cell.hear_frames)(features)

    def step(state, inputs):
        above, evidence, noise, time = inputs
        deter = cell.advance(state, above)
        posterior = cell.posterior(deter, evidence)
        state = State(stoch=posterior.sample(noise), deter=deter, time=time)
        return state, (state, posterior)

    state, (states, posterior) = jax.lax.scan(step, state, (above, evidence, noise, given.time))
    # The prior's head does not feed back, so it sees all ticks at once.
    prior = jax.vmap(cell.prior)(states.deter)
    return state, Trace(states, jax.vmap(cell.output)(states), prior=prior, posterior=posterior)


@checked
def imagine_level(
    cell: AbstractCell, state: State, top_down: TopDown, noise: Noise, given: Given
) -> tuple[State, Trace]:
    """Tick without features, sampling from the prior; return the last state and the record."""
    above = jax.vmap(cell.hear_above)(top_down, given)

    def step(state, inputs):
        above, noise, time = inputs
        deter = cell.advance(state, above)
        prior = cell.prior(deter)
        state = State(stoch=prior.sample(noise), deter=deter, time=time)
        return state, (state, prior)

    state, (states, prior) = jax.lax.scan(step, state, (above, noise, given.time))
    return state, Trace(states, jax.vmap(cell.output)(states), prior=prior, posterior=prior)
