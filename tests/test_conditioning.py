"""The known inputs of the frames, on every level's clock."""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given as draws
from hypothesis import strategies as st
from models import ACTION, draw, hierarchy

from cwvae.clock import Clock

CLOCK, FRAMES = Clock(3, (2, 3)), 14
seeds = st.integers(0, 2**31)
clocks = pytest.mark.parametrize("lookahead", [False, True], ids=["causal", "ahead"])


@pytest.fixture(scope="module")
def levels():
    return hierarchy(CLOCK)


# Times.


@draws(seeds)
def test_a_level_has_the_times_of_the_frames_at_which_it_ticks(seed):
    levels, random = hierarchy(CLOCK), np.random.default_rng(seed)
    times = np.cumsum(random.uniform(0.0, 2.0, FRAMES)) - 5
    for known, period in zip(levels.conditioning(FRAMES, times=times), CLOCK.periods, strict=True):
        expected = [times[frame] - times[0] for frame in range(0, FRAMES, period)]
        assert known.time.dtype == "float32"
        np.testing.assert_allclose(known.time, expected, rtol=1e-6, atol=1e-6)


def test_without_times_frames_come_at_0_1_2(levels):
    for known, period in zip(levels.conditioning(FRAMES), CLOCK.periods, strict=True):
        assert np.array_equal(known.time, np.arange(0, FRAMES, period))


def test_seconds_since_1970_keep_their_differences(levels):
    steps = 0.04 * np.arange(FRAMES)
    known = levels.conditioning(FRAMES, times=1.7e9 + steps)[0]
    np.testing.assert_allclose(known.time, steps, atol=1e-6)


def test_whole_and_traced_times_will_do(levels):
    expected = levels.conditioning(FRAMES, times=np.arange(FRAMES, dtype=float))
    assert eqx.tree_equal(
        levels.conditioning(FRAMES, times=1_700_000_000 + np.arange(FRAMES)), expected
    )
    traced = eqx.filter_jit(lambda times: levels.conditioning(FRAMES, times=times))
    assert eqx.tree_equal(traced(3 + jnp.arange(float(FRAMES))), expected)
    assert eqx.tree_equal(levels.conditioning(FRAMES, times=3 + jnp.arange(FRAMES)), expected)


def test_frames_may_come_at_the_same_time(levels):
    assert np.all(levels.conditioning(3, times=np.ones(3))[0].time == 0)


BACKWARDS = [0.0, 1.0, 0.5], [0.0, np.nan, 2.0], [np.nan, 1.0, 2.0], [0.0, 1.0, np.nan]


WRONG = "times must not go back, nor be infinite or NaN; sort them"


@pytest.mark.parametrize("times", BACKWARDS)
def test_times_that_go_back_or_are_no_numbers_raise_an_error(levels, times):
    with pytest.raises(ValueError, match=WRONG):
        levels.conditioning(3, times=np.asarray(times))


@pytest.mark.parametrize("times", BACKWARDS)
def test_traced_times_that_go_back_or_are_no_numbers_stop_the_program(levels, times):
    traced = eqx.filter_jit(lambda times: levels.conditioning(3, times=times))
    with pytest.raises(eqx.EquinoxRuntimeError, match=WRONG):
        traced(jnp.asarray(times))


# Boundaries.


@clocks
@pytest.mark.parametrize(
    ("factors", "frames"), [((2, 3), 14), ((2, 3), 1), ((1, 3), 7), ((3, 1), 7), ((), 3)]
)
def test_a_boundary_is_a_tick_of_the_level_above(factors, frames, lookahead):
    clock = Clock(len(factors) + 1, factors, lookahead=lookahead)
    for level, known in enumerate(hierarchy(clock).conditioning(frames)):
        ticks = np.flatnonzero(clock.active(level, frames))
        if level + 1 == clock.levels:
            # Nothing is above the top.
            assert not np.any(known.boundary)
        else:
            above = set(np.flatnonzero(clock.active(level + 1, frames)))
            assert [bool(b) for b in known.boundary] == [tick in above for tick in ticks]
        assert known.boundary.shape == known.time.shape == (len(ticks),)


# Actions.


@clocks
def test_a_level_has_the_sum_of_the_actions_of_its_window(lookahead):
    levels = hierarchy(Clock(3, (2, 3), lookahead=lookahead))
    actions = jnp.round(9 * draw(0, FRAMES, ACTION))  # so that sums are exact
    for known, period in zip(
        levels.conditioning(FRAMES, actions=actions), CLOCK.periods, strict=True
    ):
        starts = np.arange(0, FRAMES, period) - (0 if lookahead else period - 1)
        expected = [actions[max(0, start) : start + period].sum(0) for start in starts]
        assert np.array_equal(known.action, expected)


def test_without_actions_there_are_none(levels):
    for known, ticks in zip(levels.conditioning(FRAMES), CLOCK.ticks(FRAMES), strict=True):
        assert known.action.shape == (ticks, 0)
