"""Operations counted from weights are those of traced programs, and add up to known totals."""

import dataclasses

import counting
import equinox as eqx
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest
from flops import Work
from jax import lax
from programs import traced, train

from cwvae import PRESETS, build
from cwvae.training.step import loss_inputs

MOVING_MNIST, DEBUG = PRESETS["moving_mnist"].model, PRESETS["debug"].model


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

    assert counting.forward(observe, hierarchy, features, noise) == Work(config).observe(frames)
    assert counting.forward(imagine, hierarchy, noise) == Work(config).imagine(frames)


@pytest.mark.parametrize(("preset", "batch"), [("debug", 2), ("moving_mnist", 8), ("minerl", 1)])
def test_a_training_step_has_two_products_more_for_each_but_the_first(preset, batch):
    frames = PRESETS[preset].train.frames
    of = Work(PRESETS[preset].model)
    forward = frames * of.frame + of.observe(frames)
    # The first convolution needs no gradient of its input, the video.
    expected = batch * (3 * forward - frames * of.first_convolution)
    assert train(preset, batch).flops == expected


def step(preset: str) -> tuple:
    """Return the loss of a preset's training step, and the shapes of what it is given."""
    chosen = PRESETS[preset]

    def loss(model, videos):
        return model.loss(videos, loss_inputs(chosen.train, jnp.zeros((), "int32")), key=jr.key(0))

    arguments = traced(chosen.model, 2, 8)
    return lambda *arguments: loss(*arguments).total, *arguments


def test_other_methods_are_counted_as_their_gradients_are_traced():
    loss, *arguments = step("debug_svg_lp")
    assert counting.training(loss, *arguments) == counting.forward(
        eqx.filter_grad(loss), *arguments
    )
    # VTA's frame networks compute anew what they do not keep.
    loss, *arguments = step("debug_vta")
    assert counting.training(loss, *arguments) < counting.forward(eqx.filter_grad(loss), *arguments)


def test_zeros_around_and_between_pixels_are_no_factors():
    images, kernel = jnp.ones((1, 2, 5, 5)), jnp.ones((3, 2, 4, 4))

    def convolve(images, kernel, **options):
        return lax.conv_general_dilated(images, kernel, (1, 1), [(3, 3)] * 2, **options)

    # As often as every pixel meets every element of the kernel, whatever lies between.
    expected = 2 * 2 * 3 * (5 * 4) ** 2
    assert counting.forward(convolve, images, kernel) == expected
    apart = {"lhs_dilation": (2, 2)}
    assert counting.forward(lambda *both: convolve(*both, **apart), images, kernel) == expected


def test_gradients_go_through_loops_and_end_where_they_are_stopped():
    weights, rows = jnp.ones((3, 3)), jnp.ones((7, 3))

    def loss(weights, rows, stop):
        def one(state, row):
            used = lax.stop_gradient(state) if stop else state
            return jnp.tanh(used @ weights + row), None

        return lax.scan(one, jnp.zeros(3), rows)[0].sum()

    products = 2 * 3 * 3 * 7
    assert counting.forward(loss, weights, rows, False) == products
    # The state depends on the weights after the first round, so that it is taken to in all.
    assert counting.training(loss, weights, rows, False) == 3 * products
    assert counting.training(loss, weights, rows, True) == 2 * products


def test_products_whose_number_is_not_known_are_an_error():
    def power(x):
        return lax.while_loop(lambda y: y.sum() < 100, lambda y: y @ x, x)

    with pytest.raises(ValueError, match="cannot be counted inside while; use a scan"):
        counting.forward(power, jnp.ones((2, 2)))


def test_the_totals_of_moving_mnist():
    of = Work(MOVING_MNIST)
    assert of.encoder == pytest.approx(27e6, rel=0.02)
    assert of.stacks == pytest.approx(12e6, rel=0.02)
    assert of.decoder == pytest.approx(44e6, rel=0.01)
    assert train("moving_mnist", 8).flops == pytest.approx(204e9, rel=0.01)


def test_a_longer_forecast_costs_its_frames_more():
    shorter, longer = (Work(MOVING_MNIST).forecast(36, horizon) for horizon in (36, 72))
    ticks = Work(MOVING_MNIST).imagine(72) - Work(MOVING_MNIST).imagine(36)
    assert longer - shorter == 36 * Work(MOVING_MNIST).decoder + ticks


@pytest.mark.parametrize(("factor", "ticks"), [(1, 300), (2, 175), (4, 132), (6, 120), (8, 115)])
def test_temporal_abstraction_means_fewer_ticks(factor, ticks):
    assert Work(dataclasses.replace(MOVING_MNIST, factors=factor)).ticks(100) == ticks
