"""From a configuration to a model."""

import dataclasses

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest
from models import DETER, OUTPUT, STOCH, TINY, draw, noise, stacked, tiny

from cwvae.cells import MinGRUCell, PassingContext, Residual, RSSMCell
from cwvae.clock import Clock
from cwvae.likelihoods import Bernoulli, CalibratedNormal, DiscretisedLogistic, FixedNormal
from cwvae.objective import loss
from cwvae.rollout import forecast
from cwvae.training.build import build
from cwvae.training.config import ModelConfig


def structure(config: ModelConfig):
    return eqx.filter_eval_shape(build, config, key=jr.key(0))


def test_build_gives_every_part_the_configured_sizes():
    model = structure(TINY)
    assert model.hierarchy.clock == Clock(2, 2)
    assert [cell.context_size for cell in model.hierarchy.cells] == [OUTPUT, 0]
    assert {
        (cell.stoch_size, cell.deter_size, cell.feature_size) for cell in model.hierarchy.cells
    } == {(STOCH, DETER, 16)}
    assert [len(stack.layers) for stack in model.encoder.stacks] == [2]
    assert model.encoder.stacks[0].layers[0].kernel.shape == (16, 4)
    assert model.decoder.dense.kernel.shape[0] == OUTPUT
    assert model.likelihood.stddev == 0.5
    assert model.hierarchy.cells[0].prior_head.min_stddev == TINY.min_stddev


@pytest.mark.parametrize("lookahead", [True, False])
def test_a_model_looks_ahead_or_not_as_configured(lookahead):
    config = dataclasses.replace(TINY, lookahead=lookahead)
    assert structure(config).hierarchy.clock == Clock(2, 2, lookahead=lookahead)


def test_the_least_stddev_reaches_every_head():
    model = structure(dataclasses.replace(TINY, min_stddev=0.25))
    heads = [h for c in model.hierarchy.cells for h in (c.prior_head, c.posterior_head)]
    assert [head.min_stddev for head in heads] == [0.25] * 4


def test_memories_hold_and_beliefs_are_about_changes_at_the_levels_that_are_configured():
    config = dataclasses.replace(TINY, update_bias=(0.0, 2.0), residual_prior=(False, True))
    fast, slow = build(config, key=jr.key(0)).hierarchy.cells
    assert (type(fast), type(slow)) == (RSSMCell, Residual)
    assert np.array_equal(fast.memory.bias, np.zeros(3 * DETER))
    assert np.array_equal(slow.cell.memory.bias, [2.0] * DETER + [0.0] * 2 * DETER)
    both = dataclasses.replace(TINY, update_bias=1.0, residual_prior=True)
    cells = build(both, key=jr.key(0)).hierarchy.cells
    assert [float(cell.cell.memory.bias[0]) for cell in cells] == [1, 1]


def test_cells_are_of_the_kind_that_is_configured():
    config = dataclasses.replace(TINY, cell="min_gru", update_bias=(0.0, 2.0), pass_context=True)
    fast, slow = build(config, key=jr.key(0)).hierarchy.cells
    assert (type(fast), type(fast.cell), type(slow)) == (PassingContext, MinGRUCell, MinGRUCell)
    assert (fast.parallel, slow.parallel) == (True, True)
    assert np.array_equal(slow.gates.bias, [2.0] * DETER + [0.0] * DETER)


def test_a_model_that_is_not_held_is_the_official_one():
    held = build(dataclasses.replace(TINY, update_bias=2.0), key=jr.key(0))
    biases = lambda model: [cell.memory.bias for cell in model.hierarchy.cells]  # noqa: E731
    plain = build(TINY, key=jr.key(0))
    assert eqx.tree_equal(eqx.tree_at(biases, held, biases(plain)), plain)
    assert all(np.all(bias == 0) for bias in biases(plain))


def test_the_same_key_builds_the_same_model_and_another_key_another():
    one, again, other = (build(TINY, key=jr.key(seed)) for seed in (0, 0, 1))
    assert eqx.tree_equal(one, again)
    kernels = [leaf for leaf in jax.tree.leaves(one) if eqx.is_array(leaf) and leaf.ndim > 1]
    others = [leaf for leaf in jax.tree.leaves(other) if eqx.is_array(leaf) and leaf.ndim > 1]
    assert all((a != b).all() for a, b in zip(kernels, others, strict=True))


def test_no_two_layers_of_a_model_start_alike():
    model = build(dataclasses.replace(TINY, levels=3), key=jr.key(0))
    kernels = [leaf for leaf in jax.tree.leaves(model) if eqx.is_array(leaf) and leaf.ndim > 1]
    # Of uniform draws with different bounds, since the bound depends on the shape.
    ratios = [float(k.reshape(-1)[0] / k.reshape(-1)[1]) for k in kernels if k.size]
    assert len(set(ratios)) == len(ratios)


def test_levels_may_have_sizes_of_their_own():
    config = dataclasses.replace(TINY, stoch_size=(2, 3), deter_size=(4, 5))
    fast, slow = structure(config).hierarchy.cells
    assert (fast.stoch_size, fast.deter_size, fast.context_size) == (2, 4, 8)
    assert (slow.stoch_size, slow.deter_size, slow.context_size) == (3, 5, 0)


def test_contexts_are_passed_on_down_to_the_decoder():
    config = dataclasses.replace(TINY, levels=3, pass_context=True)
    model = structure(config)
    assert [cell.output_size for cell in model.hierarchy.cells] == [3 * OUTPUT, 2 * OUTPUT, OUTPUT]
    assert model.decoder.dense.kernel.shape[0] == 3 * OUTPUT


def test_a_static_level_is_the_slowest_as_configured():
    config = dataclasses.replace(TINY, levels=3, static_window=4)
    assert structure(config).hierarchy.clock == Clock(3, 2, static_window=4)


FAMILIES = {
    "normal": FixedNormal,
    "calibrated": CalibratedNormal,
    "bernoulli": Bernoulli,
    "logistic": DiscretisedLogistic,
}
families = pytest.mark.parametrize("name", FAMILIES)


@families
def test_a_model_has_the_likelihood_that_is_configured_and_the_last_layer_for_it(name):
    config = dataclasses.replace(TINY, likelihood=name, channels=3)
    model = structure(config)
    assert type(model.likelihood) is FAMILIES[name]
    width = 6 if name == "logistic" else 3
    assert model.decoder.convolutions[-1].bias.shape == (width,)
    # Means of normal pixels are within the tanh of the official network; others have no bounds.
    large = model.decoder.activation(jnp.asarray(5.0))
    assert float(large) == pytest.approx(1 if name in ("normal", "calibrated") else 5, abs=1e-3)


@families
def test_a_model_of_every_likelihood_learns_and_predicts_frames_in_range(name):
    model = tiny(levels=1, likelihood=name)
    videos = jax.nn.sigmoid(4 * draw(1, 2, 20, 32, 32, 1))
    noises = stacked([noise(model.hierarchy, 20, seed=row) for row in range(2)])
    value, slopes = eqx.filter_jit(
        eqx.filter_value_and_grad(lambda model: loss(model, videos, noises).total)
    )(model)
    assert np.isfinite(value)
    assert all(np.all(np.isfinite(leaf)) for leaf in jax.tree.leaves(slopes))
    assert np.any(slopes.decoder.convolutions[-1].bias != 0)
    future = eqx.filter_jit(forecast)(model, videos[0, :4], 3, key=jr.key(0))
    assert future.shape == (1, 3, 32, 32, 1)
    assert np.all(np.abs(future) <= 1)


def test_a_calibrated_model_has_the_configured_start_floor_and_warmup():
    config = dataclasses.replace(TINY, likelihood="calibrated", stddev_floor=0.2, stddev_warmup=3)
    likelihood = build(config, key=jr.key(0)).likelihood
    assert float(likelihood.stddev) == pytest.approx(TINY.decoder_stddev)
    least = [likelihood := likelihood.follow(likelihood.stddev) for _ in range(3)][-1].least
    assert float(jnp.sqrt(least)) == pytest.approx(0.2)


@pytest.mark.parametrize("stddev", [0.1, 1.0])
def test_logistic_scales_start_with_the_standard_deviation_of_the_decoder(stddev):
    config = dataclasses.replace(TINY, likelihood="logistic", channels=3, decoder_stddev=stddev)
    model = build(config, key=jr.key(0))
    mean, log_scale = np.split(np.asarray(model.decoder(jnp.zeros(OUTPUT))), 2, axis=-1)
    np.testing.assert_allclose(mean, 0, atol=1e-6)
    # The standard deviation of a logistic distribution of scale s is s pi / sqrt(3).
    np.testing.assert_allclose(np.exp(log_scale) * np.pi / np.sqrt(3), stddev, rtol=1e-5)


def test_weights_do_not_depend_on_the_likelihood():
    normal, other = (
        build(dataclasses.replace(TINY, likelihood=name), key=jr.key(0))
        for name in ("normal", "bernoulli")
    )
    arrays = (eqx.filter(model, eqx.is_array) for model in (normal, other))
    leaves = [jax.tree.leaves(tree) for tree in arrays]
    assert all(np.array_equal(a, b) for a, b in zip(*leaves, strict=True))
