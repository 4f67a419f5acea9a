"""The gradient of SVG-LP's loss, and what training makes of it."""

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
from bouncing import bouncing
from svg_models import TINY, drawn, videos

from cwvae.baselines.svg import SVGConfig, build_svg
from cwvae.training.config import TrainConfig
from cwvae.training.step import init_train_state, train_in_place
from cwvae.video_model import LossInputs

STEP = 1e-6


def test_gradients_agree_with_finite_differences():
    with jax.enable_x64(True):
        weights, rest = eqx.partition(drawn(TINY), eqx.is_inexact_array)
        batch, inputs = videos(2, 4), LossInputs(beta=0.1)

        @jax.jit
        def value_and_gradient(weights):
            def total(weights):
                return eqx.combine(weights, rest).loss(batch, inputs, key=jr.key(1)).total

            return jax.value_and_grad(total)(weights)

        _, gradient = value_and_gradient(weights)
        leaves, structure = jax.tree.flatten(weights)
        for seed in range(3):
            numbers = np.random.default_rng(seed)
            along = [jnp.asarray(numbers.standard_normal(leaf.shape)) for leaf in leaves]

            def moved(step, along=along):
                points = [leaf + step * one for leaf, one in zip(leaves, along, strict=True)]
                return value_and_gradient(jax.tree.unflatten(structure, points))[0]

            expected = (moved(STEP) - moved(-STEP)) / (2 * STEP)
            slope = sum(map(jnp.vdot, jax.tree.leaves(gradient), along))
            np.testing.assert_allclose(slope, expected, rtol=1e-4)
    # Running statistics, and biases that the batch's own mean takes away, have no gradient at all.
    norm = eqx.combine(gradient, rest).networks.decoder.first.norm
    assert not any(map(np.any, (norm.running.mean, norm.running.variance, norm.offset)))
    assert np.all(np.asarray(norm.scale))


def test_a_few_steps_on_digits_halve_the_loss():
    size = SVGConfig(size=32, filters=4, feature_size=16, stoch_size=4, memory_size=16)
    config = TrainConfig(steps=20, batch_size=4, frames=8, learning_rate=1e-2, beta=1e-4)
    state = init_train_state(build_svg(size, key=jr.key(0)), config)
    frames, losses = bouncing(4, 8).frames, []
    for _ in range(config.steps):
        state, record = train_in_place(frames, state, config)
        losses.append(float(record.loss.total))
    assert losses[-1] < 0.5 * losses[0]
    assert record.loss.scalars["kl"] > 0
    running = state.model.networks.encoder.stages[0][0].norm.running
    np.testing.assert_array_equal(running.mean, record.loss.encoder[0].mean)
    assert np.any(running.variance != 1)
