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
# Of two chunks of 16 frames, the windows of the largest convolution, in answers of the first one.
_WORK = 2 * 16 * 6


def parameters(model: CWVAE) -> int:
    """Return the number of weights of a model, or of the shapes of one.

    The shapes alone are `eqx.filter_eval_shape(build, config, key=jax.random.key(0))`, which makes
    no weights.
    """
    return sum(math.prod(leaf.shape) for leaf in jax.tree.leaves(model) if _is_weight(leaf))


def memory_of_training(model: CWVAE, config: TrainConfig, sizes: ModelConfig) -> int:
    """Return about how many bytes a training step takes on a CPU, without making anything.

    **Arguments:** `model`, or the shapes of one; `config`, for the size of a batch; `sizes`, the
    configuration that the model was made from.

    The weights, the optimiser's state, the videos and the past of those in pieces are counted
    exactly. Beside them a step needs either the gradient and its copy as one vector, or, where that
    is more, what the layers keep for it, which is estimated for networks of these `sizes`: frames,
    what the encoder returns, every tick's vectors, the zeros that fill the slowest level's last
    window, and the work on a few frames at a time. Of the presets' networks, from 1 to 50 videos,
    XLA plans between 0.7 and 1.5 times as much; of networks of a few units with thousands of videos
    up to twice as much, and on an accelerator, which decodes all frames at once, about twice as
    much.
    """
    state = eqx.filter_eval_shape(init_train_state, model, config)
    state = expected_at(state, 1, config)
    weights = sum(_bytes(leaf) for leaf in jax.tree.leaves(model) if _is_weight(leaf))
    period = sizes.clock.slowest
    filling = -config.frames % period * feature_size(sizes.size, sizes.channel_multiplier)
    video = config.frames * _kept(sizes) + filling
    kept = (config.batch_size * video + _WORK * _first(sizes)) * _FLOAT
    videos = config.batch_size * config.frames * sizes.size**2 * sizes.channels
    return sum(map(_bytes, jax.tree.leaves(state))) + videos + max(2 * weights, kept)


def _kept(sizes: ModelConfig) -> int:
    """Return how many numbers of a frame are kept for the gradient."""
    # A frame as it is encoded, as it is compared, and in chunks; of the first layer's answers some
    # are kept and some computed again.
    edge, encoded = sizes.size // 2 - 1, 3 * sizes.size**2 * sizes.channels + _first(sizes) // 2
    for channels in filters(sizes.size, sizes.channel_multiplier)[1:]:
        edge = edge // 2 - 1
        encoded += edge**2 * channels
    feature = feature_size(sizes.size, sizes.channel_multiplier)
    stack = (sizes.dense_layers - 1) * sizes.dense_hidden + feature
    ticks = sum(1 / period for period in sizes.clock.periods)
    return int(encoded + (sizes.levels - 1) * stack + ticks * _CELL * sizes.hidden_size)


def _first(sizes: ModelConfig) -> int:
    """Return how many numbers the first layer of the encoder makes of a frame."""
    return (sizes.size // 2 - 1) ** 2 * filters(sizes.size, sizes.channel_multiplier)[0]


def _is_weight(leaf: object) -> bool:
    """Return whether a leaf is an array of weights, or the shape of one."""
    return isinstance(leaf, _ARRAYS) and jnp.issubdtype(leaf.dtype, jnp.inexact)


def _bytes(leaf: object) -> int:
    """Return the bytes of an array or its shape; what is neither takes none."""
    return math.prod(leaf.shape) * leaf.dtype.itemsize if isinstance(leaf, _ARRAYS) else 0
