"""Checks of a hierarchy's cells, and of the arguments with which its levels are run, by level."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from cwvae.arguments import check_shape, described, whole_number
from cwvae.cells.base import AbstractCell, LevelConditioning, State
from cwvae.cells.checks import check_conditioning, check_state
from cwvae.clock import ENDLESS, Clock
from cwvae.shapes import LevelFeatures, LevelNoise

__all__ = [
    "cell_tuple",
    "check_cells",
    "check_features",
    "check_known",
    "check_run",
    "check_states",
    "level_set",
]


def cell_tuple(cells: Any) -> tuple[AbstractCell, ...]:
    """Return cells as a tuple; raise `ValueError` for what is no collection of cells."""
    several = tuple(cells) if np.iterable(cells) else ()
    if not several or not all(isinstance(cell, AbstractCell) for cell in several):
        got = described(several) if several else described(cells)
        raise ValueError(f"cells must be a tuple of cells, one a level, got {got}")
    return several


def check_cells(cells: Sequence[AbstractCell], clock: Clock) -> None:
    """Raise `ValueError`, naming the level, for cells that do not fit the clock or each other."""
    if len(cells) != clock.levels:
        raise ValueError(f"the clock has {clock.levels} levels, got {len(cells)} cells")
    outputs = [cell.output_size for cell in cells[1:]] + [0]
    for level, (cell, above) in enumerate(zip(cells, outputs, strict=True)):
        if cell.context_size != above:
            output = f"the output of level {level + 1} has {above} numbers"
            raise ValueError(
                f"level {level} has context_size {cell.context_size}, but "
                + (output if level + 1 < clock.levels else "nothing is above it")
                + f"; make its cell with context_size={above + cell.action_size}"
                + f", {cell.action_size} of them the action" * bool(cell.action_size)
                + " (cells go from the fastest level to the slowest)"
            )
    actions = {level: cell.action_size for level, cell in enumerate(cells) if cell.action_size}
    if len(set(actions.values())) > 1:
        raise ValueError(
            f"all levels with actions must have the same action_size, got {actions} (by level); "
            "give each the whole action"
        )


def level_set(levels: Any) -> frozenset[int]:
    """Return levels as a set; raise `ValueError` for what is no collection of whole numbers."""
    if not np.iterable(levels):
        raise ValueError(f"blind levels must be a collection such as (0,), got {levels}")
    return frozenset(whole_number("a blind level", level, least=0) for level in levels)


def check_run(
    cells: Sequence[AbstractCell], clock: Clock, states: Sequence[State], noise: LevelNoise
) -> int:
    """Return the number of frames that noise is for.

    Raises `ValueError`, naming the level, for states and noise that do not fit the levels.
    """
    check_states(cells, clock, states)
    _check_count("noise", noise, clock)
    frames = noise[0].shape[0]
    sizes = [cell.stoch_size for cell in cells]
    _check_arrays("noise", noise, sizes, clock, frames)
    return frames


def check_states(cells: Sequence[AbstractCell], clock: Clock, states: Sequence[State]) -> None:
    """Raise `ValueError`, naming the level, for states that do not fit the levels."""
    _check_count("states", states, clock)
    for level, (cell, state) in enumerate(zip(cells, states, strict=True)):
        check_state(cell, state, of=f" of level {level}")


def check_known(
    cells: Sequence[AbstractCell], clock: Clock, conditioning: LevelConditioning, frames: int
) -> None:
    """Raise `ValueError`, naming the level, for conditioning that does not fit the levels."""
    _check_count("conditioning", conditioning, clock)
    held = clock.static_window is not None and conditioning[-1].time.shape[0] == 0
    ticks = clock.ticks(frames, start=clock.slowest * held)
    for level, (cell, known, count) in enumerate(zip(cells, conditioning, ticks, strict=True)):
        check_conditioning(cell, known, count, of=f" of level {level}")


def check_features(
    cells: Sequence[AbstractCell], clock: Clock, features: LevelFeatures, frames: int
) -> tuple[int, ...]:
    """Return the ticks that each level has features for.

    Raises `ValueError`, naming the level, for features that do not fit the levels.
    """
    _check_count("features", features, clock)
    return _check_arrays("features", features, [c.feature_size for c in cells], clock, frames)


def _check_count(name: str, values: Any, clock: Clock) -> None:
    """Raise `ValueError` for anything but an entry for each level."""
    if not isinstance(values, Sequence) or len(values) != clock.levels:
        got = len(values) if isinstance(values, Sequence) else described(values)
        raise ValueError(
            f"{name} must have an entry for each of {clock.levels} levels, the fastest first, "
            f"got {got}"
        )


def _check_arrays(
    name: str, values: LevelFeatures, widths: Sequence[int], clock: Clock, frames: int
) -> tuple[int, ...]:
    """Return the ticks; raise `ValueError` for arrays that are not (ticks, width) of the frames.

    A static level has one tick or none: frames may go on after others.
    """
    if frames < 1:
        raise ValueError(f"{name} must be for at least 1 frame, got {frames}")
    held = clock.static_window is not None and values[-1].shape[0] == 0
    ticks = clock.ticks(frames, start=clock.slowest * held)
    each = zip(values, ticks, widths, clock.periods, strict=True)
    for level, (array, count, width, period) in enumerate(each):
        remedy = f"{frames} frames are {count} ticks of period {period}"
        if period == ENDLESS:
            remedy = "a static level ticks once a video"
        check_shape(f"{name} of level {level}", array, (count, width), remedy)
    return ticks
