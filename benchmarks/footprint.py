"""How much memory a case may need: rough formulas, for deciding what fits the machine.

What a case did need is measured; these numbers are for before it is tried.
"""

import functools

import equinox as eqx
import jax
import jax.random as jr

from cwvae.nn.vision import feature_size, filters
from cwvae.training.build import build
from cwvae.training.config import ModelConfig

__all__ = ["activations", "forecast", "latents", "parameters", "training_step"]

FLOAT = 4  # bytes
# Weights, gradients, and Adam's two moments, and once more while they are replaced.
COPIES_OF_WEIGHTS = 8
# Of what a layer returns: itself, kept for the gradient, and something for what is not counted.
COPIES_OF_ACTIVATIONS = 2
# Without gradients, of the context and of the frames that are decoded at a time, about as many.
COPIES_AHEAD = 4


@functools.cache
def parameters(config: ModelConfig) -> int:
    """Count the weights of a model, without making it."""
    model = eqx.filter_eval_shape(build, config, key=jr.key(0))
    return sum(leaf.size for leaf in jax.tree.leaves(model) if hasattr(leaf, "size"))


def activations(config: ModelConfig) -> int:
    """Count the numbers that all layers return for a frame, the frame itself included."""
    edge, encoded = config.size, config.size**2 * config.channels
    outs = filters(config.size, config.channel_multiplier)
    for out in outs:
        edge = (edge - 4) // 2 + 1
        encoded += edge**2 * out
    # What the decoder draws at each stage is about as large as what the encoder reads there.
    feature = feature_size(config.size, config.channel_multiplier)
    stacks = (config.levels - 1) * ((config.dense_layers - 1) * config.dense_hidden + feature)
    cells = sum(1 / period for period in config.clock.periods) * 12 * config.hidden_size
    return int(2 * encoded + stacks + cells)


def training_step(config: ModelConfig, batch: int, frames: int) -> int:
    """Return bytes: 8 times the weights, and twice what all layers return for all frames."""
    weights = COPIES_OF_WEIGHTS * parameters(config)
    return FLOAT * (weights + COPIES_OF_ACTIVATIONS * activations(config) * batch * frames)


def latents(config: ModelConfig, batch: int, context: int, horizon: int) -> int:
    """Return bytes: the weights, 4 times what layers return for the context, 4 times the ticks'."""
    heard = COPIES_AHEAD * activations(config) * context
    ticks = sum(config.clock.ticks(horizon)) * 4 * (4 * config.stoch_size + 2 * config.deter_size)
    return FLOAT * (parameters(config) + batch * (heard + ticks))


def forecast(config: ModelConfig, batch: int, context: int, horizon: int) -> int:
    """Return bytes: those of the latents, and three times the frames that are returned."""
    frames = 3 * batch * horizon * config.size**2 * config.channels
    return latents(config, batch, context, context) + FLOAT * frames
