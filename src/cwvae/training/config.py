"""Frozen configurations of plain values: of a model, of its training, of both with their data.

No configuration enters the core: `cwvae.build` is the only translation. Every field has a type and
a range, far wider than any sound use; those of sizes keep a slip of the hand from filling memory.
"""

import dataclasses
from typing import Literal, get_args

from cwvae.clock import Clock
from cwvae.nn.vision import SIZES, feature_size
from cwvae.training.checks import (
    Rule,
    between,
    check,
    each,
    flag,
    number,
    one_of,
    optional,
    whole,
)
from cwvae.training.data_config import DataConfig

__all__ = ["ComputeDtype", "DataConfig", "LikelihoodName", "ModelConfig", "Preset", "TrainConfig"]

ComputeDtype = Literal["float32", "bfloat16"]
"""The types in which encoder and decoder may compute while training."""

LikelihoodName = Literal["normal", "calibrated", "bernoulli", "logistic"]
"""The families of distributions of a frame (`cwvae.likelihoods`)."""

_LEVELS, _PERIOD, _FRAMES = 32, 100_000, 1_000_000
_SIZE = Rule(
    "32, 64, 128 or 256",
    lambda value: whole(min(SIZES), max(SIZES)).holds(value) and value in SIZES,
    int,
    remedy="choose one of these and resize the video to it",
)

_MODEL = {
    "levels": whole(1, _LEVELS),
    "factors": each(whole(1, _PERIOD), _LEVELS),
    "lookahead": flag,
    "stoch_size": whole(1, 100_000),
    "deter_size": whole(1, 100_000),
    "hidden_size": whole(1, 100_000),
    "size": _SIZE,
    "channels": whole(1, 1000),
    "channel_multiplier": number(1 / 32, 100),
    "dense_layers": whole(1, 100),
    "dense_hidden": whole(1, 100_000),
    # A step between two gray values is 0.004; far below that nothing but overflow is left.
    "decoder_stddev": number(1e-4, 1e4),
    "likelihood": one_of(*get_args(LikelihoodName)),
    "stddev_floor": number(1e-4, 1e4),
    "stddev_warmup": whole(0, 10**9),
    "min_stddev": number(0, 1e4),
}

_TRAIN = {
    "steps": whole(1, 10**9),
    "batch_size": whole(1, 1_000_000),
    "frames": whole(1, _FRAMES),
    "learning_rate": between(0, 1000),
    "warmup": whole(0, 10**9),
    "decay": number(0, 1),
    # Weights without a gradient would be divided 0 by 0.
    "epsilon": number(1e-30, 1000),
    "clip_norm": between(0, 1e30),
    "beta": each(number(0, 1e9), _LEVELS),
    "free_nats": each(number(0, 1e9), _LEVELS),
    "kl_balance": optional(number(0, 1)),
    "compute_dtype": one_of(*get_args(ComputeDtype)),
    "average": Rule(
        "a number from 0 to below 1", lambda value: number(0, 1).holds(value) and value < 1, float
    ),
    "seed": whole(0, 2**32 - 1),
}

_PRESET = {"context": whole(1, _FRAMES), "horizon": whole(1, _FRAMES)}


@dataclasses.dataclass(frozen=True, kw_only=True)
class ModelConfig:
    """The sizes of a model.

    Raises `ValueError` that names the first field of the wrong type or outside its range.
    """

    levels: int = 3
    """Levels of the hierarchy; 1 is an RSSM."""
    factors: int | tuple[int, ...] = 6
    """Temporal abstraction factor: one for all levels, or one for each level above the first."""
    lookahead: bool = True
    """True: a tick's inputs are the frames up to the next tick. False (--no-lookahead): those since
    the last."""
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
    """Standard deviation of a pixel given the decoder's mean; for `calibrated` and `logistic` that
    to start from, and of no account for `bernoulli`."""
    likelihood: LikelihoodName = "normal"
    """Distribution of a pixel: normal with the decoder_stddev (the official one); calibrated, a
    normal with the root of the batch's mean squared error (sigma-VAE, Rybkin et al. 2021);
    bernoulli, for pixels that are black or white; logistic, in 256 levels with a scale for each."""
    stddev_floor: float = 0.05
    """Least standard deviation of the calibrated likelihood."""
    stddev_warmup: int = 1000
    """Steps in which the least one of the calibrated likelihood falls from decoder_stddev to the
    floor."""
    min_stddev: float = 1e-4
    """Added to the standard deviation of every latent."""

    def __post_init__(self) -> None:
        """Raise `ValueError` for a field of the wrong type or range, or a clock that cannot be."""
        check(self, _MODEL)
        feature_size(self.size, self.channel_multiplier)
        if self.clock.slowest > _PERIOD:
            raise ValueError(
                f"the slowest level must tick at least once in {_PERIOD:,} frames, got a period of "
                f"{self.clock.slowest:,} from {self.levels} levels and factors {self.factors}; "
                "use fewer levels or smaller factors"
            )

    @property
    def clock(self) -> Clock:
        """The clock of the levels."""
        return Clock(self.levels, self.factors, lookahead=self.lookahead)


@dataclasses.dataclass(frozen=True, kw_only=True)
class TrainConfig:
    """How a model is trained.

    Raises `ValueError` that names the first field of the wrong type or outside its range.
    """

    steps: int = 100_000
    """Optimisation steps."""
    batch_size: int = 50
    """Videos in a batch."""
    frames: int = 100
    """Frames of a training video."""
    learning_rate: float = 3e-4
    """Learning rate of Adam."""
    warmup: int = 0
    """Steps over which the learning rate rises linearly from 0."""
    decay: float = 0.0
    """Share of all steps, in [0, 1]: over these last ones the learning rate falls linearly to 0."""
    epsilon: float = 1e-4
    """Epsilon of Adam, added as Keras does to the root of the uncorrected second moment."""
    clip_norm: float = 10_000.0
    """Global norm to which gradients are clipped."""
    beta: float | tuple[float, ...] = 1.0
    """Weight of the KL: one for all levels, or one for each, the fastest first."""
    free_nats: float | tuple[float, ...] = 0.0
    """Nats of KL over a video that cost nothing: one for all levels, or one for each."""
    kl_balance: float | None = None
    """KL balancing: the share of the KL's gradient, in [0, 1], that trains the posterior; the rest,
    1 - kl_balance, trains the prior (official kl_grad_post_perc; DreamerV2's alpha is the rest)."""
    compute_dtype: ComputeDtype = "float32"
    """Type in which encoder and decoder compute while training; all else stays float32."""
    average: float = 0.0
    """Decay, in [0, 1), of the moving average of the weights that evaluate and predict use, such as
    0.999; 0 for the weights themselves."""
    seed: int = 0
    """Seed of weights, data order and noise."""

    def __post_init__(self) -> None:
        """Raise `ValueError` for a field of the wrong type or range, or too long a warm-up."""
        check(self, _TRAIN)
        if self.warmup > self.steps:
            raise ValueError(
                f"warmup must be at most the number of steps, {self.steps:,}, got {self.warmup:,}"
            )


@dataclasses.dataclass(frozen=True, kw_only=True)
class Preset:
    """A named choice of model, training and data, and how the result is evaluated."""

    model: ModelConfig
    train: TrainConfig
    data: DataConfig = dataclasses.field(default_factory=DataConfig)
    context: int = 36
    """Context frames of an evaluation."""
    horizon: int = 964
    """Frames predicted in an evaluation."""

    def __post_init__(self) -> None:
        """Raise `ValueError` for a context that does not end on a tick of every level."""
        check(self, _PRESET)
        if self.context % self.model.clock.slowest:
            raise ValueError(
                f"context must be a multiple of the slowest period, "
                f"{self.model.clock.slowest} frames, got {self.context}"
            )
