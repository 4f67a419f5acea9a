"""How much memory a training step takes, counted before anything is made."""

import math

import equinox as eqx
import jax
import jax.numpy as jnp

from cwvae.model import CWVAE
from cwvae.nn.vision import feature_size, filters
from cwvae.training.carry import expected_at
from cwvae.training.config import ModelConfig, TrainConfig
from cwvae.training.step import init_train_state

__all__ = ["memory_of_training", "parameters"]

_ARRAYS = (jax.ShapeDtypeStruct, jax.Array)
_FLOAT = 4  # bytes
_CELL = 12  # vectors of a cell's hidden size that a tick keeps for the gradient


def parameters(model: CWVAE) -> int:
    """Return the number of weights of a model, or of the shapes of one.

    The shapes alone are `eqx.filter_eval_shape(build, config, key=jax.random.key(0))`, which makes
    no weights.
    """
    return sum(math.prod(leaf.shape) for leaf in jax.tree.leaves(model) if _is_weight(leaf))


def memory_of_training(model: CWVAE, config: TrainConfig, sizes: ModelConfig) -> int:
    """Return the bytes that a training step takes at least, without making anything.

    **Arguments:** `model`, or the shapes of one; `config`, for the size of a batch; `sizes`, the
    configuration that the model was made from.

    Weights, the optimiser's state, the past of videos in pieces, the gradient and its copy as one
    vector are counted exactly.
    What the layers keep for the gradient is estimated for networks of these `sizes`: the frames,
    what the encoder returns after its first layer, every tick's vectors, and the zeros that fill
    the slowest level's last window. An accelerator, which decodes all frames at once, keeps about
    twice as much.
    """
    state = eqx.filter_eval_shape(init_train_state, model, config)
    state = expected_at(state, 1, config)
    weights = sum(_bytes(leaf) for leaf in jax.tree.leaves(model) if _is_weight(leaf))
    period = sizes.clock.slowest
    filling = -config.frames % period * feature_size(sizes.size, sizes.channel_multiplier)
    video = config.frames * _kept(sizes) + filling
    exact = sum(map(_bytes, jax.tree.leaves(state))) + 2 * weights
    return exact + config.batch_size * video * _FLOAT


def _kept(sizes: ModelConfig) -> int:
    """Return how many numbers of a frame are kept for the gradient."""
    edge, encoded = sizes.size // 2 - 1, sizes.size**2 * sizes.channels
    for channels in filters(sizes.size, sizes.channel_multiplier)[1:]:
        edge = edge // 2 - 1
        encoded += edge**2 * channels
    feature = feature_size(sizes.size, sizes.channel_multiplier)
    stack = (sizes.dense_layers - 1) * sizes.dense_hidden + feature
    ticks = sum(1 / period for period in sizes.clock.periods)
    return int(encoded + (sizes.levels - 1) * stack + ticks * _CELL * sizes.hidden_size)


def _is_weight(leaf: object) -> bool:
    """Return whether a leaf is an array of weights, or the shape of one."""
    return isinstance(leaf, _ARRAYS) and jnp.issubdtype(leaf.dtype, jnp.inexact)


def _bytes(leaf: object) -> int:
    """Return the bytes of an array or its shape; what is neither takes none."""
    return math.prod(leaf.shape) * leaf.dtype.itemsize if isinstance(leaf, _ARRAYS) else 0
