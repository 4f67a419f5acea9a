"""Floating-point operations of the arithmetic as it is defined, by formulas written by hand.

A multiplication and an addition count as two. Products are all that is counted: biases,
activations and sampling are below one in a hundred. What an implementation computes beyond them,
such as products with padded zeros, is its own affair, and so is what it saves, such as the third
of some multiplications that `winograd` does without: a share of a limit made from these
numbers rewards nothing but time. Sizes come from a `ModelConfig`.
"""

from itertools import pairwise

from cwvae.nn.vision import feature_size, filters
from cwvae.training.config import ModelConfig

__all__ = [
    "advance",
    "convolution",
    "dense",
    "dense_stacks",
    "first_convolution",
    "forecast",
    "forward",
    "frame_decoder",
    "frame_encoder",
    "imagine",
    "latents",
    "observe",
    "posterior",
    "prior",
    "stream_step",
    "ticks",
    "training_step",
]

STRIDE = 2


def dense(ins: int, outs: int) -> int:
    """Return the operations of a vector times a matrix."""
    return 2 * ins * outs


def convolution(positions: int, kernel: int, ins: int, outs: int) -> int:
    """Return the operations of a kernel applied at so many positions.

    Of a convolution these are the pixels that come out, of a transposed one those that go in.
    """
    return positions * kernel**2 * dense(ins, outs)


def frame_encoder(config: ModelConfig) -> int:
    """Return the operations of the convolutions that read a frame."""
    return sum(_encoder_stages(config))


def first_convolution(config: ModelConfig) -> int:
    """Return the operations of the convolution that reads a frame's pixels."""
    return _encoder_stages(config)[0]


def dense_stacks(config: ModelConfig) -> int:
    """Return the operations, for a frame, of the dense layers that serve the upper levels."""
    feature = feature_size(config.size, config.channel_multiplier)
    widths = (feature, *(config.dense_layers - 1) * (config.dense_hidden,), feature)
    stack = sum(dense(i, o) for i, o in pairwise(widths))
    return (config.levels - 1) * stack


def frame_decoder(config: ModelConfig) -> int:
    """Return the operations of the dense layer and transposed convolutions that draw a frame."""
    counts = filters(config.size, config.channel_multiplier)
    feature = feature_size(config.size, config.channel_multiplier)
    outs = (*counts[-2::-1], config.channels)
    kernels = (5,) * (len(outs) - 2) + (6, 6)
    total, edge, ins = dense(config.stoch_size + config.deter_size, feature), 1, feature
    for kernel, out in zip(kernels, outs, strict=True):
        total += convolution(edge**2, kernel, ins, out)
        edge, ins = STRIDE * (edge - 1) + kernel, out
    return total


def advance(config: ModelConfig, level: int) -> int:
    """Return the operations of a tick's deterministic part, what is heard from above included."""
    top_down = config.stoch_size + config.deter_size if level + 1 < config.levels else 0
    gates = dense(config.hidden_size, 3 * config.deter_size) + dense(
        config.deter_size, 3 * config.deter_size
    )
    return dense(config.stoch_size + top_down, config.hidden_size) + gates


def prior(config: ModelConfig) -> int:
    """Return the operations of a tick's prior."""
    return dense(config.deter_size, config.hidden_size) + dense(
        config.hidden_size, 2 * config.stoch_size
    )


def posterior(config: ModelConfig) -> int:
    """Return the operations of a tick's posterior."""
    feature = feature_size(config.size, config.channel_multiplier)
    heard = dense(config.deter_size + feature, config.hidden_size)
    return (
        heard
        + dense(config.hidden_size, config.hidden_size)
        + dense(config.hidden_size, 2 * config.stoch_size)
    )


def ticks(config: ModelConfig, frames: int) -> int:
    """Count the ticks of all levels in so many frames."""
    return sum(config.clock.ticks(frames))


def observe(config: ModelConfig, frames: int) -> int:
    """Return the operations of all levels inferring a video from features."""
    return _cells(config, frames, prior(config) + posterior(config))


def imagine(config: ModelConfig, frames: int) -> int:
    """Return the operations of all levels predicting so many frames' states."""
    return _cells(config, frames, prior(config))


def forward(config: ModelConfig, frames: int) -> int:
    """Return the operations of the bound of one video."""
    frame = frame_encoder(config) + dense_stacks(config) + frame_decoder(config)
    return frames * frame + observe(config, frames)


def training_step(config: ModelConfig, batch: int, frames: int) -> int:
    """Return the operations of a training step.

    Every product has two more in the gradient, for its input and for its weights; the first
    convolution needs no gradient of its input, the video.
    """
    first = frames * first_convolution(config)
    return batch * (3 * forward(config, frames) - first)


def latents(config: ModelConfig, context: int, horizon: int) -> int:
    """Return the operations of one forecast without its frames.

    The context is heard and inferred, for which its priors are not needed.
    """
    heard = context * (frame_encoder(config) + dense_stacks(config))
    return heard + _cells(config, context, posterior(config)) + imagine(config, horizon)


def forecast(config: ModelConfig, context: int, horizon: int) -> int:
    """Return the operations of one forecast."""
    return latents(config, context, horizon) + horizon * frame_decoder(config)


def stream_step(config: ModelConfig) -> int:
    """Return the operations of one step of a stream of a model that looks ahead.

    The frame is predicted by every level's prior, drawn, and heard by every level, since a window
    that has begun is inferred anew with every frame of it.
    """
    frame = frame_encoder(config) + dense_stacks(config) + frame_decoder(config)
    levels = range(config.levels)
    heard = sum(2 * advance(config, level) + posterior(config) for level in levels)
    return frame + heard + config.levels * prior(config)


def _encoder_stages(config: ModelConfig) -> list[int]:
    """Return the operations of each convolution that reads a frame."""
    stages, edge, ins = [], config.size, config.channels
    for out in filters(config.size, config.channel_multiplier):
        edge = (edge - 4) // STRIDE + 1
        stages.append(convolution(edge**2, 4, ins, out))
        ins = out
    return stages


def _cells(config: ModelConfig, frames: int, beliefs: int) -> int:
    """Return the operations of all levels' ticks, given those of a tick's beliefs."""
    return sum(
        count * (advance(config, level) + beliefs)
        for level, count in enumerate(config.clock.ticks(frames))
    )
