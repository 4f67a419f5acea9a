"""What does not fit into a hierarchy is refused, by level."""

import jax.random as jr
import pytest
from jaxtyping import TypeCheckError
from models import (
    CELLS,
    OUTPUT,
    conditioning,
    features,
    hierarchy,
    made,
    noise,
)

from cwvae.clock import Clock
from cwvae.hierarchy import Hierarchy

CLOCK = Clock(3, (2, 3))
FRAMES = 12


def cell(context_size: int):
    return made(CELLS["rssm"], context_size=context_size)


@pytest.mark.parametrize("count", [1, 3])
def test_a_wrong_number_of_cells_is_refused(count):
    with pytest.raises(ValueError, match=f"the clock has 2 levels, got {count} cells"):
        Hierarchy((cell(OUTPUT),) * count, Clock(2, 2))


def test_a_cell_that_does_not_fit_the_one_above_is_refused_with_the_remedy():
    message = (
        f"level 0 expects 3 numbers from above, .*level 1 says {OUTPUT}; .*context_size={OUTPUT}"
    )
    with pytest.raises(ValueError, match=message):
        Hierarchy((cell(3), cell(0)), Clock(2, 2))


def test_a_top_cell_that_expects_to_hear_something_is_refused_with_the_remedy():
    message = (
        f"level 1 expects {OUTPUT} numbers from above, but nothing is above it; .*context_size=0"
    )
    with pytest.raises(ValueError, match=message):
        Hierarchy((cell(OUTPUT), cell(OUTPUT)), Clock(2, 2))


@pytest.mark.parametrize("blind", [{2}, {-1}, {0, 5}])
def test_a_blind_level_that_does_not_exist_is_refused(blind):
    with pytest.raises(ValueError, match=r"blind levels must be among \[0, 1\] .*got"):
        Hierarchy((cell(OUTPUT), cell(0)), Clock(2, 2), blind)


def observing(
    *, features=features, noise=noise, conditioning=conditioning, states=None, kind="rssm"
):
    """Observe with something changed: a function of the levels and the number of frames."""
    levels = hierarchy(CLOCK, kind=kind)
    states = levels.init() if states is None else states
    inputs = [draw(levels, FRAMES) for draw in (features, noise, conditioning)]
    return levels.observe(states, *inputs)


def with_level(draw_arrays, level: int, change):
    """Change the arrays of one level."""

    def drawn(levels, frames):
        arrays = list(draw_arrays(levels, frames))
        arrays[level] = change(arrays[level])
        return tuple(arrays)

    return drawn


@pytest.mark.parametrize("level", [1, 2])
def test_a_level_on_the_wrong_clock_is_named(level):
    ticks = CLOCK.ticks(FRAMES)[level]
    message = (
        f"(features|noise) of level {level} has {ticks - 1} ticks, but {FRAMES} frames are "
        f"{ticks} ticks of period {CLOCK.periods[level]}; pool it"
    )
    short = [with_level(arrays, level, lambda a: a[1:]) for arrays in (features, noise)]
    with pytest.raises(ValueError, match=message):
        observing(features=short[0], noise=short[1])


@pytest.mark.parametrize("level", [1, 2])
def test_imagining_with_a_level_on_the_wrong_clock_is_refused(level):
    levels = hierarchy(CLOCK)
    noises = with_level(noise, level, lambda a: a[1:])(levels, FRAMES)
    with pytest.raises(ValueError, match=f"noise of level {level} has"):
        levels.imagine(levels.init(), noises, conditioning(levels, FRAMES))


@pytest.mark.parametrize("level", [0, 1, 2])
def test_features_that_are_not_on_the_clock_of_the_noise_are_refused(level):
    with pytest.raises(ValueError, match=f"features of level {level} has"):
        observing(features=with_level(features, level, lambda a: a[1:]))


def test_inputs_for_too_few_levels_are_refused():
    levels = hierarchy(CLOCK)
    with pytest.raises(ValueError, match="3 levels need features for each, got 2"):
        observing(features=lambda *a: features(*a)[:2])
    with pytest.raises(ValueError, match="3 levels need noise for each, got 2"):
        observing(noise=lambda *a: noise(*a)[:2])
    with pytest.raises(ValueError, match="3 levels need noise for each, got 2"):
        levels.imagine(levels.init(), noise(levels, FRAMES)[:2], conditioning(levels, FRAMES))


@pytest.mark.parametrize("frames", [0, -1, 2.5])
def test_noise_is_drawn_for_a_whole_number_of_frames_of_at_least_1(frames):
    with pytest.raises(ValueError, match=f"frames must be a whole number .*, got {frames}"):
        hierarchy(CLOCK).noise(frames, key=jr.key(0))


@pytest.mark.parametrize("name", ["features", "noise"])
def test_integers_are_refused_by_the_arguments_name(name):
    arrays = {"features": features, "noise": noise}[name]
    with pytest.raises(TypeCheckError, match=f"parameter '{name}'"):
        observing(**{name: with_level(arrays, 1, lambda a: a.astype(int))})


@pytest.mark.parametrize("name", ["features", "noise"])
def test_a_missing_axis_is_refused_by_the_arguments_name(name):
    arrays = {"features": features, "noise": noise}[name]
    with pytest.raises(
        (ValueError, TypeCheckError), match=f"(parameter '{name}'|{name} of level 1)"
    ):
        observing(**{name: with_level(arrays, 1, lambda a: a[:, 0])})


@pytest.mark.parametrize("name", ["features", "noise"])
def test_a_wrong_width_is_refused_by_name_and_level(name):
    arrays = {"features": features, "noise": noise}[name]
    with pytest.raises((ValueError, TypeCheckError), match=f"{name} of level 1"):
        observing(**{name: with_level(arrays, 1, lambda a: a[:, 1:])})


def test_states_for_too_few_levels_are_refused():
    with pytest.raises((ValueError, TypeCheckError), match="states"):
        observing(states=hierarchy(CLOCK).init()[:2])
    levels = hierarchy(CLOCK)
    with pytest.raises((ValueError, TypeCheckError), match="states"):
        levels.imagine(levels.init()[:2], noise(levels, FRAMES), conditioning(levels, FRAMES))
