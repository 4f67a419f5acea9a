"""The two drivers that run any cell over its level's ticks: observe and imagine.

Both prepare the inputs of all ticks at once, scan the recurrence, and evaluate after it what
does not feed back; of a cell whose posterior does not read the memory nothing but the memory
recurs.
"""

from functools import partial
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from cwvae.arguments import check_shape
from cwvae.beliefs import AbstractBelief
from cwvae.cells.base import AbstractCell, Conditioning, State, Trace
from cwvae.cells.checks import check_conditioning, check_state
from cwvae.cells.recurrence import recur
from cwvae.shapes import Features, Noise, TopDown, checked

__all__ = ["imagine_level", "observe_level"]

# The last state, and the states and posteriors of all ticks.
_Inferred = tuple[State, tuple[State, AbstractBelief]]


@checked
def observe_level(
    cell: AbstractCell,
    state: State,
    top_down: TopDown,
    features: Features,
    noise: Noise,
    conditioning: Conditioning | None = None,
) -> tuple[State, Trace]:
    """Tick through features, sampling from the posterior; return the last state and the record.

    At ticks that are not observed the posterior is the prior, whatever the features. Without
    `conditioning` the ticks come at times 0, 1, 2, ... without actions. Raises
    `ValueError` for a state or inputs of other sizes than the cell's.
    """
    if conditioning is None:
        conditioning = _regular(noise.shape[0], jnp.zeros(()))
    _check(cell, state, top_down, noise, conditioning)
    check_shape("features", features, ("ticks", cell.feature_size), "see cell.feature_size")
    context = jax.vmap(cell.prepare_context)(top_down, conditioning)
    evidence = jax.vmap(cell.prepare_evidence)(features)
    # Where a frame is missing the posterior is the prior, which reads the memory.
    at_once = cell.parallel and conditioning.observed is None
    infer = _infer_at_once if at_once else _infer_by_tick
    inputs = context, evidence, jnp.asarray(noise), conditioning.time, conditioning.observed
    state, (states, posterior) = infer(cell, state, inputs)
    # The prior's head does not feed back, so it is evaluated on all ticks at once.
    prior = jax.vmap(cell.prior)(states.deter)
    return state, Trace(states, jax.vmap(cell.output)(states), prior=prior, posterior=posterior)


def _infer_by_tick(cell: AbstractCell, state: State, inputs: Any) -> _Inferred:
    """Infer the states one by one, each from the one before."""
    arrays, static = eqx.partition(cell, eqx.is_array)

    def step(arrays: Any, state: State, inputs: Any) -> tuple[State, AbstractBelief]:
        cell = eqx.combine(arrays, static)
        context, evidence, noise, time, observed = inputs
        deter = cell.advance(state, context)
        posterior = cell.posterior(deter, evidence)
        if observed is not None:
            choose = partial(jnp.where, observed)
            posterior = jax.tree.map(choose, posterior, cell.prior(deter))
        return State(stoch=posterior.sample(noise), deter=deter, time=time), posterior

    return recur(step, arrays, state, inputs)


def _infer_at_once(cell: AbstractCell, state: State, inputs: Any) -> _Inferred:
    """Infer the states of a cell whose posterior does not read the memory."""
    context, evidence, noise, time, _ = inputs
    posterior = jax.vmap(partial(cell.posterior, state.deter))(evidence)
    stoch = jax.vmap(lambda belief, noise: belief.sample(noise))(posterior, noise)
    before = _after(state.stoch, stoch)[:-1], context, _after(state.time, time)[:-1]
    states = State(stoch, cell.advance_all(state, *before), time)
    last = jax.tree.map(lambda first, others: _after(first, others)[-1], state, states)
    return last, (states, posterior)


def _after(first: Array, others: Array) -> Array:
    """Return an entry and those that follow it."""
    return jnp.concatenate([first[None], others])


@checked
def imagine_level(
    cell: AbstractCell,
    state: State,
    top_down: TopDown,
    noise: Noise,
    conditioning: Conditioning | None = None,
) -> tuple[State, Trace]:
    """Tick without features, sampling from the prior; return the last state and the record.

    Without `conditioning` the ticks go on after the state's, 1 apart, without actions. Raises
    `ValueError` for a state or inputs of other sizes than the cell's.
    """
    if conditioning is None:
        conditioning = _regular(noise.shape[0], state.time + 1)
    _check(cell, state, top_down, noise, conditioning)
    context = jax.vmap(cell.prepare_context)(top_down, conditioning)

    def step(state, inputs):
        context, noise, time = inputs
        deter = cell.advance(state, context)
        prior = cell.prior(deter)
        state = State(stoch=prior.sample(noise), deter=deter, time=time)
        return state, (state, prior)

    inputs = context, jnp.asarray(noise), conditioning.time
    state, (states, prior) = jax.lax.scan(step, state, inputs)
    return state, Trace(states, jax.vmap(cell.output)(states), prior=prior, posterior=prior)


def _regular(ticks: int, first: Float[Array, ""]) -> Conditioning:
    """Return the known inputs of ticks that are 1 apart, without actions."""
    times = first + jnp.arange(ticks, dtype=first.dtype)
    return Conditioning(times, jnp.zeros((ticks, 0)), jnp.zeros(ticks, dtype=bool))


def _check(
    cell: AbstractCell, state: State, top_down: TopDown, noise: Noise, conditioning: Conditioning
) -> None:
    """Raise `ValueError` for arguments that do not fit the cell."""
    check_state(cell, state)
    check_shape("top_down", top_down, ("ticks", cell.context_size), "see cell.context_size")
    check_shape("noise", noise, ("ticks", cell.stoch_size), "draw it with cell.noise")
    check_conditioning(cell, conditioning, noise.shape[0])
