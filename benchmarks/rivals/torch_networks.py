"""The networks between frames and vectors, and the sizes of the whole model."""

# PyTorch is not among what types are checked with.
# pyright: reportMissingImports=false

from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.functional import leaky_relu, relu

__all__ = ["Decoder", "Encoder", "Sizes"]


@dataclass(frozen=True)
class Sizes:
    """The official configuration; the defaults are those of Moving MNIST."""

    levels: int = 3
    factor: int = 6
    stoch: int = 20
    deter: int = 200
    hidden: int = 200
    channels: int = 1
    multiplier: float = 1.0
    dense_layers: int = 3
    dense_hidden: int = 1000
    decoder_stddev: float = 1.0
    min_stddev: float = 1e-4

    @property
    def filters(self) -> list[int]:
        """The channels of the encoder's convolutions."""
        return [int(n * self.multiplier) for n in (32, 64, 128, 256)]

    @property
    def feature(self) -> int:
        """The length of the encoder's vectors."""
        return 4 * self.filters[-1]


class Encoder(nn.Module):
    """Strided convolutions, then for every level above the first a stack of dense layers."""

    def __init__(self, sizes: Sizes):
        super().__init__()
        ins = [sizes.channels, *sizes.filters]
        self.convolutions = nn.ModuleList(
            nn.Conv2d(i, o, 4, stride=2) for i, o in zip(ins, sizes.filters, strict=False)
        )
        widths = [sizes.feature, *(sizes.dense_layers - 1) * [sizes.dense_hidden], sizes.feature]
        self.stacks = nn.ModuleList(
            nn.ModuleList(nn.Linear(i, o) for i, o in pairwise(widths))
            for _ in range(sizes.levels - 1)
        )

    def forward(self, videos: Tensor) -> list[Tensor]:
        """Return every frame's features for each level, (batch, frames, feature)."""
        batch, frames = videos.shape[:2]
        # The channels are last in memory already: no copy.
        images = videos.flatten(0, 1).permute(0, 3, 1, 2)
        for convolution in self.convolutions:
            images = leaky_relu(convolution(images), 0.2)
        found = [images.permute(0, 2, 3, 1).reshape(batch, frames, -1)]
        for first, *others in self.stacks:
            hidden = first(found[-1])
            for layer in others:
                hidden = layer(relu(hidden))
            found.append(hidden)
        return found


class Decoder(nn.Module):
    """A dense layer, transposed convolutions and a tanh."""

    def __init__(self, sizes: Sizes):
        super().__init__()
        self.dense = nn.Linear(sizes.stoch + sizes.deter, sizes.feature)
        outs = [*sizes.filters[-2::-1], sizes.channels]
        ins = [sizes.feature, *outs]
        self.convolutions = nn.ModuleList(
            nn.ConvTranspose2d(i, o, kernel, stride=2)
            for i, o, kernel in zip(ins, outs, (5, 5, 6, 6), strict=False)
        )

    def forward(self, outputs: Tensor) -> Tensor:
        """Return the means of the frames of the lowest level's outputs, (batch, frames, size)."""
        batch, frames = outputs.shape[:2]
        images = self.dense(outputs.flatten(0, 1))[:, :, None, None]
        images = images.contiguous(memory_format=torch.channels_last)
        for convolution in self.convolutions[:-1]:
            images = leaky_relu(convolution(images), 0.2)
        images = torch.tanh(self.convolutions[-1](images))
        return images.permute(0, 2, 3, 1).unflatten(0, (batch, frames))
