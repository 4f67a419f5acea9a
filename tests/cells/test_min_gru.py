"""A memory that is linear in what it holds: its equations, and all ticks at once."""

from functools import partial

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jaxprs import primitives
from models import ACTION, CELLS, FEATURE, OUTPUT, STOCH, draw, made, min_gru, some_state
from reference import assert_alike, relu, sigmoid

from cwvae.cells import (
    Conditioned,
    Conditioning,
    MinGRUCell,
    PassingContext,
    Resetting,
    State,
    observe_level,
)

seeds = st.integers(0, 2**31)
TICKS = 5

observe = eqx.filter_jit(observe_level)


# Cells that are observed at all ticks at once.
WRAPPED = {
    "min_gru": lambda key: min_gru(context_size=OUTPUT, key=key),
    "resetting": lambda key: Resetting(min_gru(context_size=OUTPUT, key=key)),
    "conditioned": lambda key: Conditioned(min_gru(context_size=OUTPUT + ACTION, key=key), ACTION),
    "passing_context": lambda key: PassingContext(min_gru(context_size=OUTPUT, key=key)),
}


def inputs(seed: int = 0, observed=None):
    """Draw the output of the level above, features, noise and conditioning."""
    widths = (OUTPUT, FEATURE, STOCH)
    arrays = [draw(seed + n, TICKS, width) for n, width in enumerate(widths)]
    known = jnp.arange(1.0, TICKS + 1), draw(seed + 3, TICKS, ACTION), jnp.arange(TICKS) % 2 == 0
    return *arrays, Conditioning(*known, observed)


@given(seed=seeds)
def test_the_cell_is_its_equations_in_float64(seed):
    cell = made(min_gru, context_size=OUTPUT, seed=seed)
    state = some_state(cell, seed)
    above, feature, _, known = jax.tree.map(lambda a: a[0], inputs(seed))
    deter = cell.advance(state, cell.prepare_context(above, known))
    split = cell.prior_in
    kernel = np.concatenate([split.recurrent_kernel, split.ahead_kernel]).astype(np.float64)
    read = np.concatenate([state.stoch, above]).astype(np.float64)
    hidden = relu(read @ kernel + np.float64(split.bias))
    gates = hidden @ np.float64(cell.gates.kernel) + np.float64(cell.gates.bias)
    keep, candidate = sigmoid(gates[: cell.deter_size]), gates[cell.deter_size :]
    expected = keep * np.float64(state.deter) + (1 - keep) * np.tanh(candidate)
    np.testing.assert_allclose(deter, expected, rtol=1e-5, atol=1e-6)
    hidden = np.float64(feature)
    for layer in (cell.posterior_in, cell.posterior_hidden):
        hidden = relu(hidden @ np.float64(layer.kernel) + np.float64(layer.bias))
    mean = hidden @ np.float64(cell.posterior_head.mean.kernel)
    posterior = cell.posterior(deter, cell.prepare_evidence(feature))
    expected = mean + np.float64(cell.posterior_head.mean.bias)
    np.testing.assert_allclose(posterior.mean, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("kind", WRAPPED)
@given(seed=seeds)
def test_all_ticks_at_once_are_the_ticks_one_by_one(kind, seed):
    cell = made(WRAPPED[kind], seed=seed)
    state = some_state(cell, seed)
    assert cell.parallel
    # That all frames are observed is known here to whoever reads the array, and not to the driver.
    by_tick = observe(cell, state, *inputs(seed, observed=jnp.ones(TICKS, bool)))
    assert_alike(observe(cell, state, *inputs(seed)), by_tick)


@pytest.mark.parametrize("kind", CELLS)
def test_all_memories_are_those_of_one_tick_after_the_other(kind):
    cell = made(CELLS[kind], context_size=OUTPUT)
    state = some_state(cell)
    top_down, _, stoch, known = inputs()
    times = jnp.arange(TICKS * 1.0) + state.time

    @eqx.filter_jit
    def both(cell, state):
        context = jax.vmap(cell.prepare_context)(top_down, known)
        deter, found = state.deter, []
        for tick in range(TICKS):
            here = jax.tree.map(lambda a, tick=tick: a[tick], context)
            deter = cell.advance(State(stoch[tick], deter, times[tick]), here)
            found.append(deter)
        return cell.advance_all(state, stoch, context, times), jnp.stack(found)

    assert_alike(*both(cell, state))


def test_gradients_are_those_of_the_ticks_one_by_one():
    cell = made(min_gru, context_size=OUTPUT)
    state = some_state(cell)

    @eqx.filter_jit
    @eqx.filter_grad
    def gradient(cell, observed):
        _, trace = observe_level(cell, state, *inputs(observed=observed))
        return jnp.sum(trace.output**2) + jnp.sum(trace.posterior.kl(trace.prior))

    by_tick = gradient(cell, jnp.ones(TICKS, bool))
    assert_alike(gradient(cell, None), by_tick)
    assert all(np.any(leaf) for leaf in jax.tree.leaves(eqx.filter(by_tick, eqx.is_array)))


@pytest.mark.parametrize(("kind", "loops"), [("min_gru", 0), ("rssm", 1)])
def test_observing_waits_for_no_tick_where_the_posterior_does_not_read_the_memory(kind, loops):
    cell = made(CELLS[kind], context_size=OUTPUT)
    assert primitives(partial(observe_level, cell, cell.init()), *inputs())["scan"] == loops


@pytest.mark.parametrize("kind", CELLS)
def test_a_posterior_reads_the_memory_unless_its_cell_is_parallel(kind):
    cell = made(CELLS[kind], context_size=OUTPUT)
    evidence = cell.prepare_evidence(draw(0, FEATURE))
    one, other = (cell.posterior(draw(seed, cell.deter_size), evidence) for seed in (1, 2))
    assert eqx.tree_equal(one, other) == cell.parallel


def test_the_update_bias_is_that_of_keep_and_nothing_else():
    sizes = {"stoch_size": 3, "deter_size": 4, "hidden_size": 5, "feature_size": 2}
    plain, held = (
        MinGRUCell(**sizes, context_size=0, update_bias=bias, key=jr.key(0)) for bias in (0.0, 2.0)
    )
    assert np.array_equal(held.gates.bias - plain.gates.bias, [2] * 4 + [0] * 4)
    assert_alike(held, eqx.tree_at(lambda cell: cell.gates.bias, plain, held.gates.bias))
    with pytest.raises(ValueError, match="update_bias must be finite, got nan"):
        MinGRUCell(**sizes, context_size=0, update_bias=float("nan"), key=jr.key(0))


def test_no_tick_leaves_the_state_as_it_is():
    cell = made(min_gru, context_size=OUTPUT)
    state = some_state(cell)
    none = jax.tree.map(lambda array: array[:0], inputs())
    last, trace = observe_level(cell, state, *none)
    assert_alike(last, state)
    assert trace.output.shape[0] == 0
