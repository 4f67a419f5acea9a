"""Integer time: when a level ticks, how features climb, how context descends.

The fastest level ticks at every frame and level l, counted from 0, every `periods[l]` frames, the
product of the temporal abstraction factors below it (Saxena et al. 2021, section 3: the active
ticks of level l are t with (t - 1) mod k^(l-1) = 0). Features climb by `pool`, context descends
by `hold`; the two are adjoint linear maps. A tick's window begins at the tick, as in the paper,
or, in a causal clock, ends there. Above these levels may stand a static one, which ticks once a
video: its period has no end.
"""

import dataclasses
from collections.abc import Sequence
from math import prod
from typing import SupportsIndex

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Shaped

from cwvae.arguments import whole_number
from cwvae.factors import ENDLESS, factors_of_levels
from cwvae.shapes import checked

__all__ = ["ENDLESS", "Clock", "hold", "pool"]


@dataclasses.dataclass(frozen=True, init=False)
class Clock:
    """The ticking of a stack of levels, the fastest first.

    **Arguments:**

    - `levels`: the number of levels, at least 1, or 2 with a static one.
    - `factors`: the temporal abstraction factor k, at least 1: one for all, or one for each
      level above the first that is not static, `factors[l]` being the number of ticks of level l
      that one tick of level l + 1 lasts (levels counted from 0). Factor 1 everywhere is the
      paper's NoTmpAbs; one level is an RSSM.
    - `lookahead`: whether the window whose frames are a tick's input begins at the tick's frame,
      so that inference looks ahead by up to a period (the paper), or ends there, so that a
      window is used when it is complete (a causal model).
    - `static_window`: makes the slowest level a static one: it ticks at the first frame alone,
      and its state, which nothing changes any more, is the context of the level below for the
      rest of the video (the content vector of Franceschi et al. 2020, SRVP). Its window is the
      first so many frames; in a causal clock it is the first frame. None: no level is static.

    Raises `ValueError` for too few levels or more than 100, a factor or window below 1, a period of
    `ENDLESS` frames or more, or a wrong number of factors.
    """

    levels: int
    factors: tuple[int, ...]
    lookahead: bool
    static_window: int | None

    @checked
    def __init__(
        self,
        levels: SupportsIndex,
        factors: SupportsIndex | Sequence[SupportsIndex] = 6,
        *,
        lookahead: bool = True,
        static_window: SupportsIndex | None = None,
    ):
        """Turn one factor for all into one for each level above the first, and check them."""
        static = static_window is not None
        numbers = factors_of_levels(levels, factors, static=static)
        window = whole_number("static_window", static_window) if static else None
        object.__setattr__(self, "levels", whole_number("levels", levels))
        object.__setattr__(self, "factors", numbers)
        object.__setattr__(self, "lookahead", lookahead)
        object.__setattr__(self, "static_window", window)

    @property
    def periods(self) -> tuple[int, ...]:
        """Frames between two ticks of each level: the product of the factors below it.

        That of a static level is `ENDLESS`.
        """
        finite = tuple(prod(self.factors[:level]) for level in range(len(self.factors) + 1))
        return finite if self.static_window is None else (*finite, ENDLESS)

    @property
    def slowest(self) -> int:
        """The period of the slowest level that is not static, in frames."""
        return prod(self.factors)

    @property
    def tick_frames(self) -> tuple[int, ...]:
        """Frames that a tick of each level stands for, those of its window.

        That is its period, or of a static level its window, in a causal clock one frame.
        """
        if self.static_window is None:
            return self.periods
        return (*self.periods[:-1], self.static_window if self.lookahead else 1)

    def ticks(self, frames: SupportsIndex, *, start: SupportsIndex = 0) -> tuple[int, ...]:
        """Count the ticks of each level in `frames` frames, a last short window included.

        **Arguments:** `frames`; `start`, the number of frames before them, at which every level
        ticks but a static one, which ticks at frame 0 alone.
        """
        frames = whole_number("frames", frames, least=0)
        begins = whole_number("start", start, least=0) == 0
        return tuple(-(-frames // p) if p != ENDLESS or begins else 0 for p in self.periods)

    def active(self, level: SupportsIndex, frames: SupportsIndex) -> Bool[np.ndarray, " frames"]:
        """Mark at which of `frames` frames the level (counted from 0) ticks.

        Raises `ValueError` for a level that the clock does not have.
        """
        return np.arange(whole_number("frames", frames, least=0)) % self._period(level) == 0

    @checked
    def windows(
        self,
        values: Shaped[Array, " frames *axes"],
        level: SupportsIndex,
        before: Shaped[Array, " *axes"] | None = None,
    ) -> Shaped[Array, " ticks *axes"]:
        """Sum the frames of each tick's window, for a level (counted from 0).

        A window is the tick's frame and those after it up to the next tick; of a causal clock,
        the tick's frame and those before it down to the last tick. Past either end of the video
        stand zeros. `values` begin with the video's first frame, or, given the `open_window` of
        the frames `before` them, with another at which all levels tick. Raises `ValueError` for a
        level that the clock does not have.
        """
        period = self._period(level)
        if period == ENDLESS:
            return values[: self.static_window if self.lookahead else 1].sum(0, keepdims=True)
        if self.lookahead:
            return pool(values, period)
        padded = jnp.pad(values, [(period - 1, 0)] + [(0, 0)] * (values.ndim - 1))
        windows = pool(padded, period)[: -(-values.shape[0] // period)]
        return windows if before is None else windows.at[0].add(before)

    @checked
    def open_window(
        self, values: Shaped[Array, " frames *axes"], level: SupportsIndex
    ) -> Shaped[Array, " *axes"]:
        """Sum the frames that belong to the window of a level's next tick, after all of `values`.

        Of a causal clock they are those since the last tick; where a clock looks ahead there are
        none. `values` begin at a frame at which all levels tick. Raises `ValueError` for a level
        that the clock does not have.
        """
        period, frames = self._period(level), values.shape[0]
        closed = self.lookahead or period == ENDLESS
        since = frames if closed else (frames - 1) // period * period + 1
        return values[since:].sum(0)

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
    return jnp.repeat(values, min(factor, length), axis=0)[:length]
