"""From a configuration to SVG-LP: the networks of both kinds, layer by layer."""

from functools import partial
from itertools import pairwise
from typing import TypeVar

import jax.random as jr
from jaxtyping import PRNGKeyArray

from cwvae.baselines.svg.config import SVGConfig
from cwvae.baselines.svg.maps import (
    AbstractMap,
    Doubled,
    Down,
    FromVector,
    Same,
    ToVector,
    Up,
    drawn,
)
from cwvae.baselines.svg.model import SVG
from cwvae.baselines.svg.networks import Block, Decoder, Encoder, Join, Stage
from cwvae.baselines.svg.norm import BatchNorm
from cwvae.baselines.svg.passing import Networks
from cwvae.baselines.svg.recurrence import BeliefNetwork, Predictor
from cwvae.kernels.choice import Kernels, resolve
from cwvae.nn.initialisers import zeros
from cwvae.shapes import checked

__all__ = ["build_svg"]

_Map = TypeVar("_Map", bound=AbstractMap)

_EDGE = 4  # of the smallest images


@checked
def build_svg(config: SVGConfig, *, kernels: Kernels = "auto", key: PRNGKeyArray) -> SVG:
    """Draw the weights of SVG-LP (Denton and Fergus 2018) of a configuration's sizes.

    **Arguments:** `config`; `kernels`, how convolutions are computed (`cwvae.kernels`).

    Raises `ValueError` for a name that is not in `Kernels`.
    """
    resolve(kernels)
    keys = jr.split(key, 5)
    kinds = {"dcgan": (_dcgan_encoder, _dcgan_decoder), "vgg": (_vgg_encoder, _vgg_decoder)}
    encoder, decoder = kinds[config.network]
    sizes = (config.feature_size, config.stoch_size, config.memory_size)
    networks = Networks(
        encoder=encoder(config, _Draw(kernels, keys[0])),
        decoder=decoder(config, _Draw(kernels, keys[1])),
        predictor=Predictor(*sizes, key=keys[2]),
        posterior=BeliefNetwork(*sizes, key=keys[3]),
        prior=BeliefNetwork(*sizes, key=keys[4]),
        kernels=kernels,
    )
    return SVG(networks, config)


class _Draw:
    """Draw layers, each from a key of its own."""

    def __init__(self, kernels: str, key: PRNGKeyArray):
        """Begin with the first key."""
        self._kernels, self._key, self._count = kernels, key, 0

    def _next(self) -> PRNGKeyArray:
        """Return a key that was not given before."""
        self._count += 1
        return jr.fold_in(self._key, self._count)

    def linear(self, kind: type[_Map], in_channels: int, out_channels: int) -> _Map:
        """Draw a map of a kind."""
        size = 3 if kind in (Same, Doubled) else _EDGE
        make = kind if kind in (ToVector, FromVector) else partial(kind, kernels=self._kernels)
        return make(kernel=drawn(size, in_channels, out_channels, key=self._next()))

    def norm(self, channels: int) -> BatchNorm:
        """Draw a normalisation."""
        return BatchNorm(channels, key=self._next())

    def block(self, kind: type[AbstractMap], in_channels: int, out_channels: int) -> Block:
        """Draw a map and its normalisation."""
        linear = self.linear(kind, in_channels, out_channels)
        return Block(linear, self.norm(out_channels))

    def join(
        self,
        up: type[Up] | type[Doubled],
        across: type[AbstractMap],
        in_channels: int,
        out_channels: int,
    ) -> Join:
        """Draw the join of images and skip features of as many channels."""
        return Join(
            up=self.linear(up, in_channels, out_channels),
            across=self.linear(across, in_channels, out_channels),
        )


def _dcgan_encoder(config: SVGConfig, draw: _Draw) -> Encoder:
    """Draw strided convolutions of 64, 128, 256 and 512 filters, then one to a vector."""
    widths = config.widths
    ins = (config.channels, *widths[:-1])
    stages = tuple((draw.block(Down, i, o),) for i, o in zip(ins, widths, strict=True))
    return Encoder(stages, draw.block(ToVector, widths[-1], config.feature_size), pooled=False)


def _dcgan_decoder(config: SVGConfig, draw: _Draw) -> Decoder:
    """Draw the way back of `_dcgan_encoder`, skip features joined before every doubling."""
    widths = config.widths[::-1]
    first = draw.block(FromVector, config.feature_size, widths[0])
    stages = tuple(Stage(draw.join(Up, Up, i, o), draw.norm(o)) for i, o in pairwise(widths))
    last = draw.join(Up, Up, widths[-1], config.channels)
    return Decoder(first, stages, last, zeros(config.channels))


def _vgg_encoder(config: SVGConfig, draw: _Draw) -> Encoder:
    """Draw blocks of 3 x 3 convolutions: twice 64, twice 128, then three times 256 and 512."""
    widths, stages, ins = config.widths, [], config.channels
    for number, width in enumerate(widths):
        channels = (ins, *(width,) * (2 if number < 2 else 3))
        pairs = pairwise(channels)
        stages.append(tuple(draw.block(Same, i, o) for i, o in pairs))
        ins = width
    return Encoder(tuple(stages), draw.block(ToVector, ins, config.feature_size), pooled=True)


def _vgg_decoder(config: SVGConfig, draw: _Draw) -> Decoder:
    """Draw the way back of `_vgg_encoder`, skip features joined after every doubling."""
    widths = config.widths
    first = draw.block(FromVector, config.feature_size, widths[-1])
    stages = []
    for number in reversed(range(len(widths))):
        width = widths[number]
        # The last block of a stage has the width of the next one, the finest stage keeps its own.
        out = widths[max(number - 1, 0)]
        outs = (width,) * (0 if number == 0 else 1 if number == 1 else 2) + (out,)
        join = draw.join(Doubled, Same, width, outs[0])
        norm = draw.norm(outs[0])
        pairs = pairwise(outs)
        stages.append(Stage(join, norm, tuple(draw.block(Same, i, o) for i, o in pairs)))
    last = draw.linear(Same, widths[0], config.channels)
    return Decoder(first, tuple(stages), last, zeros(config.channels))
