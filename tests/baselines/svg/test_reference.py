"""SVG-LP against the same written obviously in NumPy, in float64, step by step."""

import dataclasses

import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest
import svg_reference
from svg_models import TINY, drawn, videos

from cwvae.baselines.svg import SVGConfig
from cwvae.video_model import LossInputs

VGG = dataclasses.replace(TINY, network="vgg", skip="paper")


@pytest.fixture(autouse=True)
def double():
    with jax.enable_x64(True):
        yield


@pytest.mark.parametrize("config", [TINY, VGG], ids=["dcgan", "vgg"])
def test_loss_and_running_statistics_are_those_of_the_authors_loop(config: SVGConfig):
    model, batch, key = drawn(config), videos(3, 6), jr.key(3)
    loss = jax.jit(lambda m, v: m.loss(v, LossInputs(beta=0.1), key=key))(model, batch)
    noise = np.asarray(jr.normal(key, (5, 3, config.stoch_size)))
    arrays = jax.tree.map(np.asarray, model)
    total, errors, nats, kept, _ = svg_reference.train(arrays, batch, noise, 0.1)
    np.testing.assert_allclose(loss.total, total, rtol=1e-10)
    np.testing.assert_allclose(loss.squared_error, errors, rtol=1e-10)
    np.testing.assert_allclose(loss.kl, nats, rtol=1e-9)
    assert loss.scalars.keys() == {"mse", "kl"}
    after = model.after_step(loss)
    for ours, theirs in zip((loss.encoder, loss.decoder), kept, strict=True):
        for layer, moments in enumerate(ours):
            np.testing.assert_allclose(moments.mean, theirs[layer][0], rtol=1e-9, atol=1e-12)
            np.testing.assert_allclose(moments.variance, theirs[layer][1], rtol=1e-9)
    np.testing.assert_array_equal(
        after.networks.encoder.last.norm.running.mean, loss.encoder[-1].mean
    )
    np.testing.assert_array_equal(
        after.networks.decoder.first.norm.running.variance, loss.decoder[0].variance
    )


@pytest.mark.parametrize(
    ("config", "context"),
    [(TINY, 4), (dataclasses.replace(VGG, statistics="running"), 2)],
    ids=["dcgan by the batch", "vgg by running statistics"],
)
def test_forecasts_are_those_of_the_authors_loop(config: SVGConfig, context: int):
    horizon, samples = 3, 2
    model, batch, keys = drawn(config), videos(3, context), jr.split(jr.key(3), 3)
    forecasts = jax.jit(lambda m, v, k: m.forecasts(v, horizon, keys=k, samples=samples))(
        model, batch, keys
    )
    shape = (samples, context - 1 + horizon, config.stoch_size)
    noise = np.stack([jr.normal(key, shape) for key in keys], axis=2)
    arrays = jax.tree.map(np.asarray, model)
    running = config.statistics == "running"
    for sample in range(samples):
        expected = svg_reference.forecast(arrays, batch, noise[sample], running)
        np.testing.assert_allclose(forecasts[:, sample], expected, rtol=1e-9)
    assert np.all(forecasts[:, 0, -1] != forecasts[:, 1, -1])


def test_reconstructions_and_bounds_are_those_of_the_predictions():
    model, batch, keys = drawn(TINY), videos(3, 6), jr.split(jr.key(3), 3)
    both = jax.jit(lambda m, v, k: (m.reconstructions(v, keys=k), m.bounds(v, keys=k)))
    frames, bounds = both(model, batch, keys)
    noise = np.stack([jr.normal(key, (1, 5, TINY.stoch_size))[0] for key in keys], axis=1)
    arrays = jax.tree.map(np.asarray, model)
    _, _, nats, _, expected = svg_reference.train(arrays, batch, noise, 0.1)
    frames = np.asarray(frames)
    np.testing.assert_array_equal(frames[:, 0], batch[:, 0])
    np.testing.assert_allclose(frames[:, 1:], np.moveaxis(expected, 0, 1), rtol=1e-9)
    variance = 32 * 32 * TINY.bounds_beta / 2
    squares = ((frames - batch) ** 2).sum((2, 3, 4))
    likelihood = -squares / (2 * variance) - 512 * np.log(2 * np.pi * variance)
    np.testing.assert_allclose(bounds.log_likelihood[:, 1:], likelihood[:, 1:], rtol=1e-9)
    assert not bounds.log_likelihood[:, 0].any()
    assert bounds.kl.shape == (3, 1)
    np.testing.assert_allclose(bounds.kl.mean(), sum(nats), rtol=1e-9)


def test_an_lstm_has_two_biases_and_the_gates_of_pytorch():
    memory = drawn(TINY).networks.prior.memory
    inputs, start = np.ones((1, 2, 4)), memory.first(2)
    outputs, state = memory(jnp.asarray(inputs), start)
    hidden, carried = svg_reference.lstm(
        jax.tree.map(np.asarray, memory), inputs[0], (np.zeros((2, 4)),) * 2
    )
    np.testing.assert_allclose(outputs[0], hidden, rtol=1e-5)
    np.testing.assert_allclose(state.carried, carried, rtol=1e-5)
