"""All formulations are XLA's convolutions, at the sizes and with the compiler that people use."""

import functools

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from compiling import jit_as_users
from models import draw, made

from cwvae.kernels import chunks
from cwvae.likelihoods import FixedNormal
from cwvae.nn.frame_networks import log_probs, map_frames
from cwvae.nn.vision import FrameDecoder, FrameEncoder
from cwvae.training.presets import PRESETS

CONFIG = PRESETS["moving_mnist"].model
VISION = {"size": CONFIG.size, "channels": CONFIG.channels, "multiplier": CONFIG.channel_multiplier}
STATE, FRAMES = 20, 3

pytestmark = pytest.mark.usefixtures("optimised")


@functools.cache
def gradients(kernels: str):
    """Return values and gradients of both networks, in float64."""

    @jit_as_users
    @functools.partial(eqx.filter_value_and_grad, has_aux=True)
    def total(networks, frames, states):
        encoder, decoder = networks
        features = map_frames(encoder, frames)
        found = log_probs(decoder, FixedNormal(0.5).log_prob, states, frames)
        return jnp.sum(features**2) + found.sum(), (features, map_frames(decoder, states), found)

    with jax.enable_x64(True):
        networks = (
            made(FrameEncoder, **VISION, kernels=kernels),
            made(FrameDecoder, state=STATE, **VISION, kernels=kernels),
        )
        frames, states = jax.nn.sigmoid(draw(0, FRAMES, 64, 64, 1)), draw(1, FRAMES, STATE)
        return total(networks, frames, states)


@pytest.mark.parametrize(("kernels", "chunk"), [("im2col", 16), ("winograd", 16), ("auto", 2)])
def test_values_and_gradients_are_those_of_xla_in_float64(kernels, chunk, monkeypatch):
    monkeypatch.setattr(chunks, "CHUNK", chunk)
    ours, theirs = map(jax.tree.leaves, (gradients(kernels), gradients("xla")))
    for found, expected in zip(map(np.asarray, ours), map(np.asarray, theirs), strict=True):
        assert found.dtype == np.float64
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12 * np.abs(expected).max())
