"""Frozen configurations of plain values: of a model, of its training, of both with their data.

No configuration enters the core: `cwvae.build` is the only translation. Every field has a type and
a range, far wider than any sound use; those of sizes keep a slip of the hand from filling memory.
"""

import dataclasses
from typing import get_args

from cwvae.dtypes import ComputeDtype
from cwvae.training.checks import Rule, between, check, each, flag, number, one_of, optional, whole
from cwvae.training.data_config import DataConfig
from cwvae.training.model_config import LEVELS, LikelihoodName, ModelConfig

__all__ = [
    "ComputeDtype",
    "DataConfig",
    "LikelihoodName",
    "ModelConfig",
    "TrainConfig",
    "check_pieces",
]

_FRAMES = 1_000_000

_TRAIN = {
    "steps": whole(1, 10**9),
    "batch_size": whole(1, 1_000_000),
    "accumulate": whole(1, 1_000_000),
    "frames": whole(1, _FRAMES),
    "pieces": whole(1, _FRAMES),
    "learning_rate": between(0, 1000),
    "warmup": whole(0, 10**9),
    "decay": number(0, 1),
    # Weights without a gradient would be divided 0 by 0.
    "epsilon": number(1e-30, 1000),
    "clip_norm": between(0, 1e30),
    "amsgrad": flag,
    "beta": each(number(0, 1e9), LEVELS),
    "beta_start": each(number(0, 1e9), LEVELS),
    "beta_steps": whole(0, 10**9),
    "free_nats": each(number(0, 1e9), LEVELS),
    "tick_free_nats": each(number(0, 1e9), LEVELS),
    "free_nats_steps": whole(0, 10**9),
    "kl_balance": optional(number(0, 1)),
    "hide": number(0, 0.99),
    "compute_dtype": one_of(*get_args(ComputeDtype)),
    "average": Rule(
        "a number from 0 to below 1", lambda value: number(0, 1).holds(value) and value < 1, float
    ),
    "seed": whole(0, 2**32 - 1),
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class TrainConfig:
    """How a model is trained.

    Raises `ValueError` that names the first field of the wrong type or outside its range.
    """

    steps: int = 100_000
    """Optimisation steps."""
    batch_size: int = 50
    """Videos in a batch."""
    accumulate: int = 1
    """Parts of a batch that a step goes through one after the other, with the memory of one and
    the result of all to rounding; every part is computed a second time for its gradient."""
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
    amsgrad: bool = False
    """Whether Adam divides by the largest second moment so far (AMSGrad), as VTA's does."""
    beta: float | tuple[float, ...] = 1.0
    """Weight of the KL: one for all levels, or one for each, the fastest first."""
    beta_start: float | tuple[float, ...] = 0.0
    """The weight that beta_steps begin with: one for all levels, or one for each."""
    beta_steps: int = 0
    """Steps over which the weight goes from beta_start to beta, along half a cosine (KL annealing,
    Bowman et al. 2016); 0: beta from the first step on."""
    free_nats: float | tuple[float, ...] = 0.0
    """Nats of KL over a video that cost nothing (Kingma et al. 2016): one for all levels, or one
    for each."""
    tick_free_nats: float | tuple[float, ...] = 0.0
    """Nats of KL that cost nothing at each tick, for each frame of its period, spread evenly over
    the latent's dimensions (Havtorn et al. 2022): one for all levels, or one for each."""
    free_nats_steps: int = 0
    """Steps for which both kinds of free nats are constant; over as many they then fall to 0, along
    half a cosine (Havtorn et al. 2022). 0: constant for ever."""
    kl_balance: float | None = None
    """KL balancing: the share of the KL's gradient, in [0, 1], that trains the posterior; the rest,
    1 - kl_balance, trains the prior (official kl_grad_post_perc; DreamerV2's alpha is the rest)."""
    hide: float = 0.0
    """Share of the frames, drawn anew for each video, that inference does not see while their
    likelihood counts: what is to come has to be known from before, as in a forecast (dropped
    inputs, Bowman et al. 2016)."""
    compute_dtype: ComputeDtype = "float32"
    """Type in which encoder and decoder compute while training; all else stays float32."""
    average: float = 0.0
    """Decay, in [0, 1), of the moving average of the weights (Polyak and Juditsky 1992) that
    evaluate and predict use, such as 0.999; 0 for the weights themselves."""
    seed: int = 0
    """Seed of weights, data order and noise."""

    def __post_init__(self) -> None:
        """Raise `ValueError` for fields of a wrong type or range, or that do not fit together."""
        check(self, _TRAIN)
        if self.batch_size % self.accumulate:
            raise ValueError(
                f"batch_size must be a multiple of accumulate, {self.accumulate:,}, got "
                f"{self.batch_size:,}; use other parts, or another batch size"
            )
        if self.warmup > self.steps:
            raise ValueError(
                f"warmup must be at most the number of steps, {self.steps:,}, got {self.warmup:,}; "
                "of a short training give a shorter one too"
            )
        starts = self.beta_start if isinstance(self.beta_start, tuple) else (self.beta_start,)
        if any(starts) and not self.beta_steps:
            raise ValueError(
                "beta_start must come with beta_steps, over which the weight goes from it to "
                f"beta, got {self.beta_start} and 0 steps; give steps, or a start of 0"
            )
        if self.frames * self.pieces > _FRAMES:
            raise ValueError(
                f"a training video must have at most {_FRAMES:,} frames, got {self.pieces:,} "
                f"pieces of {self.frames:,}; use fewer or shorter pieces"
            )


def check_pieces(frames: int, config: TrainConfig, slowest: int) -> None:
    """Raise `ValueError` for pieces of so many frames, after which no other can follow.

    A piece ends on a tick of every level: its frames are a multiple of the slowest period.
    """
    if config.pieces > 1 and frames % slowest:
        nearest = sorted({max(frames // slowest, 1) * slowest, -(-frames // slowest) * slowest})
        raise ValueError(
            f"frames must be a multiple of the slowest period, {slowest}, for videos in "
            f"{config.pieces} pieces, got {frames}; use {' or '.join(map(str, nearest))}"
        )
