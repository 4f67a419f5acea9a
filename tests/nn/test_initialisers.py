"""How weights are drawn: the distributions, and the same numbers however they are asked for."""

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest
from jaxprs import primitives

from cwvae.nn.initialisers import glorot_uniform, orthogonal, zeros

KEY = jr.key(5)
# The second takes more than one block of the generator.
SHAPES = [(60, 90), (3, 3, 40, 200)]
MATRICES = [(8, 24), (24, 8), (10, 10)]


@pytest.mark.parametrize("shape", SHAPES)
def test_glorot_uniform_fills_its_interval_evenly(shape):
    drawn = np.float64(glorot_uniform(shape, key=KEY)).reshape(-1)
    window = np.prod(shape[:-2])
    limit = np.sqrt(6 / (window * shape[-2] + window * shape[-1]))
    assert np.max(np.abs(drawn)) <= limit * (1 + 1e-6)
    # Of 5,000 numbers and more the quantiles are known to within five standard errors.
    quantiles = np.quantile(drawn / limit, [0.1, 0.25, 0.5, 0.75, 0.9])
    np.testing.assert_allclose(quantiles, [-0.8, -0.5, 0, 0.5, 0.8], atol=5 / np.sqrt(drawn.size))
    assert np.std(drawn) == pytest.approx(limit / np.sqrt(3), rel=3 / np.sqrt(drawn.size))


@pytest.mark.parametrize("shape", SHAPES)
def test_no_number_is_drawn_twice_and_neighbours_are_independent(shape):
    drawn = np.asarray(glorot_uniform(shape, key=KEY)).reshape(-1)
    assert len(np.unique(drawn)) > 0.99 * drawn.size
    one, other = drawn[:-1], drawn[1:]
    assert abs(np.corrcoef(one, other)[0, 1]) < 5 / np.sqrt(drawn.size)


def test_fans_are_those_of_the_whole_kernel():
    part = glorot_uniform((10, 50), fans=(100, 50), key=KEY)
    assert 0.1 < np.max(np.abs(part)) <= np.sqrt(6 / 150) * (1 + 1e-6)


def test_a_kernel_may_have_no_entries():
    assert glorot_uniform((0, 7), key=KEY).shape == (0, 7)


@pytest.mark.parametrize("shape", MATRICES)
def test_the_shorter_sides_of_an_orthogonal_matrix_are_orthonormal(shape):
    drawn = np.asarray(orthogonal(shape, key=KEY), np.float64)
    assert drawn.shape == shape
    tall = drawn if shape[0] >= shape[1] else drawn.T
    np.testing.assert_allclose(tall.T @ tall, np.eye(tall.shape[1]), atol=1e-5)


def test_orthogonal_matrices_point_in_all_directions_alike():
    drawn = np.stack([np.float64(orthogonal((3, 2), key=key)) for key in jr.split(KEY, 100)])
    # Of an entry of a unit vector of length 3: mean 0, mean square 1 / 3.
    np.testing.assert_allclose(drawn.mean(0), 0, atol=5 * 3**-0.5 / 10)
    np.testing.assert_allclose((drawn**2).mean(0), 1 / 3, atol=5 * 0.3 / 10)


@pytest.mark.parametrize(
    "draw",
    [lambda key: glorot_uniform((300, 240), key=key), lambda key: orthogonal((8, 24), key=key)],
    ids=["glorot_uniform", "orthogonal"],
)
def test_numbers_are_the_same_eagerly_compiled_and_mapped(draw):
    keys = jr.split(KEY, 2)
    eager = np.stack([draw(key) for key in keys])
    compiled = np.stack([jax.jit(draw)(key) for key in keys])
    np.testing.assert_allclose(compiled, eager, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(jax.vmap(draw)(keys), eager, rtol=1e-5, atol=1e-6)
    shape = eqx.filter_eval_shape(draw, KEY)
    assert (shape.shape, shape.dtype) == (eager.shape[1:], eager.dtype)
    assert np.all(eager[0] != eager[1])


def test_a_program_that_draws_weights_calls_nothing_on_the_host():
    def draw(key):
        return glorot_uniform((4, 3), key=key), orthogonal((4, 3), key=key)

    assert not any("callback" in name for name in primitives(draw, KEY))


def test_weights_have_the_type_that_jax_computes_with():
    assert {a.dtype for a in (zeros(3), glorot_uniform((2, 3), key=KEY))} == {jnp.zeros(()).dtype}
    with jax.enable_x64(True):
        wide = glorot_uniform((2, 3), key=jr.key(5))
        assert wide.dtype == zeros(3).dtype == np.float64
    np.testing.assert_allclose(wide, glorot_uniform((2, 3), key=KEY), rtol=1e-6)
