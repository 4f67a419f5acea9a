"""The configuration of a model: a frozen dataclass of plain values."""

import dataclasses
from math import prod
from typing import TYPE_CHECKING, Literal, get_args

from cwvae.factors import factors_of_levels
from cwvae.nn.frame_sizes import SIZES, feature_size
from cwvae.training.checks import (
    Rule,
    check,
    check_levels,
    each,
    flag,
    number,
    one_of,
    optional,
    whole,
)

if TYPE_CHECKING:
    from cwvae.clock import Clock

__all__ = ["LEVELS", "CellName", "LikelihoodName", "ModelConfig"]

CellName = Literal["rssm", "min_gru"]
"""The kinds of cells (`cwvae.cells`)."""

LikelihoodName = Literal["normal", "calibrated", "bernoulli", "logistic"]
"""The families of distributions of a frame (`cwvae.likelihoods`)."""

LEVELS = 32
"""The most levels that a configuration may have."""

_PERIOD, _FRAMES = 100_000, 1_000_000
_SIZE = Rule(
    "32, 64, 128 or 256",
    lambda value: whole(min(SIZES), max(SIZES)).holds(value) and value in SIZES,
    int,
    remedy="choose one of these and resize the video to it",
)

_MODEL = {
    "levels": whole(1, LEVELS),
    "factors": each(whole(1, _PERIOD), LEVELS),
    "lookahead": flag,
    "static_window": optional(whole(1, _FRAMES)),
    "stoch_size": each(whole(1, 100_000), LEVELS),
    "deter_size": each(whole(1, 100_000), LEVELS),
    "pass_context": flag,
    "cell": one_of(*get_args(CellName)),
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
    "update_bias": each(number(-100, 100), LEVELS),
    "residual_prior": each(flag, LEVELS),
}


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
    cell: CellName = "rssm"
    """Kind of the cells: rssm, the paper's; min_gru, whose posterior does not read the memory, so
    that training waits for no tick (Feng et al. 2024)."""
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
        for name in ("stoch_size", "deter_size", "update_bias", "residual_prior"):
            check_levels(name, getattr(self, name), self.levels)
        feature_size(self.size, self.channel_multiplier)
        if self.size % self.coarse_evidence:
            raise ValueError(
                f"coarse_evidence must divide the size {self.size}, got {self.coarse_evidence}; "
                "use a power of two"
            )
        if self.levels == 1 and self.coarse_evidence > 1:
            raise ValueError(
                "coarse_evidence leaves the slowest level the frames themselves, and with 1 level "
                f"that is the only one, got {self.coarse_evidence}; use 1, or more levels"
            )
        if self.context_multiple > _PERIOD:
            raise ValueError(
                f"the slowest level must tick at least once in {_PERIOD:,} frames, got a period of "
                f"{self.context_multiple:,} from {self.levels} levels and factors {self.factors}; "
                "use fewer levels or smaller factors"
            )

    @property
    def stoch_sizes(self) -> tuple[int, ...]:
        """Sizes of the stochastic parts of the states, the fastest level first."""
        return self._of_levels(self.stoch_size)

    @property
    def deter_sizes(self) -> tuple[int, ...]:
        """Sizes of the deterministic parts of the states, the fastest level first."""
        return self._of_levels(self.deter_size)

    @property
    def clock(self) -> "Clock":
        """The clock of the levels."""
        from cwvae.clock import Clock  # Here, since it is of arrays, and a configuration is not.

        return Clock(
            self.levels, self.factors, lookahead=self.lookahead, static_window=self.static_window
        )

    @property
    def context_multiple(self) -> int:
        """The period of the slowest level, on whose ticks a context ends."""
        static = self.static_window is not None
        return prod(factors_of_levels(self.levels, self.factors, static=static))

    def _of_levels(self, value: int | tuple[int, ...]) -> tuple[int, ...]:
        """Return a field's value for each level."""
        return value if isinstance(value, tuple) else (value,) * self.levels
