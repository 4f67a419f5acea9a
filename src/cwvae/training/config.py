"""Frozen configurations of plain values: of a model, of its training, of its data.

No configuration enters the core: `cwvae.build` is the only translation.
"""

import dataclasses
import math
from collections.abc import Mapping, Sequence
from numbers import Integral
from typing import Literal, get_args

from cwvae.clock import Clock
from cwvae.nn.vision import feature_size

__all__ = ["ComputeDtype", "DataConfig", "ModelConfig", "Preset", "TrainConfig", "are_axes"]

ComputeDtype = Literal["float32", "bfloat16"]
"""What encoder and decoder may compute with while training."""


def _freeze(config: object, *names: str) -> None:
    """Turn sequences into tuples, so that a configuration can be hashed."""
    for name in names:
        if isinstance(getattr(config, name), Sequence):
            object.__setattr__(config, name, tuple(getattr(config, name)))


def are_axes(text: str) -> bool:
    """Return whether a text names the axes of videos: t, h and w, perhaps n and c, none twice."""
    return set("thw") <= set(text) <= set("nthwc") and len(set(text)) == len(text)


def _at_least(config: object, bounds: Mapping[str, float]) -> None:
    """Raise `ValueError` for the first field below its bound."""
    for name, bound in bounds.items():
        value = getattr(config, name)
        if isinstance(bound, int) and not isinstance(value, Integral):
            raise ValueError(f"{name} must be a whole number, got {value!r}")
        if not getattr(config, name) >= bound:
            raise ValueError(f"{name} must be at least {bound:g}, got {value}")


@dataclasses.dataclass(frozen=True, kw_only=True)
class ModelConfig:
    """The sizes of a model."""

    levels: int = 3
    """Levels of the hierarchy; 1 is an RSSM."""
    factors: int | tuple[int, ...] = 6
    """Temporal abstraction factor: one for all levels, or one for each level above the first."""
    lookahead: bool = True
    """Whether inference at a tick hears the frames up to the next; if not, those since the last."""
    stoch_size: int = 20
    """Size of the stochastic part of a state."""
    deter_size: int = 200
    """Size of the deterministic part of a state."""
    hidden_size: int = 200
    """Width of the dense layers of a cell."""
    size: int = 64
    """Height and width of a frame in pixels: 32, 64, 128 or 256."""
    channels: int = 1
    """Channels of a frame: 1 (gray) or 3 (RGB)."""
    channel_multiplier: float = 1.0
    """Multiplies the number of channels of every convolution."""
    dense_layers: int = 3
    """Dense layers of the encoder for each upper level."""
    dense_hidden: int = 1000
    """Width of these dense layers."""
    decoder_stddev: float = 1.0
    """Standard deviation of a pixel given the decoder's mean."""
    min_stddev: float = 1e-4
    """Added to the standard deviation of every latent."""

    def __post_init__(self) -> None:
        """Raise `ValueError` for sizes that no model can have."""
        _freeze(self, "factors")
        sizes = (
            "levels",
            "stoch_size",
            "deter_size",
            "hidden_size",
            "channels",
            "dense_layers",
            "dense_hidden",
        )
        _at_least(self, dict.fromkeys(sizes, 1) | {"min_stddev": 0.0, "size": 1})
        if not math.isfinite(self.channel_multiplier):
            raise ValueError(f"channel_multiplier must be finite, got {self.channel_multiplier}")
        if not self.decoder_stddev > 0:
            raise ValueError(f"decoder_stddev must be positive, got {self.decoder_stddev}")
        feature_size(self.size, self.channel_multiplier)
        _ = self.clock

    @property
    def clock(self) -> Clock:
        """The clock of the levels."""
        return Clock(self.levels, self.factors, lookahead=self.lookahead)


@dataclasses.dataclass(frozen=True, kw_only=True)
class TrainConfig:
    """How a model is trained."""

    steps: int = 100_000
    """Optimisation steps."""
    batch_size: int = 50
    """Videos in a batch."""
    frames: int = 100
    """Frames of a training video."""
    learning_rate: float = 3e-4
    """Learning rate of Adam."""
    decay: float = 0.0
    """Share of the steps, in [0, 1], at whose end the learning rate falls linearly to 0."""
    epsilon: float = 1e-4
    """Epsilon of Adam, added as Keras does to the root of the uncorrected second moment."""
    clip_norm: float = 10_000.0
    """Global norm to which gradients are clipped."""
    beta: float | tuple[float, ...] = 1.0
    """Weight of the KL: one for all levels, or one for each, the fastest first."""
    free_nats: float | tuple[float, ...] = 0.0
    """Nats of KL over a video that cost nothing: one for all levels, or one for each."""
    kl_balance: float | None = None
    """KL balancing: share of the KL's gradient that trains the posterior, in [0, 1]."""
    compute_dtype: ComputeDtype = "float32"
    """Numbers that encoder and decoder compute with while training; all else stays float32."""
    seed: int = 0
    """Seed of weights, data order and noise."""

    def __post_init__(self) -> None:
        """Raise `ValueError` for values outside their range."""
        if self.compute_dtype not in get_args(ComputeDtype):
            raise ValueError(
                f"compute_dtype must be {' or '.join(get_args(ComputeDtype))}, "
                f"got {self.compute_dtype}"
            )
        _at_least(self, {"steps": 1, "batch_size": 1, "frames": 1, "epsilon": 0.0, "seed": 0})
        _freeze(self, "beta", "free_nats")
        if self.seed >= 2**32:
            raise ValueError(f"seed must be below 2**32, got {self.seed}")
        for name in ("learning_rate", "clip_norm"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} must be positive, got {getattr(self, name)}")
        for name in ("beta", "free_nats"):
            value = getattr(self, name)
            if not all(v >= 0 for v in (value if isinstance(value, tuple) else (value,))):
                raise ValueError(f"{name} must not be negative, got {value}")
        if not 0 <= self.decay <= 1:
            raise ValueError(f"decay must be in [0, 1], got {self.decay}")
        if self.kl_balance is not None and not 0 <= self.kl_balance <= 1:
            raise ValueError(f"kl_balance must be in [0, 1], got {self.kl_balance}")


@dataclasses.dataclass(frozen=True, kw_only=True)
class DataConfig:
    """The videos that a model is trained and evaluated on."""

    data: str = "moving_mnist"
    """Data set, NAME:PATH; moving_mnist without a path draws digits on the fly."""
    speed: float = 1.0
    """How much faster the videos play: 3 is time-lapse, 0.333 shows every frame three times."""
    flip: bool = False
    """Mirror each training video, left for right, in half of the epochs."""
    resize: bool = False
    """Crop and resize frames of other sizes; if not, they are an error."""
    frame_rate: float | None = None
    """Frames a second to resample to, by the times of frames (default: each frame once)."""
    axes: str | None = None
    """Axes of arrays, of the letters ntchw: videos, frames, channels, height, width, such as tchw
    (default: recognised)."""
    decoded_limit: float = 4.0
    """GiB that the decoded frames of a file may take; a frame may have 2**25 pixels for each."""
    test_fraction: float = 0.1
    """Share of the videos of a data set without train and test in it that is kept for testing."""
    skip_bad_files: bool = False
    """Leave out files that are damaged or do not fit, with a warning; if not, they stop the run."""
    cache_memory: float = 2.0
    """GiB of decoded videos to keep in memory; those beyond are kept in a folder."""
    cache_folder: str | None = None
    """That folder (default: cwvae/videos in $XDG_CACHE_HOME or ~/.cache)."""
    num_digits: int = 2
    """Digits in a video of moving_mnist on the fly."""
    digits: str | None = None
    """File with MNIST (an npz, or one of the four IDX files); else the subset in the package."""

    def __post_init__(self) -> None:
        """Raise `ValueError` for values outside their range."""
        _at_least(self, {"num_digits": 1, "cache_memory": 0.0})
        if not math.isfinite(self.cache_memory):
            raise ValueError(f"cache_memory must be finite, got {self.cache_memory}")
        if not 0 < self.test_fraction < 1:
            raise ValueError(f"test_fraction must be between 0 and 1, got {self.test_fraction}")
        if not 1 / 30 <= self.speed <= 30:
            raise ValueError(f"speed must be from 1/30 to 30, got {self.speed}")
        if not 0 < self.decoded_limit < math.inf:
            raise ValueError(f"decoded_limit must be positive and finite, got {self.decoded_limit}")
        if self.frame_rate is not None and not 0.001 <= self.frame_rate <= 1000:
            raise ValueError(f"frame_rate must be from 0.001 to 1000, got {self.frame_rate}")
        if self.axes is not None and not are_axes(self.axes):
            raise ValueError(
                "axes must be different letters of n, t, c, h and w with t, h and w among them, "
                f"such as tchw, got {self.axes!r}"
            )


@dataclasses.dataclass(frozen=True, kw_only=True)
class Preset:
    """A named choice of model, training and data, and how the result is evaluated."""

    model: ModelConfig
    train: TrainConfig
    data: DataConfig = DataConfig()
    context: int = 36
    """Context frames of an evaluation."""
    horizon: int = 964
    """Frames predicted in an evaluation."""

    def __post_init__(self) -> None:
        """Raise `ValueError` for a context that does not end on a tick of every level."""
        if self.context < 1 or self.context % self.model.clock.slowest:
            raise ValueError(
                f"context must be a multiple of the slowest period, "
                f"{self.model.clock.slowest} frames, got {self.context}"
            )
