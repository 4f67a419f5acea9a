"""Dense layers and the GRU against their formulas, and how they are initialised."""

import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from models import draw, made
from reference import dense, gru, relu

from cwvae.nn.layers import GRU, Dense, DenseStack, SplitDense, add_bias, leaky_relu

seeds = st.integers(0, 2**31)


def glorot_bound(rows: int, columns: int) -> float:
    return (6 / (rows + columns)) ** 0.5


def assert_glorot(kernel, bound: float):
    kernel = np.asarray(kernel)
    assert 0.97 * bound < np.abs(kernel).max() <= bound
    assert kernel.std() == pytest.approx(bound / 3**0.5, rel=0.03)


@given(seeds)
def test_dense_multiplies_and_adds_the_bias(seed):
    layer, x = made(Dense, 3, 4, seed=seed), draw(seed + 1, 3)
    expected = np.float64(x) @ np.float64(layer.kernel) + np.float64(layer.bias)
    np.testing.assert_allclose(layer(x), expected, rtol=1e-5, atol=1e-6)


@given(seeds)
def test_split_dense_is_dense_on_what_recurs_then_what_is_known_ahead(seed):
    layer = made(SplitDense, 3, 2, 4, seed=seed)
    recurrent, ahead = draw(seed + 1, 3), draw(seed + 2, 2)
    kernel = np.concatenate([layer.recurrent_kernel, layer.ahead_kernel]).astype(np.float64)
    expected = np.float64([*recurrent, *ahead]) @ kernel + np.float64(layer.bias)
    actual = layer(recurrent, layer.ahead(ahead))
    np.testing.assert_allclose(actual, expected, rtol=1e-5, atol=1e-6)


def test_split_dense_may_know_nothing_ahead():
    layer = made(SplitDense, 3, 0, 4)
    assert np.array_equal(layer.ahead(jnp.zeros(0)), layer.bias)


@given(seeds)
def test_a_stack_is_dense_layers_with_relus_between_them(seed):
    stack, vector = made(DenseStack, 4, 3, hidden_size=5, depth=3, seed=seed), draw(seed, 4)
    weights = {
        f"{number}/{leaf}": np.float64(getattr(layer, leaf))
        for number, layer in enumerate(stack.layers)
        for leaf in ("kernel", "bias")
    }
    hidden = relu(dense(weights, "0", np.float64(vector)))
    expected = dense(weights, "2", relu(dense(weights, "1", hidden)))
    np.testing.assert_allclose(stack(vector), expected, rtol=1e-5, atol=1e-5)


def test_a_stack_of_one_layer_is_linear():
    stack, vector = made(DenseStack, 4, 3, hidden_size=5, depth=1), draw(0, 4)
    assert np.array_equal(stack(vector), stack.layers[0](vector))


def test_a_stack_without_layers_is_an_error():
    with pytest.raises(ValueError, match="at least 1 dense layer, got 0"):
        made(DenseStack, 4, 3, hidden_size=5, depth=0)


@given(seeds)
def test_the_gru_resets_after_the_product(seed):
    layer, x, h = made(GRU, 3, 4, seed=seed), draw(seed + 1, 3), draw(seed + 2, 4)
    weights = {
        "gru/kernel": np.float64(layer.kernel),
        "gru/recurrent_kernel": np.float64(layer.recurrent_kernel),
        "gru/bias": np.float64([layer.bias, layer.recurrent_bias]),
    }
    expected = gru(weights, "gru", np.float64(x), np.float64(h))
    np.testing.assert_allclose(layer(x, h), expected, rtol=1e-5, atol=1e-6)


def test_dense_starts_glorot_uniform_with_zero_biases():
    layer = Dense(60, 90, key=jr.key(0))
    assert_glorot(layer.kernel, glorot_bound(60, 90))
    assert np.all(layer.bias == 0)


def test_split_dense_starts_as_one_kernel_would():
    layer = SplitDense(40, 60, 50, key=jr.key(0))
    assert_glorot(layer.recurrent_kernel, glorot_bound(100, 50))
    assert_glorot(layer.ahead_kernel, glorot_bound(100, 50))
    assert np.all(layer.bias == 0)


def test_the_gru_starts_glorot_uniform_orthogonal_and_with_zero_biases():
    layer = GRU(40, 30, key=jr.key(0))
    assert_glorot(layer.kernel, glorot_bound(40, 90))
    recurrent = np.asarray(layer.recurrent_kernel)
    np.testing.assert_allclose(recurrent @ recurrent.T, np.eye(30), atol=1e-5)
    assert np.all(layer.bias == 0)
    assert np.all(layer.recurrent_bias == 0)


def test_leaky_relu_and_its_gradient_are_those_of_jax():
    inputs, cotangent = jnp.asarray([-3.0, -1e-3, 0.0, 1e-3, 2.0]), jnp.arange(1.0, 6.0)
    ours = jax.vjp(leaky_relu, inputs)
    theirs = jax.vjp(lambda x: jax.nn.leaky_relu(x, 0.2), inputs)
    assert np.array_equal(ours[0], theirs[0])
    assert np.array_equal(ours[1](cotangent)[0], theirs[1](cotangent)[0])


def test_the_gradient_of_a_bias_is_summed_in_its_own_precision():
    values = jnp.zeros((1000, 3), jnp.bfloat16)

    def total(bias):
        return jnp.sum(add_bias(values, bias.reshape(1, 3)).astype(float))

    # In bfloat16 1000 ones would add up to 256.
    assert np.array_equal(jax.grad(total)(jnp.zeros(3)), [1000] * 3)
    assert add_bias(values, jnp.zeros((1, 3))).dtype == jnp.bfloat16
