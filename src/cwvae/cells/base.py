"""What a level is: a cell that ticks, and the two scans that run any cell over its ticks.

A cell is a deterministic memory and a stochastic belief:

    h_t = f(h_{t-1}, z_{t-1}, output of the level above)      advance
    p(z_t | h_t)                                              prior
    q(z_t | h_t, e_t)                                         posterior

(Saxena et al. 2021, equations 1 and 2.) It has no batch axis, no time axis, no key and no flags;
noise is an argument, so zero noise is the mean-only mode. What need not wait for the recurrence
is *prepared* for all ticks at once, before the scan.
"""

import abc
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from cwvae.beliefs import AbstractBelief
from cwvae.shapes import Features, Noise, TopDown, checked

__all__ = ["AbstractCell", "State", "Trace", "imagine_level", "observe_level"]


class State(eqx.Module):
    """What recurs from tick to tick, and nothing else; arrays may carry a leading ticks axis."""

    stoch: Float[Array, "*ticks stoch"]
    deter: Float[Array, "*ticks deter"]

    @property
    def output(self) -> Float[Array, "*ticks output"]:
        """What the level below, or the decoder, is told: [stoch, deter]."""
        return jnp.concatenate([self.stoch, self.deter], axis=-1)


class Trace(eqx.Module):
    """The record of one level: its states and beliefs at every tick (a leading ticks axis).

    A level that imagined learned nothing, so there the posterior is the prior.
    """

    states: State
    prior: AbstractBelief
    posterior: AbstractBelief

    @property
    def output(self) -> Float[Array, "ticks output"]:
        """What the level below is told at each tick."""
        return self.states.output


class AbstractCell(eqx.Module):
    """One level's transition, all arrays those of a single tick.

    Beside the methods a cell says its sizes: `stoch` and `deter` of its state, `top_down` of what
    it hears from above (0 at the top), `feature` of what it hears from the encoder.
    """

    stoch: eqx.AbstractVar[int]
    deter: eqx.AbstractVar[int]
    top_down: eqx.AbstractVar[int]
    feature: eqx.AbstractVar[int]

    @abc.abstractmethod
    def init(self) -> State:
        """Return the state before the first tick."""

    @abc.abstractmethod
    def noise(self, *, key: PRNGKeyArray) -> Float[Array, "stoch"]:
        """Draw the noise of one tick, of the kind that the cell's beliefs are sampled from."""

    @abc.abstractmethod
    def hear_above(self, top_down: Float[Array, "top_down"]) -> Any:
        """Prepare one tick's top-down context for `advance`, without the state."""

    @abc.abstractmethod
    def hear_frames(self, feature: Float[Array, "feature"]) -> Any:
        """Prepare one tick's features for `posterior`, without the state."""

    @abc.abstractmethod
    def advance(self, state: State, above: Any) -> Float[Array, "deter"]:
        """Return h_t, given the last state and what `hear_above` returned."""

    @abc.abstractmethod
    def prior(self, deter: Float[Array, "deter"]) -> AbstractBelief:
        """Return p(z_t | h_t)."""

    @abc.abstractmethod
    def posterior(self, deter: Float[Array, "deter"], evidence: Any) -> AbstractBelief:
        """Return q(z_t | h_t, e_t), given what `hear_frames` returned."""


@checked
def observe_level(
    cell: AbstractCell, state: State, top_down: TopDown, features: Features, noise: Noise
) -> tuple[State, Trace]:
    """Tick through features, sampling from the posterior; return the last state and the record."""
    above = jax.vmap(cell.hear_above)(top_down)
    evidence = jax.vmap(cell.hear_frames)(features)

    def tick(state, inputs):
        above, evidence, noise = inputs
        deter = cell.advance(state, above)
        posterior = cell.posterior(deter, evidence)
        state = State(stoch=posterior.sample(noise), deter=deter)
        return state, (state, posterior)

    state, (states, posterior) = jax.lax.scan(tick, state, (above, evidence, noise))
    # The prior's head does not feed back, so it sees all ticks at once.
    return state, Trace(states, prior=jax.vmap(cell.prior)(states.deter), posterior=posterior)


@checked
def imagine_level(
    cell: AbstractCell, state: State, top_down: TopDown, noise: Noise
) -> tuple[State, Trace]:
    """Tick without features, sampling from the prior; return the last state and the record."""
    above = jax.vmap(cell.hear_above)(top_down)

    def tick(state, inputs):
        above, noise = inputs
        deter = cell.advance(state, above)
        prior = cell.prior(deter)
        state = State(stoch=prior.sample(noise), deter=deter)
        return state, (state, prior)

    state, (states, prior) = jax.lax.scan(tick, state, (above, noise))
    return state, Trace(states, prior=prior, posterior=prior)
