"""From a configuration to a model."""

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
from jaxtyping import PRNGKeyArray

from cwvae.cells.base import AbstractCell
from cwvae.cells.heads import GaussianHead
from cwvae.cells.min_gru import MinGRUCell
from cwvae.cells.residual import Residual
from cwvae.cells.rssm import RSSMCell
from cwvae.cells.wrappers import PassingContext
from cwvae.hierarchy import Hierarchy
from cwvae.kernels.choice import Kernels
from cwvae.likelihoods import (
    AbstractLikelihood,
    Bernoulli,
    CalibratedNormal,
    DiscretisedLogistic,
    FixedNormal,
)
from cwvae.model import CWVAE
from cwvae.nn.activations import tanh, unchanged
from cwvae.nn.encoder import CoarseEncoder, Encoder
from cwvae.nn.frame_sizes import feature_size
from cwvae.nn.layers import GRU, DenseStack
from cwvae.nn.vision import FrameDecoder, FrameEncoder
from cwvae.training.config import ModelConfig
from cwvae.training.model_config import CellName

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
        "multiplier": config.channel_multiplier,
        "kernels": kernels,
    }
    cells = _cells(config, cells_key)
    frames = FrameEncoder(channels=config.channels, **vision, key=frame_key)
    likelihood = _likelihood(config)
    return CWVAE(
        encoder=_encoder(config, frames, stacks_key),
        hierarchy=Hierarchy(cells, config.clock),
        decoder=_decoder(config, likelihood, vision, cells[0].output_size, decoder_key),
        likelihood=likelihood,
    )


def _likelihood(config: ModelConfig) -> AbstractLikelihood:
    """Make the distribution of a frame."""
    stddev = config.decoder_stddev
    match config.likelihood:
        case "calibrated":
            floor, warmup = config.stddev_floor, config.stddev_warmup
            return CalibratedNormal(stddev, floor=floor, warmup=warmup)
        case "bernoulli":
            return Bernoulli()
        case "logistic":
            return DiscretisedLogistic()
        case _:
            return FixedNormal(stddev)


def _decoder(
    config: ModelConfig,
    likelihood: AbstractLikelihood,
    vision: dict[str, Any],
    state_size: int,
    key: PRNGKeyArray,
) -> FrameDecoder:
    """Make the decoder, whose last layer is what the likelihood needs."""
    # The official network ends in a tanh; log-odds and scales have no bounds.
    official = config.likelihood in ("normal", "calibrated")
    decoder = FrameDecoder(
        state=state_size,
        channels=config.channels * likelihood.parameters,
        **vision,
        activation=tanh if official else unchanged,
        key=key,
    )
    if config.likelihood != "logistic":
        return decoder
    # The standard deviation of a logistic distribution is pi / sqrt(3) times its scale.
    start = math.log(config.decoder_stddev * math.sqrt(3) / math.pi)
    return eqx.tree_at(
        lambda d: d.convolutions[-1].bias,
        decoder,
        replace_fn=lambda b: b.at[config.channels :].set(start),
    )


def _encoder(
    config: ModelConfig, frame: FrameEncoder, key: PRNGKeyArray
) -> Encoder | CoarseEncoder:
    """Make the encoder from that of one frame, with dense stacks for the levels."""
    feature = feature_size(config.size, config.channel_multiplier)
    sizes = {"hidden_size": config.dense_hidden, "depth": config.dense_layers}
    keys = jr.split(key, config.levels)
    if config.coarse_evidence == 1:
        return Encoder(frame, tuple(DenseStack(feature, feature, **sizes, key=k) for k in keys[1:]))
    blocks = (config.size // config.coarse_evidence) ** 2 * config.channels
    coarse = tuple(DenseStack(blocks, feature, **sizes, key=k) for k in keys[1:])
    return CoarseEncoder(frame, coarse, config.coarse_evidence)


def _cells(config: ModelConfig, key: PRNGKeyArray) -> tuple[AbstractCell, ...]:
    """Make the cell of every level, the fastest first."""
    cells: list[AbstractCell] = []
    # Nothing is above the top level, so the official cell's weights for that are left out.
    above = 0
    for level, level_key in reversed(list(enumerate(jr.split(key, config.levels)))):
        cells.insert(0, _cell(config, level, above, level_key))
        above = cells[0].output_size
    return tuple(cells)


def _cell(config: ModelConfig, level: int, context_size: int, key: PRNGKeyArray) -> AbstractCell:
    """Make the cell of a level."""
    update_bias = _of_level(config.update_bias, level)
    kinds: dict[CellName, Callable[..., AbstractCell]] = {
        "rssm": partial(RSSMCell, memory=partial(GRU, update_bias=update_bias)),
        "min_gru": partial(MinGRUCell, update_bias=update_bias),
    }
    cell = kinds[config.cell](
        stoch_size=config.stoch_sizes[level],
        deter_size=config.deter_sizes[level],
        hidden_size=config.hidden_size,
        feature_size=feature_size(config.size, config.channel_multiplier),
        context_size=context_size,
        head=partial(GaussianHead, min_stddev=config.min_stddev),
        key=key,
    )
    cell = Residual(cell) if _of_level(config.residual_prior, level) else cell
    return PassingContext(cell) if config.pass_context and context_size else cell


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
