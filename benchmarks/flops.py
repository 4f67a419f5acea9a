"""Floating-point operations of the arithmetic as it is defined, from the shapes of the weights.

A multiplication and an addition count as two. Products are all that is counted: biases,
activations and sampling are below one in a hundred. What an implementation computes beyond them,
such as products with padded zeros, is its own affair, and so is what it saves: a share of a limit
made from these numbers rewards nothing but time.
"""

from typing import Any

import equinox as eqx
import jax
import jax.random as jr

from cwvae.training.build import build
from cwvae.training.config import ModelConfig


class Work:
    """The operations that a model needs, which is not allocated for it.

    Attributes are those of a frame and, `advance` for every level, of a tick.
    """

    def __init__(self, config: ModelConfig):
        """Count the operations of the parts of a model."""
        model: Any = eqx.filter_eval_shape(build, config, key=jr.key(0))
        (cell, *_), encoder, decoder = model.hierarchy.cells, [], [_once(model.decoder.dense)]
        read, drawn = config.size, 1
        for layer in model.encoder.frame.convolutions:
            read = (read - 4) // 2 + 1
            encoder.append(read**2 * _once(layer))  # at the pixels that come out
        for layer in model.decoder.convolutions:
            decoder.append(drawn**2 * _once(layer))  # at the pixels that go in
            drawn = 2 * (drawn - 1) + layer.kernel.shape[0]
        self.clock, self.levels = config.clock, config.levels
        self.first_convolution, self.encoder, self.decoder = encoder[0], sum(encoder), sum(decoder)
        self.stacks = _once(model.encoder.stacks)
        self.frame = self.encoder + self.stacks + self.decoder
        self.advance = [_once(one.prior_in, one.memory) for one in model.hierarchy.cells]
        self.prior = _once(cell.prior_hidden, cell.prior_head)
        self.posterior = _once(cell.posterior_in, cell.posterior_hidden, cell.posterior_head)

    def ticks(self, frames: int) -> int:
        """Count the ticks of all levels in so many frames."""
        return sum(self.clock.ticks(frames))

    def observe(self, frames: int) -> int:
        """Return the operations of all levels inferring a video from features."""
        return self.imagine(frames) + self.ticks(frames) * self.posterior

    def imagine(self, frames: int) -> int:
        """Return the operations of all levels predicting so many frames' states."""
        levels = zip(self.clock.ticks(frames), self.advance, strict=True)
        return sum(ticks * (advance + self.prior) for ticks, advance in levels)

    def forecast(self, context: int, horizon: int) -> int:
        """Return the operations of one forecast.

        The context is encoded and inferred, for which its priors are not needed.
        """
        inferred = self.observe(context) - self.ticks(context) * self.prior
        encoded = context * (self.encoder + self.stacks)
        return encoded + inferred + self.imagine(horizon) + horizon * self.decoder

    def stream_step(self) -> int:
        """Return the operations of one step of a stream of a model that looks ahead.

        The frame is predicted by every level's prior, drawn, and read by every level, since a
        window that has begun is inferred anew with every frame of it.
        """
        return self.frame + 2 * sum(self.advance) + self.levels * (self.posterior + self.prior)


def _once(*layers: Any) -> int:
    """Return the operations of using every weight once, biases excepted."""
    return sum(2 * leaf.size for leaf in jax.tree.leaves(layers) if leaf.ndim > 1)
