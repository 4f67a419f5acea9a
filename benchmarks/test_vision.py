"""The frame encoder and the frame decoder, forward and with gradients."""

import equinox as eqx
import flops
import footprint
import inputs
import jax
import jax.numpy as jnp
import pytest
from measuring import Case
from sets import full, quick

from cwvae import PRESETS
from cwvae.nn.frame_networks import map_frames

WAYS = [(part, way) for part in ("encoder", "decoder") for way in ("forward", "gradient")]
CASES = [
    *(quick(part, way, "debug", 3) for part, way in WAYS),
    *((part, way, "moving_mnist", 800) for part, way in WAYS),
    *(full(part, way, "minerl", 800) for part, way in WAYS),
]


@pytest.mark.parametrize(("part", "way", "preset", "frames"), CASES)
def test_vision(measure, part, way, preset, frames):
    """Many frames by themselves; the gradient is that of a mean square."""
    config = PRESETS[preset].model
    measure(
        Case(
            function=eqx.filter_jit(_forward if way == "forward" else _gradient),
            arguments=lambda: _arguments(part, config, frames),
            value=inputs.moments if way == "forward" else _of_gradient,
            frames=frames,
            flops=frames * _operations(part, way, config),
            memory=footprint.training_step(config, 1, frames),
        )
    )


def _forward(network, inputs):
    return map_frames(network, inputs)


def _gradient(network, inputs):
    """Return a loss and the gradient of the weights, and of what is not a frame."""

    def loss(network, inputs):
        return jnp.mean(jnp.square(_forward(network, inputs)))

    def of_all(both):
        return loss(*both)

    # A video needs no gradient; the state that a decoder draws does.
    if inputs.ndim > 2:
        return eqx.filter_value_and_grad(loss)(network, inputs)
    return eqx.filter_value_and_grad(of_all)((network, inputs))


def _of_gradient(result):
    """Return the loss and the mean square of the gradient."""
    loss, gradient = result
    leaves = [jnp.ravel(leaf) for leaf in jax.tree.leaves(gradient)]
    return {"loss": float(loss)} | inputs.moments(jnp.concatenate(leaves))


def _arguments(part, config, frames):
    """Return the network, and frames or states."""
    model = inputs.model(config)
    if part == "encoder":
        return model.encoder.frame, inputs.videos(config, 1, frames)[0] / jnp.float32(255)
    return model.decoder, inputs.normal(frames, config.stoch_size + config.deter_size)


def _operations(part, way, config):
    """Return the operations of a frame; a gradient needs two products more for each."""
    if part == "encoder":
        forward = flops.frame_encoder(config)
        return forward if way == "forward" else 3 * forward - flops.first_convolution(config)
    return flops.frame_decoder(config) * (1 if way == "forward" else 3)
