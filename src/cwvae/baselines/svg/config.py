"""The configuration of SVG-LP: a frozen dataclass of plain values."""

import dataclasses
from typing import Literal, get_args

from cwvae.training.checks import Rule, check, number, one_of, whole

__all__ = ["SIZES", "NetworkName", "SVGConfig", "SkipName", "StatisticsName"]

NetworkName = Literal["dcgan", "vgg"]
"""The encoders and decoders of the authors' code."""

SkipName = Literal["code", "paper"]
"""Which frame's skip features the decoder sees once the known frames are over."""

StatisticsName = Literal["batch", "running"]
"""What batch normalisation takes means and variances from when frames are predicted."""

SIZES = (32, 64)
"""Heights, and widths, of frames in pixels."""

_RULES = {
    "network": one_of(*get_args(NetworkName)),
    "size": Rule(
        "32 or 64",
        lambda value: whole(min(SIZES), max(SIZES)).holds(value) and value in SIZES,
        int,
        remedy="choose one of these and resize the video to it",
    ),
    "channels": whole(1, 1000),
    "filters": whole(1, 10_000),
    "feature_size": whole(1, 100_000),
    "stoch_size": whole(1, 100_000),
    "memory_size": whole(1, 100_000),
    "known_frames": whole(1, 1_000_000),
    "skip": one_of(*get_args(SkipName)),
    "statistics": one_of(*get_args(StatisticsName)),
    "bounds_beta": number(1e-12, 1e6),
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class SVGConfig:
    """The sizes of SVG-LP; the defaults are the authors' for Moving MNIST.

    Raises `ValueError` that names the first field of the wrong type or outside its range.
    """

    network: NetworkName = "dcgan"
    """Encoder and decoder: dcgan (strided convolutions, for digits) or vgg (3 x 3 convolutions and
    pooling, for KTH and BAIR)."""
    size: int = 64
    """Height and width of a frame in pixels: 64, or 32 without the deepest of the four stages."""
    channels: int = 1
    """Channels of a frame: 1 (gray) or 3 (RGB)."""
    filters: int = 64
    """Filters of the first stage of the encoder; every further stage has twice as many."""
    feature_size: int = 128
    """Size g of the vector that a frame becomes."""
    stoch_size: int = 10
    """Size of the latent vector z of each frame: 24 for KTH, 64 for BAIR."""
    memory_size: int = 256
    """Width of every LSTM: two in the frame predictor, one in posterior and prior."""
    known_frames: int = 5
    """Frames of a training video that count as known: later ones are decoded with the skip features
    of the last of these (n_past of the authors' code)."""
    skip: SkipName = "code"
    """The frame whose skip features stay once the known frames are over. code: the last but one of
    the known frames, as the authors' code has it (edenton/svg#1); paper: the last one."""
    statistics: StatisticsName = "batch"
    """Means and variances of batch normalisation in forecasts and bounds. batch: those of the
    videos that are predicted together, time step by time step, as in the authors' code, so that a
    forecast depends on the other videos; running: those kept from training. A video by itself
    always has running ones; training always takes those of the batch."""
    bounds_beta: float = 1e-4
    """Weight of the KL that sets the standard deviation of a pixel in `bounds`, sqrt(N beta / 2)
    for N = height x width x channels: the one that the model is trained with. The loss takes its
    own from the training configuration."""

    def __post_init__(self) -> None:
        """Raise `ValueError` for a field of the wrong type or range."""
        check(self, _RULES)
        if self.skip == "code" and self.known_frames < 2:
            raise ValueError(
                "known_frames must be at least 2 with skip features as in the code, those of the "
                f'frame before the last known one, got {self.known_frames}; use skip="paper"'
            )

    @property
    def context_multiple(self) -> int:
        """What the number of context frames is a multiple of."""
        return 1

    @property
    def widths(self) -> tuple[int, ...]:
        """Filters of each stage of the encoder, the finest first: 64, 128, 256, 512 by default."""
        return tuple(self.filters * 2**stage for stage in range(self.size.bit_length() - 3))

    def known(self, frames: int) -> int:
        """Return how many frames at the beginning of `frames` give skip features."""
        return frames if self.skip == "paper" else max(1, frames - 1)
