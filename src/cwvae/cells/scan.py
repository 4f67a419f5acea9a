"""The two drivers that run any cell over its level's ticks: observe and imagine.

Both prepare the inputs of all ticks at once, scan the recurrence, and evaluate after it what
does not feed back.
"""

import jax

from cwvae.cells.base import AbstractCell, Conditioning, State, Trace
from cwvae.shapes import Features, Noise, TopDown, checked

__all__ = ["imagine_level", "observe_level"]


@checked
def observe_level(
    cell: AbstractCell,
    state: State,
    top_down: TopDown,
    features: Features,
    noise: Noise,
    conditioning: Conditioning,
) -> tuple[State, Trace]:
    """Tick through features, sampling from the posterior; return the last state and the record."""
    above = jax.vmap(cell.prepare_context)(top_down, conditioning)
    evidence = jax.vmap(cell.prepare_evidence)(features)

    def step(state, inputs):
        above, evidence, noise, time = inputs
        deter = cell.advance(state, above)
        posterior = cell.posterior(deter, evidence)
        state = State(stoch=posterior.sample(noise), deter=deter, time=time)
        return state, (state, posterior)

    state, (states, posterior) = jax.lax.scan(
        step, state, (above, evidence, noise, conditioning.time)
    )
    # The prior's head does not feed back, so it sees all ticks at once.
    prior = jax.vmap(cell.prior)(states.deter)
    return state, Trace(states, jax.vmap(cell.output)(states), prior=prior, posterior=posterior)


@checked
def imagine_level(
    cell: AbstractCell, state: State, top_down: TopDown, noise: Noise, conditioning: Conditioning
) -> tuple[State, Trace]:
    """Tick without features, sampling from the prior; return the last state and the record."""
    above = jax.vmap(cell.prepare_context)(top_down, conditioning)

    def step(state, inputs):
        above, noise, time = inputs
        deter = cell.advance(state, above)
        prior = cell.prior(deter)
        state = State(stoch=prior.sample(noise), deter=deter, time=time)
        return state, (state, prior)

    state, (states, prior) = jax.lax.scan(step, state, (above, noise, conditioning.time))
    return state, Trace(states, jax.vmap(cell.output)(states), prior=prior, posterior=prior)
