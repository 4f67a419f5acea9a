"""When a level ticks, and the two maps between the clocks of two levels."""

import itertools
import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cwvae.clock import Clock, hold, pool

LENGTHS = [(1, 1), (5, 1), (6, 3), (7, 3), (2, 5), (1, 4)]
seeds = st.integers(0, 2**32 - 1)
factors = st.integers(1, 7)
lengths = st.integers(0, 100)
stacks = st.lists(factors, max_size=4)


def whole_numbers(seed: int, *shape: int) -> np.ndarray:
    """Draw float32 numbers whose sums are exact."""
    return np.random.default_rng(seed).integers(-99, 100, shape).astype(np.float32)


def test_a_tick_stands_for_the_frames_of_its_period():
    assert Clock(3, (2, 3)).tick_frames == (1, 2, 6)


@given(st.integers(1, 5), factors, lengths)
def test_level_l_ticks_at_the_frames_t_with_t_minus_1_divisible_by_k_to_the_l_minus_1(
    levels, k, frames
):
    clock = Clock(levels, k)
    for level in range(1, levels + 1):
        active = {t for t in range(1, frames + 1) if (t - 1) % k ** (level - 1) == 0}
        # The package counts levels and frames from 0, the paper from 1.
        assert {frame + 1 for frame in np.flatnonzero(clock.active(level - 1, frames))} == active


@given(stacks, lengths)
def test_a_level_ticks_as_often_as_it_is_active(factors, frames):
    clock = Clock(len(factors) + 1, factors)
    active = [clock.active(level, frames) for level in range(clock.levels)]
    assert clock.ticks(frames) == tuple(np.count_nonzero(a) for a in active)


@given(stacks, lengths)
def test_ticks_are_frames_over_period_rounded_up(factors, frames):
    clock = Clock(len(factors) + 1, factors)
    assert clock.ticks(frames) == tuple(math.ceil(frames / period) for period in clock.periods)


@given(stacks)
def test_periods_are_products_of_the_factors_below(factors):
    clock = Clock(len(factors) + 1, factors)
    assert clock.periods == (1, *itertools.accumulate(factors, lambda a, b: a * b))
    assert clock.slowest == math.prod(factors)


@given(stacks, lengths)
def test_a_level_ticks_only_when_the_level_below_does(factors, frames):
    clock = Clock(len(factors) + 1, factors)
    for level in range(1, clock.levels):
        assert not np.any(clock.active(level, frames) & ~clock.active(level - 1, frames))


@given(stacks, lengths)
def test_between_two_ticks_the_level_below_ticks_factor_times(factors, frames):
    clock = Clock(len(factors) + 1, factors)
    for level, factor in enumerate(factors):
        below = np.flatnonzero(clock.active(level, frames))
        assert np.array_equal(np.flatnonzero(clock.active(level + 1, frames)), below[::factor])


def test_every_level_ticks_at_the_first_frame():
    assert Clock(4, (5, 1, 3)).ticks(1) == (1, 1, 1, 1)


def test_the_papers_clock_in_full():
    clock = Clock(3, 6)
    assert clock.periods == (1, 6, 36)
    assert clock.ticks(100) == (100, 17, 3)
    assert list(np.flatnonzero(clock.active(2, 100))) == [0, 36, 72]


def test_one_factor_stands_for_all():
    assert Clock(3, 4) == Clock(3, (4, 4))
    assert Clock(np.int64(3), np.asarray([4, 4])) == Clock(3, 4)
    assert Clock(1) == Clock(1, ())


def test_a_clock_is_hashable_whatever_sequence_its_factors_were():
    assert hash(Clock(3, [4, 2])) == hash(Clock(3, (4, 2)))


@pytest.mark.parametrize("wrong", [0, -2, (2, 0), (-1, 3)])
def test_a_factor_below_1_raises_an_error_with_the_remedy(wrong):
    with pytest.raises(ValueError, match=r"factors must be at least 1, got .*; use 1"):
        Clock(3, wrong)


def test_a_factor_below_1_raises_an_error_even_where_none_is_needed():
    with pytest.raises(ValueError, match="factors must be at least 1, got 0"):
        Clock(1, 0)


@pytest.mark.parametrize("wrong", [(), (2,), (2, 2, 2)])
def test_a_wrong_number_of_factors_raises_an_error(wrong):
    with pytest.raises(ValueError, match=f"3 levels need 2 .*factors.*, got {len(wrong)}"):
        Clock(3, wrong)


@pytest.mark.parametrize(("length", "factor"), LENGTHS)
@given(seed=seeds)
def test_pool_sums_windows_and_a_short_last_one_as_it_is(length, factor, seed):
    x = whole_numbers(seed, length, 2)
    windows = [x[start : start + factor] for start in range(0, length, factor)]
    assert np.array_equal(pool(jnp.asarray(x), factor), [window.sum(0) for window in windows])


@pytest.mark.parametrize(("length", "factor"), LENGTHS)
@given(seed=seeds)
def test_hold_repeats_each_value_for_a_window(length, factor, seed):
    y = whole_numbers(seed, -(-length // factor), 2)
    held = hold(jnp.asarray(y), factor, length)
    assert np.array_equal(held, [y[frame // factor] for frame in range(length)])


@pytest.mark.parametrize(("length", "factor"), LENGTHS)
@given(seed=seeds)
def test_pool_and_hold_are_adjoint(length, factor, seed):
    x = whole_numbers(seed, length, 2)
    y = whole_numbers(seed + 1, -(-length // factor), 2)
    pooled, held = pool(jnp.asarray(x), factor), hold(jnp.asarray(y), factor, length)
    assert np.vdot(pooled, y) == np.vdot(x, held)


@pytest.mark.parametrize(("length", "factor"), LENGTHS)
def test_the_gradient_of_pool_is_hold(length, factor):
    y = jnp.asarray(whole_numbers(0, -(-length // factor), 2))
    _, transpose = jax.vjp(lambda x: pool(x, factor), jnp.zeros((length, 2)))
    assert np.array_equal(transpose(y)[0], hold(y, factor, length))


@pytest.mark.parametrize(("length", "a", "b"), [(12, 2, 3), (7, 2, 2), (1, 3, 2), (5, 1, 4)])
@given(seed=seeds)
def test_pooling_twice_is_pooling_by_the_product(length, a, b, seed):
    x = jnp.asarray(whole_numbers(seed, length, 2))
    assert np.array_equal(pool(pool(x, a), b), pool(x, a * b))


@pytest.mark.parametrize(("length", "a", "b"), [(12, 2, 3), (7, 2, 2), (1, 3, 2), (5, 1, 4)])
@given(seed=seeds)
def test_holding_twice_is_holding_for_the_product(length, a, b, seed):
    y = jnp.asarray(whole_numbers(seed, -(-length // (a * b)), 2))
    below = -(-length // a)
    assert np.array_equal(hold(hold(y, b, below), a, length), hold(y, a * b, length))


def test_factor_1_changes_nothing():
    x = jnp.asarray(whole_numbers(0, 5, 2))
    assert np.array_equal(pool(x, 1), x)
    assert np.array_equal(hold(x, 1, 5), x)


@pytest.mark.parametrize("axes", [(), (3,), (2, 1, 3), (0,)])
@pytest.mark.parametrize("dtype", ["float32", "int32"])
def test_axes_behind_time_and_the_dtype_stay(axes, dtype):
    x = jnp.ones((5, *axes), dtype)
    assert (pool(x, 2).shape, pool(x, 2).dtype) == ((3, *axes), dtype)
    assert (hold(x, 2, 9).shape, hold(x, 2, 9).dtype) == ((9, *axes), dtype)


# The window of a tick.

STACKS = [((2, 3), 14), ((2, 3), 1), ((4,), 7), ((1, 3), 5), ((), 3)]


@pytest.mark.parametrize("lookahead", [True, False])
@pytest.mark.parametrize(("factors", "frames"), STACKS)
@given(seed=seeds)
def test_the_input_of_a_tick_is_the_sum_of_its_window(lookahead, factors, frames, seed):
    clock = Clock(len(factors) + 1, factors, lookahead=lookahead)
    x = whole_numbers(seed, frames, 2)
    for level, period in enumerate(clock.periods):
        expected = []
        for tick in range(0, frames, period):
            ends = (tick, tick + period) if lookahead else (tick - period + 1, tick + 1)
            window = [x[frame] for frame in range(*ends) if 0 <= frame < frames]
            expected.append(sum(window, np.zeros(2)))
        assert np.array_equal(clock.windows(jnp.asarray(x), level), expected)


@pytest.mark.parametrize("frame", [0, 1, 5, 6, 7, 13])
def test_a_causal_window_has_no_later_frame(frame):
    clock = Clock(3, (2, 3), lookahead=False)
    x = whole_numbers(0, 14, 2)
    later = np.where(np.arange(14)[:, None] > frame, np.float32(np.nan), x)
    for level, period in enumerate(clock.periods):
        so_far = frame // period + 1
        one, other = (clock.windows(jnp.asarray(a), level)[:so_far] for a in (x, later))
        assert np.array_equal(one, other)


def test_where_a_level_ticks_at_every_frame_its_window_is_that_frame():
    x = jnp.asarray(whole_numbers(0, 5, 2))
    for lookahead in (True, False):
        clock = Clock(3, 1, lookahead=lookahead)
        assert all(np.array_equal(clock.windows(x, level), x) for level in range(3))


@pytest.mark.parametrize("axes", [(), (3,), (2, 1, 3)])
@pytest.mark.parametrize("lookahead", [True, False])
def test_a_window_keeps_the_axes_behind_time_and_the_dtype(axes, lookahead):
    clock = Clock(2, 3, lookahead=lookahead)
    summed = clock.windows(jnp.ones((7, *axes), "int32"), 1)
    assert (summed.shape, summed.dtype) == ((3, *axes), "int32")


def test_clocks_that_look_ahead_and_that_do_not_differ():
    assert Clock(3, 2).lookahead
    assert Clock(3, 2) == Clock(3, 2, lookahead=True)
    assert Clock(3, 2) != Clock(3, 2, lookahead=False)
    # They tick alike.
    assert Clock(3, 2).ticks(9) == Clock(3, 2, lookahead=False).ticks(9)


@pytest.mark.parametrize("lookahead", [True, False])
@given(seed=seeds)
def test_windows_of_later_frames_are_those_of_all_given_what_was_left_open(lookahead, seed):
    clock = Clock(3, (2, 3), lookahead=lookahead)
    x = jnp.asarray(whole_numbers(seed, 18, 2))
    for level, ticks in enumerate(clock.ticks(6)):
        before = clock.open_window(x[:6], level)
        assert np.array_equal(clock.windows(x[6:], level, before), clock.windows(x, level)[ticks:])


@pytest.mark.parametrize("frames", [1, 5, 6, 7, 13])
def test_a_causal_window_is_open_from_the_last_tick_on(frames):
    x = whole_numbers(0, frames, 2)
    for lookahead in (True, False):
        clock = Clock(3, (2, 3), lookahead=lookahead)
        for level, period in enumerate(clock.periods):
            last = max(tick for tick in range(0, frames, period))
            since = np.zeros(2) if lookahead else x[last + 1 :].sum(0)
            assert np.array_equal(clock.open_window(jnp.asarray(x), level), since)
