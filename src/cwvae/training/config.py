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
    check_levels,
    each,
    flag,
    number,
    one_of,
    optional,
    whole,
)
from cwvae.training.data_config import DataConfig

__all__ = [
    "ComputeDtype",
    "DataConfig",
    "LikelihoodName",
    "ModelConfig",
    "Preset",
    "TrainConfig",
    "check_pieces",
]

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
    "static_window": optional(whole(1, _FRAMES)),
    "stoch_size": each(whole(1, 100_000), _LEVELS),
    "deter_size": each(whole(1, 100_000), _LEVELS),
    "pass_context": flag,
    "hidden_size": whole(1, 100_000),
    "size": _SIZE,
    "channels": whole(1, 1000),
    "channel_multiplier": number(1 / 32, 100),
    "coarse_evidence": whole(1, max(SIZES)),
    "dense_layers": whole(1, 100),
    "dense_hidden": whole(1, 100_000),
    # A step between two gray values is 0.004; far below that nothing but overflow is left.
    "decoder_stddev": number(1e-4, 1e4),
    "likelihood": one_of(*get_args(LikelihoodName)),
    "stddev_floor": number(1e-4, 1e4),
    "stddev_warmup": whole(0, 10**9),
    "min_stddev": number(0, 1e4),
    "update_bias": each(number(-100, 100), _LEVELS),
    "residual_prior": each(flag, _LEVELS),
}

_TRAIN = {
    "steps": whole(1, 10**9),
    "batch_size": whole(1, 1_000_000),
    "frames": whole(1, _FRAMES),
    "pieces": whole(1, _FRAMES),
    "learning_rate": between(0, 1000),
    "warmup": whole(0, 10**9),
    "decay": number(0, 1),
    # Weights without a gradient would be divided 0 by 0.
    "epsilon": number(1e-30, 1000),
    "clip_norm": between(0, 1e30),
    "beta": each(number(0, 1e9), _LEVELS),
    "beta_start": each(number(0, 1e9), _LEVELS),
    "beta_steps": whole(0, 10**9),
    "free_nats": each(number(0, 1e9), _LEVELS),
    "tick_free_nats": each(number(0, 1e9), _LEVELS),
    "free_nats_steps": whole(0, 10**9),
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
    """Temporal abstraction factor: one for all levels, or one for each level above the first, but
    for a static one."""
    lookahead: bool = True
    """True: a tick's inputs are the frames up to the next tick. False (--no-lookahead): those since
    the last."""
    static_window: int | None = None
    """Frames at the beginning of a video that the slowest level, a static one, is inferred from: it
    ticks once and is held; None: every level ticks on."""
    stoch_size: int | tuple[int, ...] = 20
    """Size of the stochastic part of a state: one for all levels, or one for each, the fastest
    first."""
    deter_size: int | tuple[int, ...] = 200
    """Size of the deterministic part of a state: one for all levels, or one for each."""
    pass_context: bool = False
    """True: a level's output holds that of the level above too, so that the decoder reads all."""
    hidden_size: int = 200
    """Width of the dense layers of a cell."""
    size: int = 64
    """Height and width of a frame in pixels: 32, 64, 128 or 256."""
    channels: int = 1
    """Channels of a frame: 1 (gray) or 3 (RGB)."""
    channel_multiplier: float = 1.0
    """Multiplies the number of channels of every convolution."""
    coarse_evidence: int = 1
    """Edge in pixels of the square blocks of which all levels but the slowest see only the mean,
    so that what is finer can be kept by the slowest level alone; 1: every level sees the frames."""
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
    update_bias: float | tuple[float, ...] = 0.0
    """What the bias of the memory's update gate starts from: one for all levels, or one for each.
    Above 0 the memory holds what it has, such as 1 or 2 for slow levels (DreamerV3's -1 is 1 here,
    where the gate is the share that stays)."""
    residual_prior: bool | tuple[bool, ...] = False
    """Whether prior and posterior are about the change since the last tick: their means are the
    last sample plus what the cell computes. One for all levels, or one for each."""

    def __post_init__(self) -> None:
        """Raise `ValueError` for a field of the wrong type or range, or a clock that cannot be."""
        check(self, _MODEL)
        for name in ("update_bias", "residual_prior"):
            check_levels(name, getattr(self, name), self.levels)
        feature_size(self.size, self.channel_multiplier)
        for name in ("stoch_size", "deter_size"):
            self._of_levels(name)
        if self.size % self.coarse_evidence:
            raise ValueError(
                f"coarse_evidence must divide the size {self.size}, got {self.coarse_evidence}; "
                "use a power of two"
            )
        if self.clock.slowest > _PERIOD:
            raise ValueError(
                f"the slowest level must tick at least once in {_PERIOD:,} frames, got a period of "
                f"{self.clock.slowest:,} from {self.levels} levels and factors {self.factors}; "
                "use fewer levels or smaller factors"
            )

    @property
    def stoch_sizes(self) -> tuple[int, ...]:
        """Sizes of the stochastic parts of the states, the fastest level first."""
        return self._of_levels("stoch_size")

    @property
    def deter_sizes(self) -> tuple[int, ...]:
        """Sizes of the deterministic parts of the states, the fastest level first."""
        return self._of_levels("deter_size")

    @property
    def clock(self) -> Clock:
        """The clock of the levels."""
        return Clock(
            self.levels, self.factors, lookahead=self.lookahead, static_window=self.static_window
        )

    def _of_levels(self, name: str) -> tuple[int, ...]:
        """Return a field's value for each level, or raise `ValueError` for another number."""
        value = getattr(self, name)
        values = value if isinstance(value, tuple) else (value,) * self.levels
        if len(values) != self.levels:
            raise ValueError(
                f"{name} must be one number, or one for each of {self.levels} levels, got "
                f"{len(values)}: {values}"
            )
        return values


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
    """Frames of a training video, or of a piece of one."""
    pieces: int = 1
    """Consecutive pieces of a training video, a step each: every piece begins with the states in
    which the one before ended, the gradient cut (truncated backpropagation through time)."""
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
    beta_start: float | tuple[float, ...] = 0.0
    """The weight that beta_steps begin with: one for all levels, or one for each."""
    beta_steps: int = 0
    """Steps over which the weight goes from beta_start to beta, along half a cosine; 0: beta from
    the first step on."""
    free_nats: float | tuple[float, ...] = 0.0
    """Nats of KL over a video that cost nothing: one for all levels, or one for each."""
    tick_free_nats: float | tuple[float, ...] = 0.0
    """Nats of KL that cost nothing at each tick, for each frame of its period, spread evenly over
    the latent's dimensions: one for all levels, or one for each."""
    free_nats_steps: int = 0
    """Steps for which both kinds of free nats are constant; over as many they then fall to 0, along
    half a cosine. 0: constant for ever."""
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
        if self.frames * self.pieces > _FRAMES:
            raise ValueError(
                f"a training video must have at most {_FRAMES:,} frames, got {self.pieces:,} "
                f"pieces of {self.frames:,}; use fewer or shorter pieces"
            )


def check_pieces(frames: int, config: TrainConfig, clock: Clock) -> None:
    """Raise `ValueError` for pieces of so many frames, after which no other can follow.

    A piece ends on a tick of every level: its frames are a multiple of the slowest period.
    """
    slowest = clock.slowest
    if config.pieces > 1 and frames % slowest:
        nearest = sorted({max(frames // slowest, 1) * slowest, -(-frames // slowest) * slowest})
        raise ValueError(
            f"frames must be a multiple of the slowest period, {slowest}, for videos in "
            f"{config.pieces} pieces, got {frames}; use {' or '.join(map(str, nearest))}"
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
        """Raise `ValueError` for context or pieces that do not end on a tick of every level."""
        check(self, _PRESET)
        check_pieces(self.train.frames, self.train, self.model.clock)
        if self.context % self.model.clock.slowest:
            raise ValueError(
                f"context must be a multiple of the slowest period, "
                f"{self.model.clock.slowest} frames, got {self.context}"
            )
