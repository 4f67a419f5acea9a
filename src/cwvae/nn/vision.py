"""Frame <-> vector, without a time axis: the official convolutional networks.

Frames are (height, width, channels). Inside, images are (channels, height, width, images), which
is the layout of `convolution`.

An edge of n = 2^(stages + 2) pixels takes `stages` strided convolutions: 64 pixels take 4, which
is exactly the official network, 32 take 3, 128 take 5 and 256 take 6. Every size ends at 2 x 2.
"""

from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
from jaxtyping import Array, Float, PRNGKeyArray, Shaped

from cwvae.kernels.chunks import in_chunks
from cwvae.kernels.log_probs import log_probs_in_chunks
from cwvae.nn.activations import activated, tanh
from cwvae.nn.convolution import Conv, ConvTranspose
from cwvae.nn.frame_networks import AbstractFrameDecoder, AbstractFrameNetwork, LogProb
from cwvae.nn.frame_sizes import SIZES, feature_size, filters
from cwvae.nn.layers import Dense, leaky_relu
from cwvae.shapes import Frame, Video, checked

__all__ = ["SIZES", "FrameDecoder", "FrameEncoder", "feature_size", "filters"]


class FrameEncoder(AbstractFrameNetwork):
    """Strided 4 x 4 convolutions with leaky ReLU, flattened (official cnns.py, Encoder).

    **Arguments:** `size` of the square frame in pixels, its `channels`, the channel
    `multiplier`; `kernels`, how convolutions are computed (`cwvae.kernels`).
    """

    convolutions: tuple[Conv, ...]
    size: int = eqx.field(static=True)
    channels: int = eqx.field(static=True)
    kernels: str = eqx.field(static=True)

    def __init__(
        self,
        *,
        size: int,
        channels: int,
        multiplier: float = 1.0,
        kernels: str = "auto",
        key: PRNGKeyArray,
    ):
        """Draw the weights; raise `ValueError` for a size or multiplier out of range."""
        outs = filters(size, multiplier)
        ins = (channels, *outs[:-1])
        self.convolutions = tuple(
            Conv(i, o, 4, kernels=kernels, key=k)
            for i, o, k in zip(ins, outs, jr.split(key, len(outs)), strict=True)
        )
        self.size, self.channels, self.kernels = size, channels, kernels

    @checked
    def __call__(self, frame: Frame, /) -> Float[Array, " feature"]:
        """Return the frame's feature vector; raise `ValueError` for another frame size."""
        return self.batch(frame[None])[0]

    @checked
    def batch(self, frames: Video, /) -> Float[Array, "frames feature"]:
        """Return the feature vector of every frame; raise `ValueError` for another frame size."""
        expected = (self.size, self.size, self.channels)
        if frames.shape[1:] != expected:
            raise ValueError(
                f"this model reads frames of (height, width, channels) {expected}, "
                f"got {frames.shape[1:]}; resize the video or build a model of that size"
            )
        return in_chunks(self._convolve, jnp.asarray(frames), kernels=self.kernels)

    def _convolve(
        self, frames: Float[Array, "frames size size channels"]
    ) -> Float[Array, "frames feature"]:
        """Apply the convolutions."""
        images = jnp.transpose(frames, (3, 1, 2, 0))
        first, second, *others = self.convolutions
        # The first layer's answer is the largest and the cheapest to compute: it is computed again
        # for the gradient instead of kept.
        images = jax.checkpoint(lambda images: second(leaky_relu(first(images))))(images)
        for convolution in others:
            images = convolution(leaky_relu(images))
        images = leaky_relu(images)
        return jnp.transpose(images, (3, 1, 2, 0)).reshape(frames.shape[0], -1)


class FrameDecoder(AbstractFrameDecoder):
    """A dense layer and strided transposed convolutions (official cnns.py, Decoder).

    **Arguments:** `state`, the length of the output of the lowest level; `size`, `channels`,
    `multiplier` and `kernels` as in `FrameEncoder`; `activation`, the last. The default is a tanh
    although frames lie in [0, 1], as in the official network; likelihoods whose parameters are
    not means in [0, 1] need another, and `channels` times the likelihood's `parameters`.
    """

    dense: Dense
    convolutions: tuple[ConvTranspose, ...]
    activation: Callable[[Array], Array] = eqx.field(static=True)
    kernels: str = eqx.field(static=True)

    def __init__(
        self,
        *,
        state: int,
        size: int,
        channels: int,
        multiplier: float = 1.0,
        activation: Callable[[Array], Array] = tanh,
        kernels: str = "auto",
        key: PRNGKeyArray,
    ):
        """Draw the weights; raise `ValueError` for a size or multiplier out of range."""
        self.activation, self.kernels = activation, kernels
        dense_key, *keys = jr.split(key, 1 + len(filters(size, multiplier)))
        outs = (*filters(size, multiplier)[-2::-1], channels)
        ins = (feature_size(size, multiplier), *outs[:-1])
        # Kernels of 5, the last two of 6, take an edge of 1 to exactly 2^(stages + 2).
        sizes = (5,) * (len(outs) - 2) + (6, 6)
        self.dense = Dense(state, ins[0], key=dense_key)
        self.convolutions = tuple(
            ConvTranspose(i, o, n, kernels=kernels, key=stage_key)
            for i, o, n, stage_key in zip(ins, outs, sizes, keys, strict=True)
        )

    @checked
    def __call__(self, state: Float[Array, " state"], /) -> Float[Array, "height width parameters"]:
        """Return the frame's parameters, by default means in [-1, 1]."""
        return self.batch(state[None])[0]

    @checked
    def batch(
        self, states: Float[Array, "frames state"], /
    ) -> Float[Array, "frames height width parameters"]:
        """Return the parameters of the frame of every state.

        Raises `ValueError` for states of another length.
        """
        return in_chunks(self._stages(), self._seeds(states), kernels=self.kernels)

    def log_probs(
        self,
        log_prob: LogProb,
        states: Float[Array, "frames state"],
        targets: Shaped[Array, " frames *target"],
        /,
    ) -> Float[Array, " frames"]:
        """Return the log-probability of every target given its state, a few at a time on a CPU.

        Raises `ValueError` for states of another length.
        """
        scored = _Scored(self._stages(), log_prob)
        return log_probs_in_chunks(
            scored, self._seeds(states), jnp.asarray(targets), kernels=self.kernels
        )

    def _seeds(
        self, states: Float[Array, "frames state"]
    ) -> Float[Array, "frames rows columns filters"]:
        """Apply the dense layer, and the first convolution to its image of one pixel."""
        expected = self.dense.kernel.shape[0]
        if states.shape[-1] != expected:
            raise ValueError(
                f"this decoder reads vectors of length {expected}, got {states.shape[-1]}; "
                "decode the outputs of the model's own lowest level"
            )
        return jax.vmap(lambda state: self.convolutions[0].from_pixel(self.dense(state)))(states)

    def _stages(self) -> "_Stages":
        """Return what comes after."""
        return _Stages(self.convolutions[1:], self.activation, self.kernels)


class _Stages(eqx.Module):
    """Transposed convolutions and the last activation."""

    convolutions: tuple[ConvTranspose, ...]
    activation: Callable[[Array], Array] = eqx.field(static=True)
    kernels: str = eqx.field(static=True)

    def __call__(
        self, seeds: Float[Array, "frames rows columns filters"]
    ) -> Float[Array, "frames height width parameters"]:
        """Turn small images of many channels into frames."""
        images = jnp.transpose(seeds, (3, 1, 2, 0))
        for convolution in self.convolutions:
            images = convolution(activated(images, self.kernels))
        return jnp.transpose(self.activation(images), (3, 1, 2, 0))


class _Scored(eqx.Module):
    """The log-probabilities of targets given what the stages make of seeds."""

    stages: _Stages
    log_prob: LogProb

    def __call__(
        self,
        seeds: Float[Array, "frames rows columns filters"],
        targets: Shaped[Array, " frames *target"],
    ) -> Float[Array, " frames"]:
        """Return one log-probability for each frame."""
        return jax.vmap(self.log_prob)(self.stages(seeds), targets)
