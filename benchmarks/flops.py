"""Floating-point operations of the arithmetic as it is defined, from the shapes of the weights.

A multiplication and an addition count as two. Products are all that is counted: biases,
activations and sampling are below one in a hundred. What an implementation computes beyond them,
such as products with padded zeros, is its own affair, and so is what it saves: a share of a limit
made from these numbers rewards nothing but time.
"""

import functools
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.random as jr

from cwvae.training.build import build
from cwvae.training.config import ModelConfig


class Operations(NamedTuple):
    """The operations of the parts of a model, for a frame or, of every level, for a tick."""

    first_convolution: int
    frame_encoder: int
    dense_stacks: int
    frame_decoder: int
    advance: tuple[int, ...]
    prior: int
    posterior: int

    @property
    def frame(self) -> int:
        """The operations of reading and drawing a frame."""
        return self.frame_encoder + self.dense_stacks + self.frame_decoder


@functools.cache
def operations(config: ModelConfig) -> Operations:
    """Count the operations of the parts of a model, which is not allocated for it."""
    model: Any = eqx.filter_eval_shape(build, config, key=jr.key(0))
    cells, (edge, drawn) = model.hierarchy.cells, (config.size, 1)
    encoder, decoder = [], [_once(model.decoder.dense)]
    for layer in model.encoder.frame.convolutions:
        edge = (edge - 4) // 2 + 1
        encoder.append(edge**2 * _once(layer))  # at the pixels that come out
    for layer in model.decoder.convolutions:
        decoder.append(drawn**2 * _once(layer))  # at the pixels that go in
        drawn = 2 * (drawn - 1) + layer.kernel.shape[0]
    return Operations(
        first_convolution=encoder[0],
        frame_encoder=sum(encoder),
        dense_stacks=_once(model.encoder.stacks),
        frame_decoder=sum(decoder),
        advance=tuple(_once(cell.prior_in, cell.memory) for cell in cells),
        prior=_once(cells[0].prior_hidden, cells[0].prior_head),
        posterior=_once(cells[0].posterior_in, cells[0].posterior_hidden, cells[0].posterior_head),
    )


def ticks(config: ModelConfig, frames: int) -> int:
    """Count the ticks of all levels in so many frames."""
    return sum(config.clock.ticks(frames))


def observe(config: ModelConfig, frames: int) -> int:
    """Return the operations of all levels inferring a video from features."""
    return imagine(config, frames) + ticks(config, frames) * operations(config).posterior


def imagine(config: ModelConfig, frames: int) -> int:
    """Return the operations of all levels predicting so many frames' states."""
    of, counts = operations(config), config.clock.ticks(frames)
    return sum(n * (advance + of.prior) for n, advance in zip(counts, of.advance, strict=True))


def training_step(config: ModelConfig, batch: int, frames: int) -> int:
    """Return the operations of a training step.

    Every product has two more in the gradient, for its input and for its weights; the first
    convolution needs no gradient of its input, the video.
    """
    of = operations(config)
    forward = frames * of.frame + observe(config, frames)
    return batch * (3 * forward - frames * of.first_convolution)


def forecast(config: ModelConfig, context: int, horizon: int) -> int:
    """Return the operations of one forecast.

    The context is encoded and inferred, for which its priors are not needed.
    """
    of = operations(config)
    inferred = observe(config, context) - ticks(config, context) * of.prior
    encoded = context * (of.frame_encoder + of.dense_stacks)
    return encoded + inferred + imagine(config, horizon) + horizon * of.frame_decoder


def stream_step(config: ModelConfig) -> int:
    """Return the operations of one step of a stream of a model that looks ahead.

    The frame is predicted by every level's prior, drawn, and read by every level, since a window
    that has begun is inferred anew with every frame of it.
    """
    of = operations(config)
    return of.frame + 2 * sum(of.advance) + config.levels * (of.posterior + of.prior)


def _once(*layers: Any) -> int:
    """Return the operations of using every weight once, biases excepted."""
    return sum(2 * leaf.size for leaf in jax.tree.leaves(layers) if leaf.ndim > 1)
