"""Memories other than the paper's, against float64."""

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from models import DETER, draw, made, rssm, some_state
from reference import assert_alike, sigmoid

from cwvae.nn.layers import GRU, LSTM

IN, WIDTH = 3, 4
seeds = st.integers(0, 2**31)


@given(seeds)
def test_the_lstm_is_its_equations_in_float64(seed):
    memory, inputs, state = made(LSTM, IN, WIDTH, seed=seed), draw(seed + 1, IN), draw(seed + 2, 8)
    x, h, c = (np.float64(a) for a in (inputs, state[:WIDTH], state[WIDTH:]))
    gates = x @ np.float64(memory.kernel) + h @ np.float64(memory.recurrent_kernel)
    write, forget, candidate, out = np.split(gates + np.float64(memory.bias), 4)
    c = sigmoid(forget + 1) * c + sigmoid(write) * np.tanh(candidate)
    h = sigmoid(out) * np.tanh(c)
    np.testing.assert_allclose(memory(inputs, state), [*h, *c], rtol=1e-5, atol=1e-6)


def test_the_state_of_an_lstm_is_twice_as_long_as_its_output():
    memory = made(LSTM, IN, WIDTH)
    assert (memory.size, memory.width) == (2 * WIDTH, WIDTH)
    state = draw(0, memory.size)
    assert np.array_equal(memory.read(state), state[:WIDTH])


def test_the_output_of_a_gru_is_its_state():
    memory = made(GRU, IN, WIDTH)
    assert (memory.size, memory.width) == (WIDTH, WIDTH)
    state = draw(0, memory.size)
    assert np.array_equal(memory.read(state), state)


GATE = {GRU: slice(WIDTH), LSTM: slice(WIDTH, 2 * WIDTH)}
"""The columns of the gate that is the share of the memory that stays."""


@pytest.mark.parametrize("memory", GATE)
def test_the_update_bias_is_where_the_bias_of_the_gate_starts_and_nothing_else(memory):
    plain, held = (memory(IN, WIDTH, update_bias=b, key=jr.key(0)) for b in (0.0, 2.0))
    assert_alike(plain, memory(IN, WIDTH, key=jr.key(0)))
    moved = np.zeros_like(plain.bias)
    moved[GATE[memory]] = 2
    assert np.array_equal(held.bias - plain.bias, moved)
    assert_alike(held, eqx.tree_at(lambda m: m.bias, plain, held.bias))


@pytest.mark.parametrize(("memory", "added"), [(GRU, 0), (LSTM, 1)])
@pytest.mark.parametrize("bias", [-2.0, 0.0, 2.0])
def test_the_larger_the_update_bias_the_more_of_the_memory_stays(memory, added, bias):
    cell = memory(IN, WIDTH, update_bias=bias, key=jr.key(0))
    # With nothing to write.
    quiet = jax.tree.map(lambda a: jnp.zeros_like(a) if a.ndim > 1 else a, cell)
    state = draw(0, cell.size)
    # What recurs through the gate stands last, in a GRU all of it.
    kept = quiet(jnp.zeros(IN), state)[-WIDTH:]
    expected = sigmoid(bias + added) * np.float64(state[-WIDTH:])
    np.testing.assert_allclose(kept, expected, rtol=1e-5)


def test_the_lstm_starts_keeping_what_it_carries():
    memory = LSTM(IN, WIDTH, key=jr.key(0))
    assert np.all(memory.bias == 0)
    kernel = np.asarray(memory.recurrent_kernel)
    np.testing.assert_allclose(kernel @ kernel.T, np.eye(WIDTH), atol=1e-5)
    # Without input, sigmoid(1) of what was carried stays.
    state = jnp.concatenate([jnp.zeros(WIDTH), draw(0, WIDTH)])
    kept = memory(jnp.zeros(IN), state)[WIDTH:]
    np.testing.assert_allclose(kept, sigmoid(1) * np.float64(state[WIDTH:]), rtol=1e-5)


@pytest.mark.parametrize(("memory", "remembered"), [(GRU, DETER), (LSTM, 2 * DETER)])
def test_beliefs_and_the_level_below_depend_on_the_output_of_the_memory_alone(memory, remembered):
    cell = made(rssm, context_size=0, memory=memory)
    state = some_state(cell)
    assert (cell.deter_size, cell.output_size) == (remembered, cell.stoch_size + DETER)
    # What an LSTM carries is input of the memory alone.
    secret = state.deter.at[DETER:].add(1)
    assert_alike(cell.prior(state.deter).mean, cell.prior(secret).mean)
