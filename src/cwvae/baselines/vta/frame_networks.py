"""VTA's encoder and decoder: convolutions over many frames, with statistics of all of them.

In a chunk, frames are images (channels, height, width, images), the layout of `cwvae.kernels`.
Every layer but the first of each network begins with the normalisation and the ELU of the layer
before, whose answers are kept as they left the convolution, along with their moments.
"""

from functools import partial
from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
from jaxtyping import Array, Float, PRNGKeyArray

from cwvae.baselines.vta.chunks import chunk_size, in_equal_chunks, in_groups, over_chunks, together
from cwvae.baselines.vta.config import VTAConfig
from cwvae.baselines.vta.layers import SIZE, down, kernel, uniform, up
from cwvae.baselines.vta.norm import Affine, BatchNorm, Moments, elu, pooled

__all__ = ["FrameDecoder", "FrameEncoder"]

_Chunk = Float[Array, "channels height width images"]
_Answer = Float[Array, "filters rows columns images"]
_Chunks = Float[Array, "chunks channels height width images"]
_Answers = Float[Array, "chunks filters rows columns images"]
_Frames = Float[Array, "frames height width channels"]
_Features = Float[Array, "frames feature"]


class FrameEncoder(eqx.Module):
    """Frames to vectors: 4 x 4 convolutions without bias, batch normalisation and ELU after each.

    All but the last have stride 2 and one pixel of padding, and leave 4 x 4 pixels; the last
    leaves one.
    """

    convolutions: tuple[Float[Array, "4 4 in out"], ...]
    norms: tuple[BatchNorm, ...]
    kernels: str = eqx.field(static=True)
    chunk: int = eqx.field(static=True)

    def __init__(self, config: VTAConfig, *, kernels: str, key: PRNGKeyArray):
        """Draw the weights."""
        ins = (config.channels, *config.stages * (config.filters,))
        outs = (*config.stages * (config.filters,), config.feature_size)
        self.convolutions = tuple(
            kernel(i, o, fan_in=i * SIZE**2, key=k)
            for i, o, k in zip(ins, outs, jr.split(key, len(ins)), strict=True)
        )
        self.norms = tuple(BatchNorm(o) for o in outs)
        self.kernels, self.chunk = kernels, chunk_size(config.size, config.filters)

    def __call__(self, frames: _Frames, *, running: bool) -> tuple[_Features, tuple[Moments, ...]]:
        """Return the vectors of frames, and the moments of all layers.

        `running`: normalise by the running statistics, by which no frame depends on others, a
        group of frames at a time; there are no moments then.
        """
        if running:
            return in_groups(lambda group: self._encode(group, True)[0], frames), ()
        return self._encode(frames, False)

    def _encode(self, frames: _Frames, running: bool) -> tuple[_Features, tuple[Moments, ...]]:
        """Return the vectors of frames, all in memory at once, and moments."""
        first, *middle, last = self.convolutions
        layers = [_First(first), *map(_Down, middle), _ToPixel(last)]
        chunks = in_equal_chunks(frames, self.chunk)
        raw, affine, found = _through(layers, self.norms, chunks, running, self.kernels)
        pixels = jax.vmap(lambda chunk: elu(affine(chunk)))(raw)
        return together(pixels)[:, 0, 0], found


class FrameDecoder(eqx.Module):
    """Vectors to frames: transposed 4 x 4 convolutions, the first from one pixel to 4 x 4.

    Batch normalisation and ELU are after each without bias, a bias and a tanh after the last.
    """

    convolutions: tuple[Float[Array, "4 4 out in"], ...]
    norms: tuple[BatchNorm, ...]
    bias: Float[Array, " channels"]
    kernels: str = eqx.field(static=True)
    chunk: int = eqx.field(static=True)

    def __init__(self, config: VTAConfig, *, kernels: str, key: PRNGKeyArray):
        """Draw the weights."""
        bias_key, *keys = jr.split(key, config.stages + 2)
        ins = (config.feature_size, *config.stages * (config.filters,))
        outs = (*config.stages * (config.filters,), config.channels)
        # PyTorch counts the outputs of a transposed convolution as what comes in.
        self.convolutions = tuple(
            kernel(o, i, fan_in=o * SIZE**2, key=k) for i, o, k in zip(ins, outs, keys, strict=True)
        )
        self.norms = tuple(BatchNorm(o) for o in outs[:-1])
        self.bias = uniform((config.channels,), config.channels * SIZE**2, key=bias_key)
        self.kernels, self.chunk = kernels, chunk_size(config.size, config.filters)

    def __call__(
        self, features: _Features, *, running: bool
    ) -> tuple[_Frames, tuple[Moments, ...]]:
        """Return frames in [-1, 1], and the moments of all layers; `running` as in the encoder."""
        if running:
            return in_groups(lambda group: self._decode(group, True)[0], features), ()
        return self._decode(features, False)

    def _decode(self, features: _Features, running: bool) -> tuple[_Frames, tuple[Moments, ...]]:
        """Return frames, all in memory at once, and moments."""
        first, *middle, last = self.convolutions
        layers = [_FromPixel(first), *map(_Up, middle)]
        pixels = in_equal_chunks(features[:, None, None], self.chunk)
        raw, affine, found = _through(layers, self.norms, pixels, running, self.kernels)
        stage = _Stage(_Up(last), affine)
        raw, _ = over_chunks(partial(_apply, self.kernels), self.kernels, stage, raw)
        return jnp.tanh(together(raw) + self.bias.reshape(1, 1, 1, -1)), found


class _First(eqx.Module):
    """The first convolution of the encoder, of frames that have no gradient."""

    weights: Float[Array, "4 4 in out"]

    def __call__(self, images: _Chunk, kernels: str) -> _Answer:
        return down(self.weights, jax.lax.stop_gradient(images), kernels)


class _Down(eqx.Module):
    """A convolution to half the height and width."""

    weights: Float[Array, "4 4 in out"]

    def __call__(self, images: _Chunk, kernels: str) -> _Answer:
        return down(self.weights, images, kernels)


class _ToPixel(eqx.Module):
    """A convolution of 4 x 4 pixels to one: a matrix product."""

    weights: Float[Array, "4 4 in out"]

    def __call__(self, images: _Chunk, kernels: str) -> _Answer:
        matrix = jnp.moveaxis(self.weights, 2, 0).reshape(-1, self.weights.shape[-1])
        return (matrix.T @ images.reshape(-1, images.shape[-1]))[:, None, None]


class _FromPixel(eqx.Module):
    """A transposed convolution of one pixel to 4 x 4: a matrix product."""

    weights: Float[Array, "4 4 out in"]

    def __call__(self, images: _Chunk, kernels: str) -> _Answer:
        matrix = jnp.moveaxis(self.weights, 2, 0).reshape(-1, self.weights.shape[-1])
        return (matrix @ images[:, 0, 0]).reshape(-1, SIZE, SIZE, images.shape[-1])


class _Up(eqx.Module):
    """A transposed convolution to twice the height and width."""

    weights: Float[Array, "4 4 out in"]

    def __call__(self, images: _Chunk, kernels: str) -> _Answer:
        return up(self.weights, images, kernels)


_Layer = _First | _Down | _ToPixel | _FromPixel | _Up


class _Stage(NamedTuple):
    """A layer, and the normalisation of what comes to it, None for the first."""

    layer: _Layer
    before: Affine | None


def _through(
    layers: list[_Layer],
    norms: tuple[BatchNorm, ...],
    chunks: _Chunks,
    running: bool,
    kernels: str,
) -> tuple[_Answers, Affine, tuple[Moments, ...]]:
    """Return what leaves the last layer, what normalises it, and the moments after each."""
    before, found = None, []
    for layer, norm in zip(layers, norms, strict=True):
        stage = _Stage(layer, before)
        chunks, parts = over_chunks(partial(_apply, kernels), kernels, stage, chunks)
        found.append(pooled(parts))
        before = norm.of(None if running else found[-1])
    return chunks, norms[-1].of(None if running else found[-1]), tuple(found)


def _apply(kernels: str, stage: _Stage, images: _Chunk) -> _Answer:
    """Normalise, apply the ELU and a layer."""
    activated = images if stage.before is None else elu(stage.before(images))
    return stage.layer(activated, kernels)
