"""What a cell is: one level's transition, tick by tick.

    h_t = f(h_{t-1}, z_{t-1}, output of the level above)      advance
    p(z_t | h_t)                                              prior
    q(z_t | h_t, e_t)                                         posterior

(Saxena et al. 2021, equations 1 and 2; h is `deter`, z is `stoch`, e_t the features.) A cell has
no batch axis, no time axis, no key and no flags. What in its inputs does not depend on the state
is *prepared* for all ticks at once, before the scan: the context of `advance` from the level
above, the evidence of `posterior` from the features.
"""

import abc
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
from jaxtyping import Array, Bool, Float, PRNGKeyArray

from cwvae.beliefs import AbstractBelief

__all__ = ["AbstractCell", "Conditioning", "LevelConditioning", "State", "Trace"]


class State(eqx.Module):
    """What recurs from tick to tick, and nothing else; arrays may carry a leading ticks axis.

    **Arguments:**

    - `stoch`: the stochastic part z.
    - `deter`: the deterministic part h, the whole memory as one vector.
    - `time`: the time of the tick.
    """

    stoch: Float[Array, "*ticks stoch"]
    deter: Float[Array, "*ticks deter"]
    time: Float[Array, "*ticks"]


class Conditioning(eqx.Module):
    """The known inputs of a tick; arrays may carry a leading ticks axis.

    **Arguments:**

    - `time`: of the tick, in frames or any other unit.
    - `action`: the sum of the actions in the tick's window (width 0 when there are none).
    - `boundary`: whether the level above ticks too.
    - `observed`: whether there is evidence, at least one frame of the tick's window; None where
      every frame is observed. A tick without evidence has its prior for its posterior.

    `Hierarchy.conditioning` makes it for every level.
    """

    time: Float[Array, "*ticks"]
    action: Float[Array, "*ticks action"]
    boundary: Bool[Array, "*ticks"]
    observed: Bool[Array, "*ticks"] | None = None


LevelConditioning = tuple[Conditioning, ...]
"""`Conditioning` of every level, the fastest level first."""


class Trace(eqx.Module):
    """The record of one level: its states, outputs and beliefs at every tick.

    **Arguments:** `states`, `output`, `prior` and `posterior`, all with a leading ticks axis. Of
    a level that imagines, which has no evidence, the posterior is the prior.
    """

    states: State
    output: Float[Array, "*ticks output"]
    prior: AbstractBelief
    posterior: AbstractBelief


class AbstractCell(eqx.Module):
    """One level's transition, all arrays those of a single tick.

    A cell has four sizes, `stoch_size` and `deter_size` of its state, `context_size` of its input
    from the level above (0 at the top) and `feature_size` of its input from the encoder, and
    defines `advance`, `prior` and `posterior`. The other methods have defaults, which a cell may
    replace.
    """

    stoch_size: eqx.AbstractVar[int]
    deter_size: eqx.AbstractVar[int]
    context_size: eqx.AbstractVar[int]
    feature_size: eqx.AbstractVar[int]

    @abc.abstractmethod
    def advance(self, state: State, context: Any) -> Float[Array, " deter"]:
        """Return h_t, given the last state and the result of `prepare_context`."""

    @abc.abstractmethod
    def prior(self, deter: Float[Array, " deter"]) -> AbstractBelief:
        """Return p(z_t | h_t)."""

    @abc.abstractmethod
    def posterior(self, deter: Float[Array, " deter"], evidence: Any) -> AbstractBelief:
        """Return q(z_t | h_t, e_t), given the result of `prepare_evidence`."""

    def prepare_context(
        self, top_down: Float[Array, " top_down"], conditioning: Conditioning
    ) -> Any:
        """Return what `advance` needs of a tick's inputs besides the state; default `top_down`."""
        return top_down

    def prepare_evidence(self, feature: Float[Array, " feature"]) -> Any:
        """Return what `posterior` needs of a tick's features; default the features."""
        return feature

    @property
    def parallel(self) -> bool:
        """Whether `posterior` does not read `deter`; default False.

        All samples are then known before any memory is, and `observe_level` takes the memories of
        all ticks from `advance_all`.
        """
        return False

    def advance_all(
        self,
        state: State,
        stoch: Float[Array, "ticks stoch"],
        context: Any,
        time: Float[Array, " ticks"],
    ) -> Float[Array, "ticks deter"]:
        """Return h_1 to h_n, given the samples that they follow; default `advance` n times.

        **Arguments:** `state` before the first tick; `stoch`, the sample before each tick, the
        first that of `state`; `context`, what `prepare_context` returned for each tick; `time` of
        the tick before each tick.
        """

        def step(deter: Array, inputs: Any) -> tuple[Array, Array]:
            stoch, context, time = inputs
            deter = self.advance(State(stoch, deter, time), context)
            return deter, deter

        return jax.lax.scan(step, state.deter, (stoch, context, time))[1]

    def output(self, state: State) -> Float[Array, " output"]:
        """Return the input of the level below, or of the decoder; default [stoch, deter]."""
        return jnp.concatenate([state.stoch, state.deter])

    def init(self) -> State:
        """Return the state before the first tick; default zeros."""
        return State(jnp.zeros(self.stoch_size), jnp.zeros(self.deter_size), jnp.zeros(()))

    def noise(self, *, key: PRNGKeyArray) -> Float[Array, " stoch"]:
        """Draw one tick's noise, of the kind that beliefs are sampled from; default normal."""
        return jr.normal(key, (self.stoch_size,))

    @property
    def output_size(self) -> int:
        """The length of `output`: the `context_size` of a cell below, the input of a decoder."""
        return self.stoch_size + self.deter_size

    @property
    def action_size(self) -> int:
        """The length of the action that the cell takes; 0 for a cell without actions."""
        return 0
