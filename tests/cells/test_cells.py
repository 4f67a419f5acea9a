"""What every cell promises a level, and the paper's cell against its equations."""

from functools import partial

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from models import (
    ACTION,
    CELLS,
    DETER,
    FEATURE,
    OUTPUT,
    STOCH,
    draw,
    made,
    rssm,
    some_state,
)
from reference import assert_alike, rssm_advance, rssm_posterior, rssm_prior

from cwvae.cells import Conditioning, GaussianHead, RSSMCell, imagine_level, observe_level

seeds = st.integers(0, 2**31)
kinds = pytest.mark.parametrize("kind", CELLS)
TICKS = 5

observe = eqx.filter_jit(observe_level)
imagine = eqx.filter_jit(imagine_level)


def inputs(seed: int = 0, ticks: int = TICKS):
    """Draw the output of the level above, features, noise and conditioning."""
    arrays = draw(seed, ticks, OUTPUT), draw(seed + 1, ticks, FEATURE), draw(seed + 2, ticks, STOCH)
    times = jnp.cumsum(jnp.abs(draw(seed + 3, ticks)))
    boundaries = jnp.arange(ticks) % 2 == 0
    return *arrays, Conditioning(times, draw(seed + 4, ticks, ACTION), boundaries)


def first(arrays):
    """Cut out the first tick."""
    return jax.tree.map(lambda a: a[0], arrays)


def some_cell(kind: str, seed: int = 0):
    return made(CELLS[kind], context_size=OUTPUT, seed=seed)


@kinds
def test_a_cell_has_its_sizes(kind):
    cell = some_cell(kind)
    assert (cell.stoch_size, cell.feature_size, cell.context_size) == (STOCH, FEATURE, OUTPUT)
    assert (cell.init().stoch.shape, cell.init().deter.shape) == ((STOCH,), (cell.deter_size,))
    assert cell.output(cell.init()).shape == (cell.output_size,) == (OUTPUT,)


@kinds
def test_an_output_is_the_sample_then_the_output_of_the_memory(kind):
    cell = some_cell(kind)
    state = some_state(cell)
    np.testing.assert_allclose(cell.output(state), [*state.stoch, *state.deter[:DETER]], rtol=1e-6)


@kinds
@given(seed=seeds)
def test_a_record_is_consistent_with_the_cell_that_made_it(kind, seed):
    cell = some_cell(kind, seed)
    state = some_state(cell, seed)
    top_down, features, noise, known = inputs(seed)
    last, trace = observe(cell, state, top_down, features, noise, known)
    assert_alike(last, jax.tree.map(lambda a: a[-1], trace.states))
    assert_alike(trace.states.stoch, trace.posterior.sample(noise))
    assert_alike(trace.prior, jax.vmap(cell.prior)(trace.states.deter))
    assert_alike(trace.output, jax.vmap(cell.output)(trace.states))


@kinds
def test_an_imagined_posterior_is_the_prior(kind):
    cell, (top_down, _, noise, known) = some_cell(kind), inputs()
    last, trace = imagine(cell, some_state(cell), top_down, noise, known)
    assert_alike(trace.posterior, trace.prior)
    assert_alike(last, jax.tree.map(lambda a: a[-1], trace.states))
    assert_alike(trace.states.stoch, trace.prior.sample(noise))


@kinds
def test_features_change_the_posterior_and_not_the_prior_of_their_tick(kind):
    cell = some_cell(kind)
    state = some_state(cell)
    top_down, features, noise, known = inputs()
    _, one = observe(cell, state, top_down, features, noise, known)
    _, other = observe(cell, state, top_down, features.at[0].add(1), noise, known)
    assert_alike(first(one.prior), first(other.prior))
    assert_alike(one.states.deter[0], other.states.deter[0])
    assert not eqx.tree_equal(first(one.posterior), first(other.posterior))


@kinds
def test_a_cell_depends_on_its_state_and_its_context(kind):
    cell, (top_down, _, noise, known) = some_cell(kind), inputs()
    _, trace = imagine(cell, some_state(cell), top_down, noise, known)
    _, other_context = imagine(cell, some_state(cell), top_down.at[0].add(1), noise, known)
    _, other_state = imagine(cell, some_state(cell, 1), top_down, noise, known)
    assert np.any(other_context.states.deter[0] != trace.states.deter[0])
    assert np.any(other_state.states.deter[0] != trace.states.deter[0])


@pytest.mark.parametrize("kind", ["rssm", "flow"])
def test_without_conditioning_ticks_are_1_apart_and_imagined_ones_go_on(kind):
    cell = some_cell(kind)
    top_down, features, noise, _ = inputs()
    boundary = jnp.zeros(TICKS, dtype=bool)
    times = jnp.arange(2.0 * TICKS)
    first_half, second_half = (
        Conditioning(t, jnp.zeros((TICKS, 0)), boundary) for t in jnp.split(times, 2)
    )
    observed = observe(cell, cell.init(), top_down, features, noise)
    assert_alike(observed, observe(cell, cell.init(), top_down, features, noise, first_half))
    imagined = imagine(cell, observed[0], top_down, noise)
    assert_alike(imagined, imagine(cell, observed[0], top_down, noise, second_half))


@kinds
def test_noise_is_drawn_by_key_and_as_wide_as_the_sample(kind):
    cell = some_cell(kind)
    keys = jr.split(jr.key(0), 2)
    one, again, other = (cell.noise(key=key) for key in (keys[0], keys[0], keys[1]))
    assert one.shape == (STOCH,)
    assert_alike(one, again)
    assert np.all(one != other)


@kinds
def test_uncertainty_is_positive_even_where_the_network_gives_none(kind):
    cell = some_cell(kind)
    # Weights so large that a softplus underflows.
    extreme = jax.tree.map(lambda a: 1e3 * a if eqx.is_array(a) and a.ndim > 1 else a, cell)
    top_down, features, noise, known = inputs()
    _, trace = observe(extreme, some_state(cell), top_down, features, jnp.zeros_like(noise), known)
    for belief in (trace.prior, trace.posterior):
        assert all(np.all(np.isfinite(leaf)) for leaf in jax.tree.leaves(belief))
    assert np.all(np.isfinite(trace.posterior.kl(trace.prior)))


# The paper's cell.


def official_weights(cell: RSSMCell) -> dict[str, np.ndarray]:
    """Return the cell's weights in float64 under their official names."""
    layers = {
        "prior_h2_dense": cell.prior_hidden,
        "prior_mean_dense": cell.prior_head.mean,
        "prior_stddev_dense": cell.prior_head.stddev,
        "posterior_h2_dense": cell.posterior_hidden,
        "posterior_mean_dense": cell.posterior_head.mean,
        "posterior_stddev_dense": cell.posterior_head.stddev,
    }
    weights = {f"{name}/kernel": layer.kernel for name, layer in layers.items()}
    weights |= {f"{name}/bias": layer.bias for name, layer in layers.items()}
    for name, layer in (
        ("prior_h1_dense", cell.prior_in),
        ("posterior_h1_dense", cell.posterior_in),
    ):
        weights[f"{name}/kernel"] = np.concatenate([layer.recurrent_kernel, layer.ahead_kernel])
        weights[f"{name}/bias"] = layer.bias
    weights["gru/kernel"] = cell.memory.kernel
    weights["gru/recurrent_kernel"] = cell.memory.recurrent_kernel
    weights["gru/bias"] = np.stack([cell.memory.bias, cell.memory.recurrent_bias])
    return {name: np.asarray(array, np.float64) for name, array in weights.items()}


@pytest.mark.parametrize("context_size", [0, OUTPUT])
@given(seed=seeds)
def test_the_papers_cell_is_its_equations_in_float64(context_size, seed):
    cell = made(rssm, context_size=context_size, seed=seed)
    state = some_state(cell, seed)
    top_down, feature = draw(seed, context_size), draw(seed + 1, FEATURE)
    weights = official_weights(cell)
    deter = cell.advance(state, cell.prepare_context(top_down, first(inputs()[-1])))
    expected = rssm_advance(weights, *map(np.float64, (state.stoch, state.deter, top_down)))
    np.testing.assert_allclose(deter, expected, rtol=1e-5, atol=1e-6)
    prior, posterior = cell.prior(deter), cell.posterior(deter, cell.prepare_evidence(feature))
    mean, stddev = rssm_prior(weights, np.float64(deter))
    np.testing.assert_allclose(prior.mean, mean, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(prior.stddev, stddev, rtol=1e-5, atol=1e-6)
    mean, stddev = rssm_posterior(weights, np.float64(deter), np.float64(feature))
    np.testing.assert_allclose(posterior.mean, mean, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(posterior.stddev, stddev, rtol=1e-5, atol=1e-6)


def test_the_papers_cell_starts_from_zeros():
    assert all(np.all(leaf == 0) for leaf in jax.tree.leaves(made(rssm, context_size=0).init()))


def test_the_papers_cell_adds_its_least_stddev():
    cell = made(rssm, context_size=0, head=partial(GaussianHead, min_stddev=0.25), seed=1)
    never = jnp.full(STOCH, -1e4)
    sure = eqx.tree_at(lambda c: c.prior_head.stddev.bias, cell, never)
    np.testing.assert_allclose(sure.prior(draw(0, DETER)).stddev, 0.25, rtol=1e-6)


def test_the_papers_cell_draws_standard_normal_noise():
    cell = made(rssm, context_size=0)
    drawn = np.ravel(jax.vmap(lambda key: cell.noise(key=key))(jr.split(jr.key(0), 20_000)))
    assert abs(drawn.mean()) < 0.02
    assert drawn.std() == pytest.approx(1, abs=0.02)
    assert np.mean(np.abs(drawn) < 1) == pytest.approx(0.6827, abs=0.01)


def test_the_papers_cell_starts_with_an_orthogonal_recurrence_and_zero_biases():
    cell = RSSMCell(
        stoch_size=3, deter_size=4, hidden_size=5, feature_size=2, context_size=0, key=jr.key(0)
    )
    recurrent = cell.memory.recurrent_kernel
    np.testing.assert_allclose(recurrent @ recurrent.T, np.eye(4), atol=1e-5)
    biases = [a for a in jax.tree.leaves(eqx.filter(cell, eqx.is_array)) if a.ndim == 1]
    assert len(biases) == 10
    assert all(np.all(bias == 0) for bias in biases)
