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
from jaxtyping import TypeCheckError
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
    stacked,
)
from reference import assert_alike, rssm_advance, rssm_posterior, rssm_prior

from cwvae.cells import Conditioning, GaussianHead, RSSMCell, imagine_level, observe_level

seeds = st.integers(0, 2**31)
kinds = pytest.mark.parametrize("kind", CELLS)
TICKS = 5

observe = eqx.filter_jit(observe_level)
imagine = eqx.filter_jit(imagine_level)


def inputs(seed: int = 0, ticks: int = TICKS):
    """Draw what is heard from above, features, noise and what is given."""
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
def test_a_cell_says_its_sizes(kind):
    cell = some_cell(kind)
    assert (cell.stoch_size, cell.feature_size, cell.context_size) == (STOCH, FEATURE, OUTPUT)
    assert (cell.init().stoch.shape, cell.init().deter.shape) == ((STOCH,), (cell.deter_size,))
    assert cell.output(cell.init()).shape == (cell.output_size,) == (OUTPUT,)


@kinds
def test_an_output_is_the_sample_then_what_the_memory_tells(kind):
    cell = some_cell(kind)
    state = some_state(cell)
    assert np.array_equal(cell.output(state), [*state.stoch, *state.deter[:DETER]])


@kinds
@given(seed=seeds)
def test_a_record_is_consistent_with_the_cell_that_made_it(kind, seed):
    cell = some_cell(kind, seed)
    state = some_state(cell, seed)
    above, heard, noise, known = inputs(seed)
    last, trace = observe(cell, state, above, heard, noise, known)
    assert_alike(last, jax.tree.map(lambda a: a[-1], trace.states))
    assert_alike(trace.states.stoch, trace.posterior.sample(noise))
    assert_alike(trace.prior, jax.vmap(cell.prior)(trace.states.deter))
    assert np.array_equal(trace.output, jax.vmap(cell.output)(trace.states))


@kinds
def test_an_imagined_posterior_is_the_prior(kind):
    cell, (above, _, noise, known) = some_cell(kind), inputs()
    last, trace = imagine(cell, some_state(cell), above, noise, known)
    assert eqx.tree_equal(trace.posterior, trace.prior)
    assert_alike(last, jax.tree.map(lambda a: a[-1], trace.states))
    assert_alike(trace.states.stoch, trace.prior.sample(noise))


@kinds
@given(seed=seeds)
def test_without_noise_a_sample_is_the_mode(kind, seed):
    cell = some_cell(kind, seed)
    state = some_state(cell, seed)
    above, heard, noise, known = inputs(seed)
    _, seen = observe(cell, state, above, heard, jnp.zeros_like(noise), known)
    _, imagined = imagine(cell, state, above, jnp.zeros_like(noise), known)
    assert np.array_equal(seen.states.stoch, seen.posterior.mode)
    assert np.array_equal(imagined.states.stoch, imagined.prior.mode)


@kinds
def test_features_change_the_posterior_and_not_the_prior_of_their_tick(kind):
    cell = some_cell(kind)
    state = some_state(cell)
    above, heard, noise, known = inputs()
    _, one = observe(cell, state, above, heard, noise, known)
    _, other = observe(cell, state, above, heard.at[0].add(1), noise, known)
    assert eqx.tree_equal(first(one.prior), first(other.prior))
    assert np.array_equal(one.states.deter[0], other.states.deter[0])
    assert not eqx.tree_equal(first(one.posterior), first(other.posterior))


@kinds
def test_a_cell_hears_its_state_and_what_is_above(kind):
    cell, (above, _, noise, known) = some_cell(kind), inputs()
    _, trace = imagine(cell, some_state(cell), above, noise, known)
    _, other_above = imagine(cell, some_state(cell), above.at[0].add(1), noise, known)
    _, other_state = imagine(cell, some_state(cell, 1), above, noise, known)
    assert np.any(other_above.states.deter[0] != trace.states.deter[0])
    assert np.any(other_state.states.deter[0] != trace.states.deter[0])


@kinds
def test_rows_of_a_batch_are_independent(kind):
    cell = some_cell(kind)
    state = some_state(cell)
    rows = [inputs(seed) for seed in range(3)]
    batched = eqx.filter_vmap(observe, in_axes=(None, None, 0, 0, 0, 0))
    together = batched(cell, state, *stacked(rows))
    for index, row in enumerate(rows):
        alone = observe(cell, state, *row)
        assert_alike(jax.tree.map(lambda a, i=index: a[i], together), alone)


@kinds
def test_noise_is_drawn_by_key_and_as_wide_as_the_sample(kind):
    cell = some_cell(kind)
    keys = jr.split(jr.key(0), 2)
    one, again, other = (cell.noise(key=key) for key in (keys[0], keys[0], keys[1]))
    assert one.shape == (STOCH,)
    assert np.array_equal(one, again)
    assert np.all(one != other)


@kinds
def test_uncertainty_is_positive_even_where_the_network_says_none(kind):
    cell = some_cell(kind)
    # Weights so large that a softplus underflows.
    extreme = jax.tree.map(lambda a: 1e3 * a if eqx.is_array(a) and a.ndim > 1 else a, cell)
    above, heard, noise, known = inputs()
    _, trace = observe(extreme, some_state(cell), above, heard, jnp.zeros_like(noise), known)
    for belief in (trace.prior, trace.posterior):
        assert all(np.all(np.isfinite(leaf)) for leaf in jax.tree.leaves(belief))
    assert np.all(np.isfinite(trace.posterior.kl(trace.prior)))


@pytest.mark.parametrize("name", ["top_down", "features", "noise"])
@pytest.mark.parametrize("change", [lambda a: a[1:], lambda a: a[:, 0], lambda a: a.astype(int)])
def test_inputs_of_the_wrong_shape_or_dtype_are_refused_by_name(name, change):
    arguments = dict(zip(("top_down", "features", "noise", "conditioning"), inputs(), strict=True))
    arguments[name] = change(arguments[name])
    # Where two arguments disagree on the ticks, the later one is named.
    with pytest.raises(TypeCheckError, match=f"parameter '({name}|features)'"):
        observe_level(some_cell("rssm"), some_state(some_cell("rssm")), **arguments)


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
    return {name: np.float64(array) for name, array in weights.items()}


@pytest.mark.parametrize("top_down", [0, OUTPUT])
@given(seed=seeds)
def test_the_papers_cell_is_its_equations_in_float64(top_down, seed):
    cell = made(rssm, context_size=top_down, seed=seed)
    state = some_state(cell, seed)
    above, feature, weights = draw(seed, top_down), draw(seed + 1, FEATURE), official_weights(cell)
    deter = cell.advance(state, cell.prepare_context(above, first(inputs()[-1])))
    expected = rssm_advance(weights, *map(np.float64, (state.stoch, state.deter, above)))
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
    assert np.all(sure.prior(draw(0, DETER)).stddev == 0.25)


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
