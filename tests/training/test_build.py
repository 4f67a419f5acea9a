"""From a configuration to a model."""

import dataclasses

import equinox as eqx
import jax
import jax.random as jr
import numpy as np
import pytest
from models import DETER, OUTPUT, STOCH, TINY

from cwvae.cells import Residual, RSSMCell
from cwvae.clock import Clock
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
