"""A model as a user of `cwvae train --model` writes one: two kinds of levels, parts of its own."""

from __future__ import annotations

from functools import partial

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr

from cwvae import CWVAE, Clock, Hierarchy, ModelConfig, RSSMCell
from cwvae.cells import CategoricalHead
from cwvae.likelihoods import FixedNormal
from cwvae.nn.layers import LSTM, Dense

FEATURE = 16


class Eye(eqx.Module):
    """The same features of all pixels for both levels."""

    dense: Dense

    def __call__(self, frame: jax.Array) -> tuple[jax.Array, jax.Array]:
        features = jnp.tanh(self.dense(frame.reshape(-1)))
        return features, features


class Hand(eqx.Module):
    """All pixels at once."""

    dense: Dense
    shape: tuple[int, ...] = eqx.field(static=True)

    def __call__(self, output: jax.Array) -> jax.Array:
        return self.dense(output).reshape(self.shape)


def make(config: ModelConfig, *, key: jax.Array) -> CWVAE:
    fast_key, slow_key, eye_key, hand_key = jr.split(key, 4)
    frame = (config.size, config.size, config.channels)
    pixels = config.size**2 * config.channels
    sizes = {
        "stoch_size": config.stoch_size,
        "hidden_size": config.hidden_size,
        "feature_size": FEATURE,
    }
    head = partial(CategoricalHead, classes=2)
    slow = RSSMCell(**sizes, deter_size=5, context_size=0, memory=LSTM, head=head, key=slow_key)
    fast = RSSMCell(**sizes, deter_size=6, context_size=slow.output_size, key=fast_key)
    return CWVAE(
        encoder=Eye(Dense(pixels, FEATURE, key=eye_key)),
        hierarchy=Hierarchy((fast, slow), Clock(2, 3)),
        decoder=Hand(Dense(fast.output_size, pixels, key=hand_key), frame),
        likelihood=FixedNormal(1.0),
    )
