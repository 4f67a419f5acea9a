"""The laws of a hierarchy of levels, for every kind of cell."""

import equinox as eqx
import jax
import jax.random as jr
import numpy as np
import pytest
from hypothesis import given as draws
from hypothesis import settings
from hypothesis import strategies as st
from models import (
    CELLS,
    FEATURE,
    STOCH,
    conditioning,
    draw,
    features,
    hierarchy,
    made,
    noise,
    some_state,
    stacked,
)
from reference import assert_alike, frame_by_frame

from cwvae.cells import RSSMCell, State
from cwvae.clock import Clock
from cwvae.hierarchy import Hierarchy

seeds = st.integers(0, 2**31)
kinds = pytest.mark.parametrize("kind", CELLS)

CLOCK = Clock(3, (2, 3))
FRAMES = 12  # two slowest periods, so that both halves of a cut compile as one

# Compiled shapes are few, and which frames a window has is not the cell's affair; the random
# clocks of `stacks` run uncompiled.
COMPILED = [
    ("rssm", Clock(1), 5),
    ("rssm", Clock(2, 3), 1),
    ("rssm", Clock(3, (1, 2)), 7),
    ("rssm", Clock(4, (2, 1, 3)), 13),
    *((kind, CLOCK, FRAMES) for kind in CELLS),
]
FEW = pytest.mark.parametrize("kind", ["rssm", "all_at_once"])
stacks = st.lists(st.integers(1, 3), max_size=3)


compiled_observe = eqx.filter_jit(Hierarchy.observe)
compiled_imagine = eqx.filter_jit(Hierarchy.imagine)


def observe(hierarchy, states, features, noise, known=None):
    """Observe, compiled, at irregular times and with actions that are the same in every test."""
    known = conditioning(hierarchy, len(noise[0])) if known is None else known
    return compiled_observe(hierarchy, states, features, noise, known)


def imagine(hierarchy, states, noise, known=None):
    """Imagine as `observe` observes."""
    known = conditioning(hierarchy, len(noise[0])) if known is None else known
    return compiled_imagine(hierarchy, states, noise, known)


def some_states(hierarchy: Hierarchy, seed: int) -> tuple[State, ...]:
    """Draw states that no tick came before."""
    return tuple(some_state(cell, seed + n) for n, cell in enumerate(hierarchy.cells))


def cut_out(arrays, clock: Clock, start: int, stop: int | None = None):
    """Cut every level's entries for the frames from start to stop, both aligned."""
    stops = (None,) * clock.levels if stop is None else clock.ticks(stop)
    windows = [slice(*ends) for ends in zip(clock.ticks(start), stops, strict=True)]
    return tuple(entries(level, window) for level, window in zip(arrays, windows, strict=True))


def entries(arrays, window: slice | int):
    """Cut the leading axis of all arrays."""
    return jax.tree.map(lambda array: array[window], arrays)


# A scan over each level's own ticks is ticking frame by frame.


@pytest.mark.parametrize("kind", ["rssm"])
@draws(stacks, st.integers(1, 9), st.data(), seeds)
@settings(max_examples=6)
def test_observing_is_ticking_frame_by_frame(kind, factors, frames, data, seed):
    clock = Clock(len(factors) + 1, factors)
    blind = data.draw(st.sets(st.integers(0, clock.levels - 1)), label="blind")
    levels = hierarchy(clock, kind=kind, seed=seed, blind=blind)
    evidence, noises = features(levels, frames, seed=seed), noise(levels, frames, seed=seed)
    states, known = some_states(levels, seed), conditioning(levels, frames, seed=seed)
    with jax.disable_jit():
        actual = levels.observe(states, evidence, noises, known)
        expected = frame_by_frame(
            levels.cells,
            clock.factors,
            frames,
            noises,
            known,
            features=evidence,
            blind=blind,
            states=states,
        )
    assert_alike([*actual], [tuple(e) for e in expected])


@pytest.mark.parametrize("kind", ["rssm"])
@draws(stacks, st.integers(1, 9), seeds)
@settings(max_examples=6)
def test_imagining_is_ticking_frame_by_frame(kind, factors, frames, seed):
    clock = Clock(len(factors) + 1, factors)
    levels = hierarchy(clock, kind=kind, seed=seed)
    noises, states = noise(levels, frames, seed=seed), some_states(levels, seed)
    known = conditioning(levels, frames, seed=seed)
    with jax.disable_jit():
        actual = levels.imagine(states, noises, known)
        expected = frame_by_frame(levels.cells, clock.factors, frames, noises, known, states=states)
    assert_alike([*actual], [tuple(e) for e in expected])


@pytest.mark.parametrize(("kind", "clock", "frames"), COMPILED)
def test_compiled_observing_is_ticking_frame_by_frame(kind, clock, frames):
    levels = hierarchy(clock, kind=kind)
    evidence, noises = features(levels, frames), noise(levels, frames)
    actual = observe(levels, levels.init(), evidence, noises)
    known = conditioning(levels, frames)
    expected = frame_by_frame(levels.cells, clock.factors, frames, noises, known, features=evidence)
    assert_alike([*actual], [tuple(e) for e in expected])


@pytest.mark.parametrize(("kind", "clock", "frames"), COMPILED)
def test_compiled_imagining_is_ticking_frame_by_frame(kind, clock, frames):
    levels = hierarchy(clock, kind=kind)
    noises = noise(levels, frames)
    actual = imagine(levels, levels.init(), noises)
    expected = frame_by_frame(
        levels.cells, clock.factors, frames, noises, conditioning(levels, frames)
    )
    assert_alike([*actual], [tuple(e) for e in expected])


# A video may be cut at a frame at which every level ticks.


@kinds
@draws(seed=seeds)
def test_observing_on_from_an_aligned_cut_is_observing_the_whole(kind, seed):
    levels = hierarchy(CLOCK, kind=kind, seed=seed)
    inputs = [draw(levels, FRAMES, seed=seed) for draw in (features, noise, conditioning)]
    last, whole = observe(levels, levels.init(), *inputs)
    cut = CLOCK.slowest
    states, before = observe(levels, levels.init(), *(cut_out(i, CLOCK, 0, cut) for i in inputs))
    states, after = observe(levels, states, *(cut_out(i, CLOCK, cut) for i in inputs))
    assert_alike(states, last)
    assert_alike((before, after), (cut_out(whole, CLOCK, 0, cut), cut_out(whole, CLOCK, cut)))


@kinds
@draws(seed=seeds)
def test_imagining_twice_is_imagining_once(kind, seed):
    levels = hierarchy(CLOCK, kind=kind, seed=seed)
    inputs = [draw(levels, FRAMES, seed=seed) for draw in (noise, conditioning)]
    start = some_states(levels, seed)
    last, whole = imagine(levels, start, *inputs)
    cut = CLOCK.slowest
    states, before = imagine(levels, start, *(cut_out(i, CLOCK, 0, cut) for i in inputs))
    states, after = imagine(levels, states, *(cut_out(i, CLOCK, cut) for i in inputs))
    assert_alike(states, last)
    assert_alike((before, after), (cut_out(whole, CLOCK, 0, cut), cut_out(whole, CLOCK, cut)))


# Which level depends on which, and when.


@kinds
@pytest.mark.parametrize("level", [0, 1])
@draws(seed=seeds)
def test_slow_levels_never_depend_on_fast_noise_or_features(kind, level, seed):
    levels = hierarchy(CLOCK, kind=kind, seed=seed)
    evidence, noises = features(levels, FRAMES), noise(levels, FRAMES)
    _, calm = observe(levels, levels.init(), evidence, noises)
    other, loud = list(evidence), list(noises)
    other[level], loud[level] = other[level] + 1, -5 * loud[level]
    _, disturbed = observe(levels, levels.init(), tuple(other), tuple(loud))
    assert_alike(disturbed[level + 1 :], calm[level + 1 :])
    assert np.any(disturbed[level].states.stoch != calm[level].states.stoch)


@kinds
@pytest.mark.parametrize("level", [0, 1])
@draws(seed=seeds)
def test_imagined_slow_levels_never_depend_on_fast_noise(kind, level, seed):
    levels = hierarchy(CLOCK, kind=kind, seed=seed)
    noises = noise(levels, FRAMES)
    _, calm = imagine(levels, levels.init(), noises)
    loud = list(noises)
    loud[level] = -5 * loud[level]
    _, disturbed = imagine(levels, levels.init(), tuple(loud))
    assert_alike(disturbed[level + 1 :], calm[level + 1 :])
    assert np.any(disturbed[level].states.stoch != calm[level].states.stoch)


@kinds
def test_fast_levels_depend_on_slow_noise(kind):
    levels = hierarchy(CLOCK, kind=kind)
    noises = noise(levels, FRAMES)
    _, calm = imagine(levels, levels.init(), noises)
    _, disturbed = imagine(levels, levels.init(), (*noises[:-1], -5 * noises[-1]))
    for level in (0, 1):
        assert np.any(disturbed[level].states.deter[0] != calm[level].states.deter[0])


@kinds
@pytest.mark.parametrize("level", [0, 1, 2])
@pytest.mark.parametrize("tick", [0, 1])
def test_noise_changes_nothing_before_its_tick(kind, level, tick):
    levels = hierarchy(CLOCK, kind=kind)
    noises = noise(levels, FRAMES)
    loud = list(noises)
    loud[level] = loud[level].at[tick].multiply(-5)
    frame = tick * CLOCK.periods[level]
    _, calm = imagine(levels, levels.init(), noises)
    _, disturbed = imagine(levels, levels.init(), tuple(loud))
    for below, (one, other) in enumerate(zip(disturbed, calm, strict=True)):
        before = CLOCK.ticks(frame)[below]
        assert_alike(*(entries(both, slice(before)) for both in (one, other)))
    assert np.any(disturbed[0].output[frame] != calm[0].output[frame])


@kinds
@pytest.mark.parametrize("level", [0, 1, 2])
def test_a_posterior_depends_on_the_features_of_its_own_tick_and_on_none_after(kind, level):
    levels = hierarchy(CLOCK, kind=kind)
    evidence, noises = features(levels, FRAMES), noise(levels, FRAMES)
    other = list(evidence)
    other[level] = other[level].at[1].add(1)
    _, calm = observe(levels, levels.init(), evidence, noises)
    _, disturbed = observe(levels, levels.init(), tuple(other), noises)
    one, two = disturbed[level], calm[level]
    assert_alike(*(entries(t.posterior, slice(1)) for t in (one, two)))
    assert_alike(*(entries(t.prior, slice(2)) for t in (one, two)))
    assert not eqx.tree_equal(*(entries(t.posterior, 1) for t in (one, two)))


# Blind levels.


@FEW
@pytest.mark.parametrize("blind", [{0}, {2}, {0, 1, 2}])
def test_a_blind_level_is_imagined(kind, blind):
    levels = hierarchy(CLOCK, kind=kind, blind=blind)
    evidence, noises = features(levels, FRAMES), noise(levels, FRAMES)
    _, traces = observe(levels, levels.init(), evidence, noises)
    for level, trace in enumerate(traces):
        same = eqx.tree_equal(trace.posterior, trace.prior)
        assert bool(same) == (level in blind)
        nats = trace.posterior.kl(trace.prior)
        assert np.all(np.abs(nats) < 1e-6) if level in blind else np.all(nats > 1e-4)


@FEW
def test_a_blind_level_does_not_depend_on_its_features(kind):
    levels = hierarchy(CLOCK, kind=kind, blind={1})
    evidence, noises = features(levels, FRAMES), noise(levels, FRAMES)
    other = (evidence[0], evidence[1] + 1, evidence[2])
    assert_alike(*(observe(levels, levels.init(), f, noises) for f in (evidence, other)))


@FEW
def test_observing_with_all_levels_blind_is_imagining(kind):
    levels = hierarchy(CLOCK, kind=kind, blind={0, 1, 2})
    evidence, noises = features(levels, FRAMES), noise(levels, FRAMES)
    observed = observe(levels, levels.init(), evidence, noises)
    assert_alike(observed, imagine(levels, levels.init(), noises))


# Without conditioning.


@pytest.mark.parametrize("kind", ["rssm", "flow"])
def test_without_conditioning_a_video_begins_at_time_0_and_imagined_frames_go_on(kind):
    levels = hierarchy(CLOCK, kind=kind)
    evidence, noises = features(levels, FRAMES), noise(levels, FRAMES)
    known = levels.conditioning(2 * FRAMES)
    observed = compiled_observe(levels, levels.init(), evidence, noises)
    known_first = cut_out(known, CLOCK, 0, FRAMES)
    assert_alike(observed, observe(levels, levels.init(), evidence, noises, known_first))
    imagined = compiled_imagine(levels, observed[0], noises)
    assert_alike(imagined, imagine(levels, observed[0], noises, cut_out(known, CLOCK, FRAMES)))


# Noise and sizes.


@kinds
def test_without_noise_every_sample_is_the_mode(kind):
    levels = hierarchy(CLOCK, kind=kind)
    evidence = features(levels, FRAMES)
    silence = levels.zero_noise(FRAMES)
    assert [n.shape for n in silence] == [n.shape for n in noise(levels, FRAMES)]
    for trace in observe(levels, levels.init(), evidence, silence)[1]:
        assert_alike(trace.states.stoch, trace.posterior.mode)
    for trace in imagine(levels, levels.init(), silence)[1]:
        assert_alike(trace.states.stoch, trace.prior.mode)


@FEW
def test_rows_of_a_batch_are_independent(kind):
    levels = hierarchy(CLOCK, kind=kind)
    draws = features, noise, conditioning
    rows = [[draw(levels, FRAMES, seed=s) for draw in draws] for s in range(3)]
    batched = eqx.filter_vmap(observe, in_axes=(None, None, 0, 0, 0))
    together = batched(levels, levels.init(), *stacked(rows))
    for index, row in enumerate(rows):
        alone = observe(levels, levels.init(), *row)
        assert_alike(entries(together, index), alone)


@kinds
def test_the_number_of_parameters_does_not_depend_on_the_factor(kind):
    def count(clock):
        leaves = jax.tree.leaves(eqx.filter(hierarchy(clock, kind=kind), eqx.is_inexact_array))
        return sum(leaf.size for leaf in leaves)

    assert len({count(Clock(3, k)) for k in (1, 2, 6)}) == 1


@FEW
def test_noise_has_an_entry_for_each_tick(kind):
    drawn = hierarchy(CLOCK, kind=kind).noise(FRAMES, key=jr.key(0))
    assert [n.shape for n in drawn] == [(ticks, STOCH) for ticks in CLOCK.ticks(FRAMES)]


@FEW
def test_the_same_key_gives_the_same_noise_and_another_key_another(kind):
    levels = hierarchy(CLOCK, kind=kind)
    assert_alike(levels.noise(FRAMES, key=jr.key(0)), levels.noise(FRAMES, key=jr.key(0)))
    for one, other in zip(*(levels.noise(FRAMES, key=jr.key(s)) for s in (0, 1)), strict=True):
        assert np.all(one != other)


@FEW
def test_noise_differs_from_tick_to_tick_and_from_level_to_level(kind):
    drawn = hierarchy(CLOCK, kind=kind).noise(FRAMES, key=jr.key(0))
    numbers = np.concatenate([np.ravel(n) for n in drawn])
    assert len(np.unique(numbers)) == numbers.size


@FEW
def test_noise_of_a_longer_video_begins_with_that_of_a_shorter(kind):
    levels = hierarchy(CLOCK, kind=kind)
    shorter, longer = (levels.noise(frames, key=jr.key(0)) for frames in (7, FRAMES))
    for level, (one, other) in enumerate(zip(shorter, longer, strict=True)):
        assert_alike(one, other[: CLOCK.ticks(7)[level]])


@FEW
@pytest.mark.parametrize("start", [6])
def test_noise_from_a_later_frame_is_the_end_of_the_whole(kind, start):
    levels = hierarchy(CLOCK, kind=kind)
    whole = levels.noise(FRAMES, key=jr.key(0))
    # Traced, as in a loop over chunks.
    later = jax.jit(lambda s: levels.noise(FRAMES - start, key=jr.key(0), start=s))(start)
    assert_alike(later, cut_out(whole, CLOCK, start))


def test_levels_may_have_different_sizes():
    sizes = {"hidden_size": 2, "feature_size": 3, "context_size": 0}
    top = made(RSSMCell, stoch_size=5, deter_size=6, **sizes)
    levels = Hierarchy((made(CELLS["rssm"], context_size=11), top), Clock(2, 2))
    evidence, noises = (draw(0, 3, FEATURE), draw(1, 2, 3)), (draw(2, 3, STOCH), draw(3, 2, 5))
    actual = observe(levels, levels.init(), evidence, noises)
    expected = frame_by_frame(
        levels.cells, (2,), 3, noises, conditioning(levels, 3), features=evidence
    )
    assert_alike([*actual], [tuple(e) for e in expected])
