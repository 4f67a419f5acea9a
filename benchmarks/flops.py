"""Floating-point operations of the arithmetic as it is defined, by formulas written by hand.

A multiplication and an addition count as two. Products are all that is counted: biases,
activations and sampling are below one in a hundred. What an implementation computes beyond them,
such as products with padded zeros, is its own affair, and so is what it saves: a share of a limit
made from these numbers rewards nothing but time.
"""

from itertools import pairwise

from cwvae.nn.vision import feature_size, filters
from cwvae.training.config import ModelConfig


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


def frame_decoder(config: ModelConfig) -> int:
    """Return the operations of the dense layer and transposed convolutions that draw a frame."""
    feature = _feature(config)
    outs = (*filters(config.size, config.channel_multiplier)[-2::-1], config.channels)
    kernels = (5,) * (len(outs) - 2) + (6, 6)
    total, edge, ins = dense(config.stoch_size + config.deter_size, feature), 1, feature
    for kernel, out in zip(kernels, outs, strict=True):
        total += convolution(edge**2, kernel, ins, out)
        edge, ins = 2 * (edge - 1) + kernel, out
    return total


def dense_stacks(config: ModelConfig) -> int:
    """Return the operations, for a frame, of the dense layers that serve the upper levels."""
    hidden = (config.dense_layers - 1) * (config.dense_hidden,)
    widths = (_feature(config), *hidden, _feature(config))
    return (config.levels - 1) * sum(dense(i, o) for i, o in pairwise(widths))


def advance(config: ModelConfig, level: int) -> int:
    """Return the operations of a tick's deterministic part, with its context."""
    context = config.stoch_size + config.deter_size if level + 1 < config.levels else 0
    gates = dense(config.hidden_size, 3 * config.deter_size) + dense(
        config.deter_size, 3 * config.deter_size
    )
    return dense(config.stoch_size + context, config.hidden_size) + gates


def prior(config: ModelConfig) -> int:
    """Return the operations of a tick's prior."""
    return dense(config.deter_size, config.hidden_size) + dense(
        config.hidden_size, 2 * config.stoch_size
    )


def posterior(config: ModelConfig) -> int:
    """Return the operations of a tick's posterior."""
    first = dense(config.deter_size + _feature(config), config.hidden_size)
    return (
        first
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


def training_step(config: ModelConfig, batch: int, frames: int) -> int:
    """Return the operations of a training step.

    Every product has two more in the gradient, for its input and for its weights; the first
    convolution needs no gradient of its input, the video.
    """
    frame = frame_encoder(config) + dense_stacks(config) + frame_decoder(config)
    forward = frames * frame + observe(config, frames)
    return batch * (3 * forward - frames * first_convolution(config))


def forecast(config: ModelConfig, context: int, horizon: int) -> int:
    """Return the operations of one forecast.

    The context is encoded and inferred, for which its priors are not needed.
    """
    encoded = context * (frame_encoder(config) + dense_stacks(config))
    inferred = _cells(config, context, posterior(config))
    return encoded + inferred + imagine(config, horizon) + horizon * frame_decoder(config)


def stream_step(config: ModelConfig) -> int:
    """Return the operations of one step of a stream of a model that looks ahead.

    The frame is predicted by every level's prior, drawn, and read by every level, since a window
    that has begun is inferred anew with every frame of it.
    """
    frame = frame_encoder(config) + dense_stacks(config) + frame_decoder(config)
    levels = sum(2 * advance(config, level) for level in range(config.levels))
    return frame + levels + config.levels * (posterior(config) + prior(config))


def _feature(config: ModelConfig) -> int:
    return feature_size(config.size, config.channel_multiplier)


def _encoder_stages(config: ModelConfig) -> list[int]:
    """Return the operations of each convolution that reads a frame."""
    stages, edge, ins = [], config.size, config.channels
    for out in filters(config.size, config.channel_multiplier):
        edge = (edge - 4) // 2 + 1
        stages.append(convolution(edge**2, 4, ins, out))
        ins = out
    return stages


def _cells(config: ModelConfig, frames: int, beliefs: int) -> int:
    """Return the operations of all levels' ticks, by those of a tick's beliefs."""
    counts = enumerate(config.clock.ticks(frames))
    return sum(count * (advance(config, level) + beliefs) for level, count in counts)
