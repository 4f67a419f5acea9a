"""From a configuration to a model."""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import jax.random as jr
from jaxtyping import PRNGKeyArray

from cwvae.cells.base import AbstractCell
from cwvae.cells.heads import GaussianHead
from cwvae.cells.residual import Residual
from cwvae.cells.rssm import RSSMCell
from cwvae.hierarchy import Hierarchy
from cwvae.kernels.choice import Kernels
from cwvae.likelihoods import FixedNormal
from cwvae.model import CWVAE
from cwvae.nn.encoder import Encoder
from cwvae.nn.layers import GRU, DenseStack
from cwvae.nn.vision import FrameDecoder, FrameEncoder, feature_size
from cwvae.training.config import ModelConfig

__all__ = ["build"]


def build(config: ModelConfig, *, kernels: Kernels = "auto", key: PRNGKeyArray) -> CWVAE:
    """Make a model of these sizes, its weights drawn from `key`.

    **Arguments:** `config`, such as `PRESETS["moving_mnist"].model`; `key`, one typed key, such as
    `jax.random.key(0)`; `kernels`, how convolutions are computed, by name (`cwvae.kernels`), a
    matter of speed alone.

    Raises `ValueError` for anything else.
    """
    _check(config, key)
    frame_key, stacks_key, cells_key, decoder_key = jr.split(key, 4)
    vision = {
        "size": config.size,
        "channels": config.channels,
        "multiplier": config.channel_multiplier,
        "kernels": kernels,
    }
    output = config.stoch_size + config.deter_size
    return CWVAE(
        encoder=Encoder(FrameEncoder(**vision, key=frame_key), _stacks(config, stacks_key)),
        hierarchy=Hierarchy(_cells(config, cells_key), config.clock),
        decoder=FrameDecoder(state=output, **vision, key=decoder_key),
        likelihood=FixedNormal(config.decoder_stddev),
    )


def _stacks(config: ModelConfig, key: PRNGKeyArray) -> tuple[DenseStack, ...]:
    """Make the dense stacks of the encoder, one for each level above the first."""
    feature = feature_size(config.size, config.channel_multiplier)
    sizes = {"hidden_size": config.dense_hidden, "depth": config.dense_layers}
    return tuple(
        DenseStack(feature, feature, **sizes, key=k) for k in jr.split(key, config.levels)[1:]
    )


def _cells(config: ModelConfig, key: PRNGKeyArray) -> tuple[AbstractCell, ...]:
    """Make the cell of every level, the fastest first."""
    keys = jr.split(key, config.levels)
    return tuple(_cell(config, level, keys[level]) for level in range(config.levels))


def _cell(config: ModelConfig, level: int, key: PRNGKeyArray) -> AbstractCell:
    """Make the cell of a level."""
    # Nothing is above the top level, so the official cell's weights for that are left out.
    above = 0 if level == config.levels - 1 else config.stoch_size + config.deter_size
    cell = RSSMCell(
        stoch_size=config.stoch_size,
        deter_size=config.deter_size,
        hidden_size=config.hidden_size,
        feature_size=feature_size(config.size, config.channel_multiplier),
        context_size=above,
        memory=partial(GRU, update_bias=_of_level(config.update_bias, level)),
        head=partial(GaussianHead, min_stddev=config.min_stddev),
        key=key,
    )
    return Residual(cell) if _of_level(config.residual_prior, level) else cell


def _of_level(value: Any, level: int) -> Any:
    """Return the value of a level, given one for all, or one a level."""
    return value[level] if isinstance(value, tuple) else value


def _check(config: object, key: object) -> None:
    """Raise `ValueError` for what is no configuration of a model, or not one typed key."""
    if not isinstance(config, ModelConfig):
        raise ValueError(
            f"build must be given a ModelConfig, got a {type(config).__name__}; "
            'use cwvae.ModelConfig(...) or a preset\'s, as in PRESETS["moving_mnist"].model'
        )
    if not (
        isinstance(key, jax.Array)
        and jnp.issubdtype(key.dtype, jax.dtypes.prng_key)
        and key.shape == ()
    ):
        got = f"an array {key.dtype}{list(key.shape)}" if isinstance(key, jax.Array) else repr(key)
        raise ValueError(f"key must be one typed key, got {got}; use jax.random.key(seed)")
