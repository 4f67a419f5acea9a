"""Top-down: a stack of levels, the slowest scanned first, each over its own ticks.

A level's context is the output of the level above, held for a window; the top has none. Cells may
differ from level to level. A static level (`Clock(..., static_window=...)`) ticks where a video
begins, in `observe` or `begin`; from then on its state is held.
"""

from collections.abc import Callable, Sequence
from functools import partial
from itertools import accumulate
from typing import Any, SupportsIndex

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
from jaxtyping import Array, Bool, Int, PRNGKeyArray, Real

from cwvae.arguments import whole_number
from cwvae.cells.base import AbstractCell, Conditioning, LevelConditioning, State, Trace
from cwvae.cells.scan import imagine_level, observe_level
from cwvae.clock import Clock, hold
from cwvae.conditioning import conditioning_of, following
from cwvae.hierarchy_checks import (
    cell_tuple,
    check_cells,
    check_features,
    check_known,
    check_run,
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
        array may be traced, and is taken to be past the first frame, where a static level has
        noise. Raises `ValueError` for a wrong number of frames or start.
        """
        frames = whole_number("frames", frames)
        if not isinstance(start, jax.Array):
            start = whole_number("start", start, least=0)
            if start % self.clock.slowest:
                raise ValueError(
                    f"start must be a multiple of the slowest period {self.clock.slowest}, got "
                    f"{start}; draw from {start // self.clock.slowest * self.clock.slowest}"
                )
        past = self.clock.slowest if isinstance(start, jax.Array) else start
        ticks = self.clock.ticks(frames, start=past)
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
        observed: Bool[Array | np.ndarray, " frames"] | None = None,
    ) -> LevelConditioning:
        """Put the known inputs of frames on every level's clock.

        **Arguments:** `times` of the frames, in the unit of the model's training (frames or
        seconds), counted from the first; default 0, 1, 2, ... `actions`, what is done at each
        frame, or anything else that is known; a level's input is the sum over its window.
        `observed`, whether each frame is evidence; the others, missing or hidden, are imagined.

        To go on after some frames, make it for all frames and cut each level's. Raises
        `ValueError` for times that go back, or a wrong number of times or actions.
        """
        frames = whole_number("frames", frames)
        return conditioning_of(self.clock, frames, times, actions, observed)

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
          the beginning of a video. A static level ticks if there are features for it, (1,
          feature), and is held if there are none, (0, feature).

        Raises `ValueError`, naming the level, for arguments that do not fit.
        """
        frames = check_run(self.cells, self.clock, states, noise)
        ticks = check_features(self.cells, self.clock, features, frames)
        known = self.conditioning(frames) if conditioning is None else conditioning
        check_known(self.cells, self.clock, known, frames)

        def run(level: int, top_down: TopDown) -> tuple[State, Trace]:
            cell, state = self.cells[level], states[level]
            inputs = _first(ticks[level], (noise[level], known[level]))
            if level in self.blind:
                return imagine_level(cell, state, top_down, *inputs)
            return observe_level(cell, state, top_down, features[level], *inputs)

        return self._descend(run, ticks)

    @checked
    def imagine(
        self,
        states: tuple[State, ...],
        noise: LevelNoise,
        conditioning: LevelConditioning | None = None,
    ) -> tuple[tuple[State, ...], tuple[Trace, ...]]:
        """Predict every level's states, one per entry of noise; return as `observe` does.

        A static level does not tick: its state is held. Without `conditioning` the frames go on
        after those of `states`, at intervals of 1, without actions. Raises `ValueError`, naming
        the level, for arguments that do not fit.
        """
        frames = check_run(self.cells, self.clock, states, noise)
        known = following(self.clock, states, frames) if conditioning is None else conditioning
        check_known(self.cells, self.clock, known, frames)
        ticks = self.clock.ticks(frames, start=self.clock.slowest)

        def run(level: int, top_down: TopDown) -> tuple[State, Trace]:
            inputs = _first(ticks[level], (noise[level], known[level]))
            return imagine_level(self.cells[level], states[level], top_down, *inputs)

        return self._descend(run, ticks)

    @checked
    def begin(
        self, *, key: PRNGKeyArray, conditioning: LevelConditioning | None = None
    ) -> tuple[State, ...]:
        """Return the states from which to `imagine` a video from its first frame on.

        Those of `init()`, but that a static level has ticked, its sample from its prior with the
        noise that `noise` draws from the same key. `conditioning` is that of the video.
        """
        states = self.init()
        if self.clock.static_window is None:
            return states
        known = self.conditioning(1) if conditioning is None else conditioning
        inputs = _first(1, (self.noise(1, key=key)[-1], known[-1]))
        state, _ = imagine_level(self.cells[-1], states[-1], jnp.zeros((1, 0)), *inputs)
        return (*states[:-1], state)

    def check_features(self, features: LevelFeatures, frames: int) -> None:
        """Raise `ValueError`, naming the level, for features that are not those of the levels."""
        check_features(self.cells, self.clock, features, frames)

    def _descend(
        self, run: Callable[[int, TopDown], tuple[State, Trace]], ticks: tuple[int, ...]
    ) -> tuple[tuple[State, ...], tuple[Trace, ...]]:
        """Run the levels, the slowest first, the output of each the context of the one below."""
        top_down = jnp.zeros((ticks[-1], 0))
        states, traces = [], []
        for level in reversed(range(self.clock.levels)):
            with jax.named_scope(f"level_{level}"):
                state, trace = run(level, top_down)
            states.insert(0, state)
            traces.insert(0, trace)
            if level > 0:
                # A level that does not tick gives the output of the state that it has.
                held = trace.output if ticks[level] else self.cells[level].output(state)[None]
                factor = self.clock.periods[level] // self.clock.periods[level - 1]
                top_down = hold(held, factor, ticks[level - 1])
        return tuple(states), tuple(traces)


def _first(ticks: int, inputs: tuple[Array | np.ndarray, Conditioning]) -> Any:
    """Return the inputs of a level's first ticks: of a static one there may be more than it has."""
    return jax.tree.map(lambda array: array[:ticks], inputs)
