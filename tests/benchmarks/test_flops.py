"""Operations counted from weights are those of traced programs, and add up to known totals."""

import dataclasses
import math

import equinox as eqx
import jax
import jax.random as jr
import numpy as np
import pytest
from flops import Work

from cwvae import PRESETS, build

MOVING_MNIST, DEBUG = PRESETS["moving_mnist"].model, PRESETS["debug"].model


def products(function, *arguments) -> int:
    """Count the operations of all products of a function, in a loop as often as it runs."""

    def count(jaxpr) -> int:
        total = 0
        for equation in jaxpr.eqns:
            kind, params = equation.primitive.name, equation.params
            if kind == "dot_general":
                (contracted, _), _ = params["dimension_numbers"]
                shape = equation.invars[0].aval.shape
                summed = math.prod(shape[axis] for axis in contracted)
                total += 2 * summed * math.prod(equation.outvars[0].aval.shape)
            inner = (getattr(leaf, "jaxpr", leaf) for leaf in jax.tree.leaves(params))
            times = params["length"] if kind == "scan" else 1
            total += times * sum(count(one) for one in inner if hasattr(one, "eqns"))
        return total

    return count(eqx.filter_make_jaxpr(function)(*arguments)[0].jaxpr)


@pytest.mark.parametrize("levels", [1, 3])
def test_a_hierarchy_multiplies_as_often_as_counted(levels):
    config, frames = dataclasses.replace(DEBUG, levels=levels), 13
    hierarchy = eqx.filter_eval_shape(build, config, key=jr.key(0)).hierarchy
    counts = hierarchy.clock.ticks(frames)
    noise = tuple(np.zeros((n, config.stoch_size), np.float32) for n in counts)
    features = tuple(
        np.zeros((n, cell.feature_size), np.float32)
        for n, cell in zip(counts, hierarchy.cells, strict=True)
    )

    def observe(levels, features, noise):
        return levels.observe(levels.init(), features, noise, levels.conditioning(frames))

    def imagine(levels, noise):
        return levels.imagine(levels.init(), noise, levels.conditioning(frames))

    assert products(observe, hierarchy, features, noise) == Work(config).observe(frames)
    assert products(imagine, hierarchy, noise) == Work(config).imagine(frames)


def test_the_totals_of_moving_mnist():
    of = Work(MOVING_MNIST)
    assert of.encoder == pytest.approx(27e6, rel=0.02)
    assert of.stacks == pytest.approx(12e6, rel=0.02)
    assert of.decoder == pytest.approx(44e6, rel=0.01)
    assert of.training_step(8, 100) == pytest.approx(204e9, rel=0.01)


def test_a_longer_forecast_costs_its_frames_more():
    shorter, longer = (Work(MOVING_MNIST).forecast(36, horizon) for horizon in (36, 72))
    ticks = Work(MOVING_MNIST).imagine(72) - Work(MOVING_MNIST).imagine(36)
    assert longer - shorter == 36 * Work(MOVING_MNIST).decoder + ticks


@pytest.mark.parametrize(("factor", "ticks"), [(1, 300), (2, 175), (4, 132), (6, 120), (8, 115)])
def test_temporal_abstraction_means_fewer_ticks(factor, ticks):
    assert Work(dataclasses.replace(MOVING_MNIST, factors=factor)).ticks(100) == ticks
