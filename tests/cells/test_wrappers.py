"""Cells made from other cells."""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given as draws
from hypothesis import strategies as st
from models import ACTION, FEATURE, OUTPUT, STOCH, draw, features, made, noise, rssm, some_state
from reference import assert_alike

from cwvae.cells import Conditioned, Conditioning, PassingContext, Resetting, observe_level
from cwvae.clock import Clock, hold
from cwvae.hierarchy import Hierarchy

seeds = st.integers(0, 2**31)
clocks = pytest.mark.parametrize("lookahead", [False, True], ids=["causal", "ahead"])
FRAMES = 9

observe = eqx.filter_jit(Hierarchy.observe)


def advance(cell, state, *, boundary=False, action=None, top_down=None):
    """Return h_t."""
    action = jnp.zeros(ACTION) if action is None else action
    known = Conditioning(jnp.zeros(()), action, jnp.asarray(boundary))
    top_down = draw(9, OUTPUT) if top_down is None else top_down
    return cell.advance(state, cell.prepare_context(top_down, known))


def record(levels, *, actions=None):
    """Observe; return the record of every level."""
    known = levels.conditioning(FRAMES, actions=actions)
    inputs = features(levels, FRAMES), noise(levels, FRAMES)
    return observe(levels, levels.init(), *inputs, known)[1]


def apart(one, other) -> np.ndarray:
    """Mark the ticks at which two records differ by more than rounding."""
    return np.max(np.abs(np.asarray(one) - other), axis=1) > 1e-6


def two_levels(wrap, *, lookahead: bool = True, more: int = 0) -> Hierarchy:
    """Make two levels of wrapped cells, the context of each longer by so much."""
    cells = (made(rssm, context_size=OUTPUT + more, seed=0), made(rssm, context_size=more, seed=1))
    return Hierarchy(tuple(wrap(cell) for cell in cells), Clock(2, 3, lookahead=lookahead))


# One that resets.


@draws(seeds)
def test_where_the_level_above_ticks_the_sample_is_forgotten(seed):
    inner = made(rssm, context_size=OUTPUT, seed=seed)
    cell, one, other = Resetting(inner), some_state(inner, seed), some_state(inner, seed + 1)
    other = eqx.tree_at(lambda s: s.deter, other, one.deter)
    after = advance(cell, one, boundary=True)
    assert_alike(after, advance(cell, other, boundary=True))
    fresh = eqx.tree_at(lambda s: s.stoch, one, inner.init().stoch)
    assert_alike(after, advance(inner, fresh))
    # The memory stays.
    elsewhere = eqx.tree_at(lambda s: s.deter, one, one.deter + 1)
    assert np.any(after != advance(cell, elsewhere, boundary=True))


@draws(seeds)
def test_elsewhere_a_resetting_cell_is_the_wrapped_one(seed):
    inner = made(rssm, context_size=OUTPUT, seed=seed)
    state = some_state(inner, seed)
    assert_alike(advance(Resetting(inner), state), advance(inner, state))


def test_a_level_resets_where_the_one_above_ticks_and_the_top_never():
    resetting, plain = record(two_levels(Resetting)), record(two_levels(lambda cell: cell))
    assert_alike(resetting[1], plain[1])
    # The first tick comes after nothing; then the level above ticks at frame 3.
    differ = apart(resetting[0].states.deter, plain[0].states.deter)
    assert list(differ[:4]) == [False, False, False, True]


# One that takes actions.


def conditioned(*, lookahead: bool = True) -> Hierarchy:
    """Make two levels that take actions."""
    return two_levels(lambda c: Conditioned(c, ACTION), lookahead=lookahead, more=ACTION)


def test_an_action_follows_the_output_of_the_level_above_in_the_context():
    inner = made(rssm, context_size=OUTPUT + ACTION)
    top_down, action = draw(1, OUTPUT), draw(2, ACTION)
    cell = Conditioned(inner, ACTION)
    assert (cell.context_size, cell.action_size) == (OUTPUT, ACTION)
    state = some_state(inner)
    joined = advance(inner, state, top_down=jnp.concatenate([top_down, action]))
    assert_alike(advance(cell, state, top_down=top_down, action=action), joined)


# The action of frame 4 is in the window of tick 1 of the upper level, at frame 3, where levels
# look ahead, and else in that of tick 2, at frame 6.
@pytest.mark.parametrize(
    ("lookahead", "frame", "tick"), [(True, 3, 1), (False, 4, 2)], ids=["ahead", "causal"]
)
def test_an_action_changes_the_future_and_not_the_past(lookahead, frame, tick):
    levels, actions = conditioned(lookahead=lookahead), draw(3, FRAMES, ACTION)
    calm, other = (record(levels, actions=a) for a in (actions, actions.at[4].add(1)))
    changed = [apart(a.output, b.output) for a, b in zip(calm, other, strict=True)]
    assert np.array_equal(changed[0], np.arange(FRAMES) >= frame)
    assert np.array_equal(changed[1], np.arange(3) >= tick)


@clocks
def test_the_action_of_an_upper_level_is_the_sum_of_its_window(lookahead):
    levels = conditioned(lookahead=lookahead)
    actions = jnp.round(8 * draw(3, FRAMES, ACTION))  # so that sums are exact
    # From the tick at frame 3 on, or after that at frame 0, whose window ends with its own frame.
    window = [3, 4, 5] if lookahead else [1, 2, 3]
    turned = actions.at[jnp.asarray(window)].set(actions[jnp.asarray(window[::-1])])
    beyond = (
        actions.at[window[0] - 1].set(actions[window[0]]).at[window[0]].set(actions[window[0] - 1])
    )
    top = record(levels, actions=actions)[1]
    assert_alike(record(levels, actions=turned)[1], top)
    assert np.any(record(levels, actions=beyond)[1].output != top.output)


def test_the_context_of_a_top_level_may_be_the_action_alone():
    cell = Conditioned(made(rssm, context_size=ACTION), ACTION)
    assert (cell.context_size, cell.action_size) == (0, ACTION)


@draws(seeds)
def test_the_order_of_wrappers_does_not_matter(seed):
    inner = made(rssm, context_size=OUTPUT + ACTION, seed=seed)
    state, inputs = some_state(inner, seed), (draw(seed, 5, OUTPUT), draw(seed, 5, FEATURE))
    known = Conditioning(jnp.arange(5.0), draw(seed + 1, 5, ACTION), jnp.arange(5) % 2 == 0)
    run = eqx.filter_jit(observe_level)
    one, other = (
        run(cell, state, *inputs, draw(seed + 2, 5, STOCH), known)
        for cell in (Conditioned(Resetting(inner), ACTION), Resetting(Conditioned(inner, ACTION)))
    )
    assert_alike(one, other)


# One that passes its context on.


def passing() -> Hierarchy:
    """Make three levels, the output of each above the first part of that of the level below."""
    cells = (
        made(rssm, context_size=2 * OUTPUT, seed=0),
        PassingContext(made(rssm, context_size=OUTPUT, seed=1)),
        PassingContext(made(rssm, context_size=0, seed=2)),
    )
    return Hierarchy(cells, Clock(3, (2, 2)))


def test_the_output_of_a_level_ends_with_that_of_the_level_above():
    _, middle, top = record(passing())
    assert top.output.shape[1] == OUTPUT
    assert middle.output.shape[1] == 2 * OUTPUT
    assert_alike(middle.output[:, OUTPUT:], hold(top.output, 2, middle.output.shape[0]))


def test_a_context_that_is_passed_on_changes_nothing_in_its_level():
    levels = passing()
    plain = Hierarchy((made(rssm, context_size=OUTPUT, seed=1), levels.cells[2].cell), Clock(2, 2))
    wrapped = Hierarchy(levels.cells[1:], Clock(2, 2))
    ours, theirs = record(wrapped)[0], record(plain)[0]
    assert_alike((ours.prior, ours.posterior), (theirs.prior, theirs.posterior))
    assert_alike(ours.output[:, :OUTPUT], theirs.output)
