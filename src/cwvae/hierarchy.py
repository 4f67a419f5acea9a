"""Top-down: a stack of levels, the slowest scanned first, each over its own ticks.

A level hears from above the output of the level above, held for a window; the top hears nothing.
Cells may differ from level to level.
"""

from collections.abc import Callable, Sequence
from functools import partial
from itertools import accumulate, pairwise
from numbers import Integral

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
from jaxtyping import Array, Float, Int, PRNGKeyArray

from cwvae.cells.base import AbstractCell, Conditioning, State, Trace
from cwvae.cells.scan import imagine_level, observe_level
from cwvae.clock import Clock, hold
from cwvae.shapes import LevelFeatures, LevelNoise, TopDown

__all__ = ["Hierarchy"]


class Hierarchy(eqx.Module):
    """Cells and the clock that they tick by, the fastest level first.

    **Arguments:**

    - `cells`: one cell a level. The `top_down` size of each is the length of the output of the
      cell above, that of the last is 0.
    - `clock`: as many levels as cells.
    - `blind`: levels (counted from 0) that do not hear the frames, so that they imagine while the
      others observe (the official `use_obs`).

    Raises `ValueError`, naming the level, for what does not fit.
    """

    cells: tuple[AbstractCell, ...]
    clock: Clock = eqx.field(static=True)
    blind: frozenset[int] = eqx.field(static=True, default=frozenset(), converter=frozenset)

    def __check_init__(self) -> None:
        """Refuse cells that cannot hear each other, and blind levels that do not exist."""
        levels = self.clock.levels
        if len(self.cells) != levels:
            raise ValueError(f"the clock has {levels} levels, got {len(self.cells)} cells")
        if not self.blind <= set(range(levels)):
            raise ValueError(
                f"blind levels must be among {list(range(levels))} (0 is the fastest), "
                f"got {sorted(self.blind)}"
            )
        for level, cell in enumerate(self.cells):
            above = self.cells[level + 1] if level + 1 < levels else None
            expected = above.output_size if above else 0
            if cell.context_size != expected:
                raise ValueError(
                    f"level {level} expects {cell.context_size} numbers from above, but "
                    + (f"level {level + 1} says {expected}" if above else "nothing is above it")
                    + f"; make its cell with context_size={expected + cell.action_size}"
                    + f", {cell.action_size} of them the action" * bool(cell.action_size)
                    + " (cells go from the fastest level to the slowest)"
                )
        actions = {
            level: cell.action_size for level, cell in enumerate(self.cells) if cell.action_size
        }
        if len(set(actions.values())) > 1:
            raise ValueError(
                f"all levels that hear actions must hear as many numbers, got {actions} (by level)"
            )

    def init(self) -> tuple[State, ...]:
        """Return every level's state before the first frame."""
        return tuple(cell.init() for cell in self.cells)

    def noise(
        self, frames: int, *, key: PRNGKeyArray, start: int | Int[Array, ""] = 0
    ) -> LevelNoise:
        """Draw each level's noise, (ticks, stoch), for `frames` frames from frame `start`.

        The noise of a tick depends on the key, the level and the tick alone: that of a longer
        video begins with that of a shorter one. `start` is a multiple of the slowest period.
        """
        _check_frames(frames)
        ticks = self.clock.ticks(frames)
        numbers = [
            level + self.clock.levels * (start // period + np.arange(count))
            for level, (count, period) in enumerate(zip(ticks, self.clock.periods, strict=True))
        ]
        # One key for every tick of every level, made in one go: each use of the generator costs
        # a large part of a second when it is compiled.
        keys = jax.vmap(partial(jr.fold_in, key))(jnp.concatenate(numbers))
        parts = [
            keys[end - count : end] for count, end in zip(ticks, accumulate(ticks), strict=True)
        ]
        return tuple(
            jax.vmap(lambda key, cell=cell: cell.noise(key=key))(part)
            for cell, part in zip(self.cells, parts, strict=True)
        )

    def noise_at(
        self, frame: int | Int[Array, ""], *, key: PRNGKeyArray
    ) -> tuple[Float[Array, "?stoch"], ...]:
        """Draw the noise of each level's tick whose period a frame is in: an entry of `noise`."""
        return tuple(
            cell.noise(key=jr.fold_in(key, level + self.clock.levels * (frame // period)))
            for level, (cell, period) in enumerate(zip(self.cells, self.clock.periods, strict=True))
        )

    def conditioning(
        self,
        frames: int,
        *,
        times: Float[Array | np.ndarray, " frames"] | None = None,
        actions: Float[Array | np.ndarray, "frames action"] | None = None,
    ) -> tuple[Conditioning, ...]:
        """Put what is known of the frames without inference on every level's clock.

        **Arguments:** `times` of the frames, in the unit of the model's training (frames or
        seconds), counted from the first; default 0, 1, 2, ... `actions`, what is done at each
        frame, or anything else that is known; a level hears the sum over its window.

        To go on after some frames, make it for all frames and cut each level's. Raises
        `ValueError` for times that go back, or a wrong number of times or actions.
        """
        _check_frames(frames)
        times = jnp.arange(frames, dtype=float) if times is None else _since_first(times, frames)
        actions = jnp.zeros((frames, 0)) if actions is None else jnp.asarray(actions)
        if actions.ndim != 2 or len(actions) != frames:
            raise ValueError(
                f"actions of {frames} frames must have shape ({frames}, action), "
                f"got {actions.shape}"
            )
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

    def observe(
        self,
        states: tuple[State, ...],
        features: LevelFeatures,
        noise: LevelNoise,
        conditioning: tuple[Conditioning, ...],
    ) -> tuple[tuple[State, ...], tuple[Trace, ...]]:
        """Infer every level's states from features; return the last states and the records.

        `states` are those at a frame at which all levels tick. `features`, `noise` and
        `conditioning` hold, for each level, an entry per tick; `ValueError` names the level
        where they do not.
        """
        frames = self._check(states, noise, conditioning)
        self.check_features(features, frames)

        def run(level: int, top_down: TopDown) -> tuple[State, Trace]:
            cell, state = self.cells[level], states[level]
            known = jnp.asarray(noise[level]), conditioning[level]
            if level in self.blind:
                return imagine_level(cell, state, top_down, *known)
            return observe_level(cell, state, top_down, features[level], *known)

        return self._descend(run, noise[0].shape[0])

    def imagine(
        self, states: tuple[State, ...], noise: LevelNoise, conditioning: tuple[Conditioning, ...]
    ) -> tuple[tuple[State, ...], tuple[Trace, ...]]:
        """Predict every level's states, one per entry of noise; return as `observe` does."""
        self._check(states, noise, conditioning)

        def run(level: int, top_down: TopDown) -> tuple[State, Trace]:
            cell, state = self.cells[level], states[level]
            return imagine_level(
                cell, state, top_down, jnp.asarray(noise[level]), conditioning[level]
            )

        return self._descend(run, noise[0].shape[0])

    def check_features(self, features: LevelFeatures, frames: int) -> None:
        """Raise `ValueError`, naming the level, for features that are not those of the levels."""
        self._check_level_arrays("features", features, [c.feature_size for c in self.cells], frames)

    def _descend(
        self, run: Callable[[int, TopDown], tuple[State, Trace]], frames: int
    ) -> tuple[tuple[State, ...], tuple[Trace, ...]]:
        """Run the levels, the slowest first, each hearing the output of the one above."""
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

    # These come before the check of types, which could not say what a clock expects.

    def _check(
        self, states: tuple[State, ...], noise: LevelNoise, conditioning: tuple[Conditioning, ...]
    ) -> int:
        """Refuse states, noise and givens that are not the levels'; return the frames."""
        if len(states) != self.clock.levels:
            raise ValueError(f"{self.clock.levels} levels need states for each, got {len(states)}")
        frames = len(noise[0]) if len(noise) else 0
        self._check_level_arrays("noise", noise, [c.stoch_size for c in self.cells], frames)
        for level, (cell, known) in enumerate(zip(self.cells, conditioning, strict=False)):
            if cell.action_size and not known.action.shape[-1]:
                raise ValueError(
                    f"level {level} hears actions of {cell.action_size} numbers, got none; pass "
                    "given = hierarchy.conditioning(frames, actions=...)"
                )
            if known.time.shape[:1] != (self.clock.ticks(frames)[level],):
                raise ValueError(
                    f"given of level {level} is for {known.time.shape} ticks, the noise for "
                    f"{frames} frames; make both for the same frames"
                )
        actions = [
            cell.action_size or known.action.shape[-1]  # a cell that hears no action ignores it
            for cell, known in zip(self.cells, conditioning, strict=False)
        ]
        self._check_level_arrays("actions", [g.action for g in conditioning], actions, frames)
        return frames

    def _check_level_arrays(
        self, name: str, values: LevelFeatures, widths: Sequence[int], frames: int
    ) -> None:
        """Refuse arrays that are not on the clock of so many frames, or of another width."""
        if len(values) != self.clock.levels:
            raise ValueError(f"{self.clock.levels} levels need {name} for each, got {len(values)}")
        if frames < 1:
            raise ValueError(f"expected {name} for at least 1 frame, got {frames}")
        for level, (ticks, width) in enumerate(zip(self.clock.ticks(frames), widths, strict=True)):
            shape = values[level].shape
            if len(shape) != 2 or shape[1] != width:
                raise ValueError(
                    f"{name} of level {level} must have shape (ticks, {width}), got {shape}"
                )
            if shape[0] != ticks:
                raise ValueError(
                    f"{name} of level {level} has {shape[0]} ticks, but {frames} frames are "
                    f"{ticks} ticks of period {self.clock.periods[level]}; pool it to the "
                    "level's clock"
                )


def _check_frames(frames: int) -> None:
    """Refuse what is no number of frames."""
    if not isinstance(frames, Integral) or frames < 1:
        raise ValueError(f"frames must be a whole number of at least 1, got {frames}")


def _since_first(
    times: Float[Array | np.ndarray, " frames"], frames: int
) -> Float[Array, " frames"]:
    """Count times from the first frame; refuse those that go back."""
    if np.shape(times) != (frames,):
        raise ValueError(
            f"times of {frames} frames must have shape ({frames},), got {np.shape(times)}"
        )
    # Before they lose precision: seconds since 1970 do not fit a float32.
    if not isinstance(times, jax.Array):
        times = np.asarray(times)
    times, wrong = times - times[0], "times must not go back, nor be infinite or NaN"
    if isinstance(times, jax.Array):
        times = times.astype(float)
        return eqx.error_if(
            times, ~(jnp.all(jnp.diff(times) >= 0) & jnp.isfinite(times[-1])), wrong
        )
    if not (np.all(np.diff(times) >= 0) and np.isfinite(times[-1])):
        raise ValueError(wrong)
    return jnp.asarray(times, dtype=float)
