"""Integer time: when a level ticks, how features climb, how context descends.

The fastest level ticks at every frame and level l, counted from 0, every `periods[l]` frames, the
product of the temporal abstraction factors below it (Saxena et al. 2021, section 3: the active
ticks of level l are t with (t - 1) mod k^(l-1) = 0). Features climb by `pool`, context descends
by `hold`; the two are adjoint linear maps. A tick's window begins at the tick, as in the paper,
or, in a causal clock, ends there.
"""

import dataclasses
from collections.abc import Sequence
from math import prod
from numbers import Integral
from typing import SupportsIndex

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Shaped

from cwvae.arguments import whole_number
from cwvae.shapes import checked

__all__ = ["Clock", "hold", "pool"]


@dataclasses.dataclass(frozen=True, init=False)
class Clock:
    """The ticking of a stack of levels, the fastest first.

    **Arguments:**

    - `levels`: the number of levels, at least 1.
    - `factors`: the temporal abstraction factor k, at least 1: one for all, or one for each
      level above the first, `factors[l]` being the number of ticks of level l that one tick of
      level l + 1 lasts (levels counted from 0). Factor 1 everywhere is the paper's NoTmpAbs; one
      level is an RSSM.
    - `lookahead`: whether the window whose frames are a tick's input begins at the tick's frame,
      so that inference looks ahead by up to a period (the paper), or ends there, so that a
      window is used when it is complete (a causal model).

    Raises `ValueError` for fewer than one level, a factor below 1, or a wrong number of factors.
    """

    levels: int
    factors: tuple[int, ...]
    lookahead: bool

    @checked
    def __init__(
        self,
        levels: SupportsIndex,
        factors: SupportsIndex | Sequence[SupportsIndex] = 6,
        *,
        lookahead: bool = True,
    ):
        """Turn one factor for all into one for each level above the first, and check them."""
        levels = whole_number("levels", levels)
        several = np.iterable(factors)
        numbers = tuple(factors) if several else (factors,)
        if not all(isinstance(factor, Integral) for factor in numbers):
            raise ValueError(f"temporal abstraction factors must be whole numbers, got {factors}")
        numbers = tuple(int(factor) for factor in numbers)
        if any(factor < 1 for factor in numbers):
            raise ValueError(
                f"temporal abstraction factors must be at least 1, got {factors}; "
                "use 1 for a level that ticks as often as the one below"
            )
        numbers = numbers if several else numbers * (levels - 1)
        if len(numbers) != levels - 1:
            raise ValueError(
                f"{levels} levels need {levels - 1} temporal abstraction factors, one for each "
                f"level above the first, got {len(numbers)}: {numbers}"
            )
        object.__setattr__(self, "levels", levels)
        object.__setattr__(self, "factors", numbers)
        object.__setattr__(self, "lookahead", lookahead)

    @property
    def periods(self) -> tuple[int, ...]:
        """Frames between two ticks of each level: the product of the factors below it."""
        return tuple(prod(self.factors[:level]) for level in range(self.levels))

    @property
    def slowest(self) -> int:
        """The period of the slowest level, in frames."""
        return self.periods[-1]

    @property
    def tick_frames(self) -> tuple[int, ...]:
        """Frames that a tick of each level stands for, those of its window: its period."""
        return self.periods

    def ticks(self, frames: SupportsIndex) -> tuple[int, ...]:
        """Count the ticks of each level in `frames` frames, a last short window included."""
        frames = whole_number("frames", frames, least=0)
        return tuple(-(-frames // period) for period in self.periods)

    def active(self, level: SupportsIndex, frames: SupportsIndex) -> Bool[np.ndarray, " frames"]:
        """Mark at which of `frames` frames the level (counted from 0) ticks.

        Raises `ValueError` for a level that the clock does not have.
        """
        return np.arange(whole_number("frames", frames, least=0)) % self._period(level) == 0

    @checked
    def windows(
        self, values: Shaped[Array, " frames *axes"], level: SupportsIndex
    ) -> Shaped[Array, " ticks *axes"]:
        """Sum the frames of each tick's window, for a level (counted from 0).

        A window is the tick's frame and those after it up to the next tick; of a causal clock,
        the tick's frame and those before it down to the last tick. Past either end of the video
        stand zeros. `values` begin with the video's first frame. Raises `ValueError` for a level
        that the clock does not have.
        """
        period = self._period(level)
        if self.lookahead:
            return pool(values, period)
        before = jnp.pad(values, [(period - 1, 0)] + [(0, 0)] * (values.ndim - 1))
        return pool(before, period)[: -(-values.shape[0] // period)]

    def _period(self, level: SupportsIndex) -> int:
        """Return the period of a level; raise `ValueError` for one that does not exist."""
        number = whole_number("level", level, least=0)
        if number >= self.levels:
            raise ValueError(
                f"level must be at most {self.levels - 1}, that of the slowest, got {number}"
            )
        return self.periods[number]


@checked
def pool(
    features: Shaped[Array, " frames *axes"], factor: SupportsIndex
) -> Shaped[Array, " ticks *axes"]:
    """Sum windows of `factor` consecutive entries: (frames, ...) to (ceil(frames / factor), ...).

    The adjoint of `hold`. Pooling by a and then by b is pooling by a b. Raises `ValueError` for a
    factor below 1.
    """
    factor = whole_number("factor", factor)
    # Zeros are neutral for the sum, so a short last window needs no mask.
    short = -features.shape[0] % factor
    padded = jnp.pad(features, [(0, short)] + [(0, 0)] * (features.ndim - 1))
    return padded.reshape(padded.shape[0] // factor, factor, *features.shape[1:]).sum(1)


@checked
def hold(
    values: Shaped[Array, " ticks *axes"], factor: SupportsIndex, length: SupportsIndex
) -> Shaped[Array, " frames *axes"]:
    """Repeat each value for a window of `factor`, cut to `length`: (ticks, ...) to (length, ...).

    The adjoint of `pool`. Raises `ValueError` when the ticks are not those of `length` frames,
    or for a factor below 1.
    """
    factor, length = whole_number("factor", factor), whole_number("length", length, least=0)
    expected = -(-length // factor)
    if values.shape[0] != expected:
        raise ValueError(
            f"{length} entries in windows of {factor} are {expected} ticks, "
            f"got {values.shape[0]} values to hold; cut or make them for {length} frames"
        )
    return jnp.repeat(values, factor, axis=0)[:length]
