"""How much memory a training step takes, counted before anything is made."""

import math
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp

from cwvae.training.carry import expected_at
from cwvae.training.config import TrainConfig
from cwvae.training.methods import method_of
from cwvae.training.step import init_train_state
from cwvae.video_model import AbstractVideoModel

__all__ = ["memory_of_training", "parameters"]

_ARRAYS = (jax.ShapeDtypeStruct, jax.Array)
_FLOAT = 4  # bytes


def parameters(model: AbstractVideoModel) -> int:
    """Return the number of weights of a model, or of the shapes of one.

    The shapes alone are `eqx.filter_eval_shape(build, config, key=jax.random.key(0))`, which makes
    no weights.
    """
    return model.num_parameters


def memory_of_training(model: AbstractVideoModel, config: TrainConfig, sizes: Any) -> int:
    """Return about how many bytes a training step takes on a CPU, without making anything.

    **Arguments:** `model`, or the shapes of one; `config`, for the size of a batch and the parts
    that it accumulates; `sizes`, the configuration that the model was made from.

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
    part = config.batch_size // config.accumulate
    kept = method_of(sizes).kept(sizes, part, config.frames) * _FLOAT
    videos = config.batch_size * config.frames * sizes.size**2 * sizes.channels
    return sum(map(_bytes, jax.tree.leaves(state))) + videos + max(2 * weights, kept)


def _is_weight(leaf: object) -> bool:
    """Return whether a leaf is an array of weights, or the shape of one."""
    return isinstance(leaf, _ARRAYS) and jnp.issubdtype(leaf.dtype, jnp.inexact)


def _bytes(leaf: object) -> int:
    """Return the bytes of an array or its shape; what is neither takes none."""
    return math.prod(leaf.shape) * leaf.dtype.itemsize if isinstance(leaf, _ARRAYS) else 0
