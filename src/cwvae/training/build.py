"""From a configuration to a model."""

from functools import partial

import jax.random as jr
from jaxtyping import PRNGKeyArray

from cwvae.cells.heads import GaussianHead
from cwvae.cells.rssm import RSSMCell
from cwvae.hierarchy import Hierarchy
from cwvae.likelihoods import FixedNormal
from cwvae.model import CWVAE
from cwvae.nn.encoder import Encoder
from cwvae.nn.layers import DenseStack
from cwvae.nn.vision import FrameDecoder, FrameEncoder, feature_size
from cwvae.training.config import ModelConfig

__all__ = ["build"]


def build(config: ModelConfig, *, key: PRNGKeyArray) -> CWVAE:
    """Make a model of these sizes, its weights drawn from `key`."""
    frame_key, stacks_key, cells_key, decoder_key = jr.split(key, 4)
    clock = config.clock
    vision = {
        "size": config.size,
        "channels": config.channels,
        "multiplier": config.channel_multiplier,
    }
    feature = feature_size(config.size, config.channel_multiplier)
    output = config.stoch_size + config.deter_size
    head = partial(GaussianHead, min_stddev=config.min_stddev)

    def stack(key: PRNGKeyArray) -> DenseStack:
        return DenseStack(
            feature, feature, hidden_size=config.dense_hidden, depth=config.dense_layers, key=key
        )

    def cell(level: int, key: PRNGKeyArray) -> RSSMCell:
        # Nothing is above the top level, so the official cell's weights for that are left out.
        top_down = output if level + 1 < config.levels else 0
        return RSSMCell(
            stoch_size=config.stoch_size,
            deter_size=config.deter_size,
            hidden_size=config.hidden_size,
            feature_size=feature,
            context_size=top_down,
            head=head,
            key=key,
        )

    stacks = tuple(stack(key) for key in jr.split(stacks_key, config.levels)[1:])
    cells = tuple(cell(level, key) for level, key in enumerate(jr.split(cells_key, config.levels)))
    return CWVAE(
        encoder=Encoder(FrameEncoder(**vision, key=frame_key), stacks),
        hierarchy=Hierarchy(cells, clock),
        decoder=FrameDecoder(state=output, **vision, key=decoder_key),
        likelihood=FixedNormal(config.decoder_stddev),
    )
