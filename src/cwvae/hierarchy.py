"""Top-down: a stack of levels, the slowest scanned first, each over its own ticks.

A level's context is the output of the level above, held for a window; the top has none. Cells may
differ from level to level.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from itertools import accumulate, pairwise
from typing import SupportsIndex

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
from jaxtyping import Array, Int, PRNGKeyArray, Real

from cwvae.arguments import check_shape, whole_number
from cwvae.cells.base import AbstractCell, Conditioning, LevelConditioning, State, Trace
from cwvae.cells.scan import imagine_level, observe_level
from cwvae.clock import Clock, hold
from cwvae.hierarchy_checks import (
    cell_tuple,
    check_cells,
    check_features,
    check_known,
    check_run,
    check_states,
    check_times,
    level_set,
)
from cwvae.shapes import LevelFeatures, LevelNoise, TickNoise, TopDown, checked

__all__ = ["Hierarchy"]


class Hierarchy(eqx.Module):
    """Cells and the clock that they tick by, the fastest level first.

    **Arguments:**

    - `cells`: one cell a level. The `context_size` of each is the length of the output of the
      cell above, that of the last is 0.
    - `clock`: as many levels as cells.
    - `blind`: levels (counted from 0) without evidence from the frames, so that they imagine
      while the others observe (the official `use_obs`).

    Raises `ValueError`, naming the level, for what does not fit.
    """

    cells: tuple[AbstractCell, ...] = eqx.field(converter=cell_tuple)
    clock: Clock = eqx.field(static=True)
    blind: frozenset[int] = eqx.field(static=True, default=frozenset(), converter=level_set)

    def __check_init__(self) -> None:
        """Raise `ValueError` for cells that do not fit, and blind levels that do not exist."""
        check_cells(self.cells, self.clock)
        levels = range(self.clock.levels)
        if not self.blind <= set(levels):
            raise ValueError(
                f"blind levels must be among {list(levels)} (0 is the fastest), "
                f"got {sorted(self.blind)}"
            )

    def init(self) -> tuple[State, ...]:
        """Return every level's state before the first frame."""
        return tuple(cell.init() for cell in self.cells)

    @checked
    def noise(
        self, frames: SupportsIndex, *, key: PRNGKeyArray, start: SupportsIndex | Array = 0
    ) -> LevelNoise:
        """Draw each level's noise, (ticks, stoch), for `frames` frames from frame `start`.

        The noise of a tick depends on the key, the level and the tick alone: that of a longer
        video begins with that of a shorter one. `start` is a multiple of the slowest period; an
        array may be traced. Raises `ValueError` for a wrong number of frames or start.
        """
        frames = whole_number("frames", frames)
        if not isinstance(start, jax.Array):
            start = whole_number("start", start, least=0)
            if start % self.clock.slowest:
                raise ValueError(
                    f"start must be a multiple of the slowest period {self.clock.slowest}, got "
                    f"{start}; draw from {start // self.clock.slowest * self.clock.slowest}"
                )
        ticks = self.clock.ticks(frames)
        numbers = [
            level + self.clock.levels * (start // period + np.arange(count))
            for level, (count, period) in enumerate(zip(ticks, self.clock.periods, strict=True))
        ]
        # One key for every tick of every level, folded in one call: for 3 levels that compiles in
        # 0.21 s of processor time, a call for each level in 0.30 s (JAX 0.10.2, CPU).
        keys = jax.vmap(partial(jr.fold_in, key))(jnp.concatenate(numbers))
        parts = [
            keys[end - count : end] for count, end in zip(ticks, accumulate(ticks), strict=True)
        ]
        return tuple(
            jax.vmap(lambda key, cell=cell: cell.noise(key=key))(part)
            for cell, part in zip(self.cells, parts, strict=True)
        )

    @checked
    def noise_at(self, frame: SupportsIndex | Int[Array, ""], *, key: PRNGKeyArray) -> TickNoise:
        """Draw the noise of each level's tick whose period a frame is in: an entry of `noise`.

        Raises `ValueError` for a negative frame.
        """
        if not isinstance(frame, jax.Array):
            frame = whole_number("frame", frame, least=0)
        return tuple(
            cell.noise(key=jr.fold_in(key, level + self.clock.levels * (frame // period)))
            for level, (cell, period) in enumerate(zip(self.cells, self.clock.periods, strict=True))
        )

    def zero_noise(self, frames: SupportsIndex) -> LevelNoise:
        """Return zeros in the place of `noise`, which make every sample its belief's mode."""
        ticks = self.clock.ticks(whole_number("frames", frames))
        return tuple(
            jnp.zeros((count, cell.stoch_size))
            for count, cell in zip(ticks, self.cells, strict=True)
        )

    @checked
    def conditioning(
        self,
        frames: SupportsIndex,
        *,
        times: Real[Array | np.ndarray, " frames"] | Sequence[float] | None = None,
        actions: Real[Array | np.ndarray, "frames action"] | None = None,
    ) -> LevelConditioning:
        """Put the known inputs of frames on every level's clock.

        **Arguments:** `times` of the frames, in the unit of the model's training (frames or
        seconds), counted from the first; default 0, 1, 2, ... `actions`, what is done at each
        frame, or anything else that is known; a level's input is the sum over its window.

        To go on after some frames, make it for all frames and cut each level's. Raises
        `ValueError` for times that go back, or a wrong number of times or actions.
        """
        frames = whole_number("frames", frames)
        if times is None:
            times = jnp.arange(frames, dtype=float)
        else:
            times = times if isinstance(times, jax.Array) else np.asarray(times)
            times = check_times(times, frames)
        actions = jnp.zeros((frames, 0)) if actions is None else jnp.asarray(actions)
        check_shape(f"actions of {frames} frames", actions, (frames, "action"), "one row a frame")
        if not jnp.issubdtype(actions.dtype, jnp.floating):
            actions = actions.astype(float)
        # A level without one above meets no boundary.
        periods = (*self.clock.periods, frames)
        return tuple(
            Conditioning(
                time=times[::period],
                action=self.clock.windows(actions, level),
                boundary=jnp.asarray(np.arange(0, frames, period) % above == 0)
                & (level + 1 < self.clock.levels),
            )
            for level, (period, above) in enumerate(pairwise(periods))
        )

    @checked
    def observe(
        self,
        states: tuple[State, ...],
        features: LevelFeatures,
        noise: LevelNoise,
        conditioning: LevelConditioning | None = None,
    ) -> tuple[tuple[State, ...], tuple[Trace, ...]]:
        """Infer every level's states from features; return the last states and the records.

        **Arguments:**

        - `states`: those at a frame at which all levels tick, such as `init()`.
        - `features`, `noise`, `conditioning`: for each level an entry per tick. Without
          `conditioning` the frames come at times 0, 1, 2, ..., without actions, as is right for
          the beginning of a video.

        Raises `ValueError`, naming the level, for arguments that do not fit.
        """
        frames = check_run(self.cells, self.clock, states, noise)
        self.check_features(features, frames)
        known = self.conditioning(frames) if conditioning is None else conditioning
        check_known(self.cells, self.clock, known, frames)

        def run(level: int, top_down: TopDown) -> tuple[State, Trace]:
            cell, state, inputs = self.cells[level], states[level], (noise[level], known[level])
            if level in self.blind:
                return imagine_level(cell, state, top_down, *inputs)
            return observe_level(cell, state, top_down, features[level], *inputs)

        return self._descend(run, frames)

    @checked
    def imagine(
        self,
        states: tuple[State, ...],
        noise: LevelNoise,
        conditioning: LevelConditioning | None = None,
    ) -> tuple[tuple[State, ...], tuple[Trace, ...]]:
        """Predict every level's states, one per entry of noise; return as `observe` does.

        Without `conditioning` the frames go on after those of `states`, at intervals of 1,
        without actions. Raises `ValueError`, naming the level, for arguments that do not fit.
        """
        frames = check_run(self.cells, self.clock, states, noise)
        known = self.following(states, frames) if conditioning is None else conditioning
        check_known(self.cells, self.clock, known, frames)

        def run(level: int, top_down: TopDown) -> tuple[State, Trace]:
            cell = self.cells[level]
            return imagine_level(cell, states[level], top_down, noise[level], known[level])

        return self._descend(run, frames)

    def check_features(self, features: LevelFeatures, frames: int) -> None:
        """Raise `ValueError`, naming the level, for features that are not those of the levels."""
        check_features(self.cells, self.clock, features, frames)

    def following(self, states: tuple[State, ...], frames: int) -> LevelConditioning:
        """Return the conditioning of frames that go on after states, 1 apart, without actions.

        Raises `ValueError`, naming the level, for states that do not fit.
        """
        check_states(self.cells, self.clock, states)
        each = zip(self.conditioning(frames), states, self.clock.periods, strict=True)
        return tuple(
            replace(known, time=known.time + (state.time + period)) for known, state, period in each
        )

    def _descend(
        self, run: Callable[[int, TopDown], tuple[State, Trace]], frames: int
    ) -> tuple[tuple[State, ...], tuple[Trace, ...]]:
        """Run the levels, the slowest first, the output of each the context of the one below."""
        ticks = self.clock.ticks(frames)
        top_down = jnp.zeros((ticks[-1], 0))
        states, traces = [], []
        for level in reversed(range(self.clock.levels)):
            with jax.named_scope(f"level_{level}"):
                state, trace = run(level, top_down)
            states.insert(0, state)
            traces.insert(0, trace)
            if level > 0:
                top_down = hold(trace.output, self.clock.factors[level - 1], ticks[level - 1])
        return tuple(states), tuple(traces)
