"""Laws of reset, swap, clamp, blind and resample, on three levels."""

from functools import partial

import equinox as eqx
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest
from models import ACTION, STOCH, draw, plain, plain_video
from reference import assert_alike

from cwvae.analysis.interventions import blind, clamp, resample, reset, swap
from cwvae.clock import Clock
from cwvae.model import CWVAE
from cwvae.rollout import forecast

FRAMES = 12  # two whole slowest periods
CLOCK = Clock(3, (2, 3))
KEY = jr.key(3)
LATENT = np.linspace(-1, 1, STOCH, dtype=np.float32)

kinds = pytest.mark.parametrize("kind", ["rssm", "all_at_once"])
each = pytest.mark.parametrize("level", range(3))


def conditioning(model: CWVAE):
    """Return irregular times, and actions."""
    times = jnp.cumsum(jnp.linspace(0.5, 1.5, FRAMES))
    return model.hierarchy.conditioning(FRAMES, times=times, actions=draw(4, FRAMES, ACTION))


@eqx.filter_jit
def observe(model, video, key=KEY):
    """Return the last states and the traces of a video."""
    return model.infer(video, model.hierarchy.noise(FRAMES, key=key), conditioning(model))


@eqx.filter_jit
def imagine(model, states, noise=None):
    """Return the last states and the traces of frames imagined after the states."""
    noise = model.hierarchy.noise(FRAMES, key=KEY) if noise is None else noise
    return model.hierarchy.imagine(states, noise, conditioning(model))


def states_of(model: CWVAE, seed: int = 0):
    """Return every level's state after a video."""
    return observe(model, plain_video(FRAMES, seed=seed))[0]


def same(one, other) -> list[bool]:
    """Return for each level whether all its outputs agree to the last bit."""
    return [bool(jnp.all(a.output == b.output)) for a, b in zip(one, other, strict=True)]


def test_resetting_all_levels_gives_the_start():
    model = plain(CLOCK)
    states = states_of(model)
    after, start = reset(model, states, range(3)), model.hierarchy.init()
    for level in range(3):
        assert np.array_equal(after[level].stoch, start[level].stoch)
        assert np.array_equal(after[level].deter, start[level].deter)
        assert after[level].time == states[level].time != start[level].time
    # Without a flow times do not matter, so what follows is what follows the start.
    assert eqx.tree_equal(imagine(model, after)[1], imagine(model, start)[1])


@each
def test_resetting_a_level_leaves_the_others(level):
    model = plain(CLOCK)
    states = states_of(model)
    after = reset(model, states, level)
    for other in range(3):
        assert eqx.tree_equal(states[other], after[other]) == (other != level)
    assert eqx.tree_equal(reset(model, after, level), after)


@pytest.mark.parametrize("levels", [0, 2, {0, 1}, (), range(3)])
def test_swapping_twice_is_the_identity(levels):
    model = plain(CLOCK)
    pair = states_of(model, 0), states_of(model, 1)
    once = swap(*pair, levels)
    assert eqx.tree_equal(swap(*once, levels), pair)
    assert eqx.tree_equal(once, pair) == (levels == ())


def test_swapping_all_levels_swaps_the_videos():
    model = plain(CLOCK)
    first, second = states_of(model, 0), states_of(model, 1)
    assert eqx.tree_equal(swap(first, second, range(3)), (second, first))


@each
def test_swapping_a_level_changes_it_and_those_below_and_nothing_above(level):
    model = plain(CLOCK)
    states = states_of(model, 0)
    swapped, _ = swap(states, states_of(model, 1), level)
    before, after = imagine(model, states)[1], imagine(model, swapped)[1]
    assert same(before, after) == [other > level for other in range(3)]


@kinds
@each
def test_clamping_to_the_models_own_latents_changes_nothing(kind, level):
    model = plain(CLOCK, kind=kind)
    states = states_of(model)
    noise = model.hierarchy.noise(FRAMES, key=KEY)
    before = imagine(model, states, noise)
    own = list(noise)
    own[level] = before[1][level].states.stoch
    after = imagine(clamp(model, {level: LATENT}), states, tuple(own))
    assert_alike(after[0], before[0])
    for one, other in zip(after[1], before[1], strict=True):
        assert_alike((one.states, one.output), (other.states, other.output))


@each
def test_a_clamped_level_holds_its_latent_and_leaves_those_above(level):
    model = plain(CLOCK)
    clamped, states = clamp(model, {level: LATENT}), states_of(model)
    before, after = imagine(model, states)[1], imagine(clamped, states)[1]
    assert np.all(np.asarray(after[level].states.stoch) == LATENT)
    assert same(before, after) == [other > level for other in range(3)]
    # Its beliefs are still those of the cell, so a trace shows what it would have sampled.
    observed = observe(clamped, plain_video(FRAMES))[1][level]
    assert np.all(np.asarray(observed.states.stoch) == LATENT)
    assert np.all(observed.posterior.kl(observed.prior) > 0)


def test_a_forecast_of_a_clamped_model_is_held_and_still_random_on_other_levels():
    video = plain_video(6)
    model = clamp(plain(CLOCK), {2: LATENT})
    predict = eqx.filter_jit(partial(forecast, horizon=6, key=KEY, samples=2))
    frames = predict(model, video)
    assert np.all(frames[0] != frames[1])
    held = clamp(model, {0: LATENT, 1: LATENT})
    frames = predict(held, video)
    assert np.array_equal(frames[0], frames[1])


def test_with_all_levels_blind_observing_is_imagining():
    model = plain(CLOCK)
    ours = observe(blind(model, range(3)), plain_video(FRAMES))
    assert eqx.tree_equal(ours, imagine(model, model.hierarchy.init()))


@each
def test_a_blind_level_imagines_alone(level):
    model = plain(CLOCK)
    assert blind(model, level).hierarchy.blind == {level}
    assert eqx.tree_equal(blind(model, ()), model)
    before = observe(model, plain_video(FRAMES))[1]
    after = observe(blind(model, level), plain_video(FRAMES))[1]
    assert same(before, after) == [other > level for other in range(3)]
    assert eqx.tree_equal(after[level].prior, after[level].posterior)


@eqx.filter_jit
def resampled(model: CWVAE, levels: tuple[int, ...]):
    """Reconstruct a video with some levels drawn anew."""
    noise, fresh = (model.hierarchy.noise(FRAMES, key=key) for key in (KEY, jr.key(8)))
    return resample(model, plain_video(FRAMES), levels, noise, fresh, conditioning(model))


@kinds
def test_with_no_level_drawn_anew_resampling_is_the_reconstruction(kind):
    model = plain(CLOCK, kind=kind)
    expected = model.render(observe(model, plain_video(FRAMES))[1][0].output)
    assert_alike(resampled(model, ()), expected)


@kinds
def test_with_all_levels_drawn_anew_nothing_of_the_video_is_left(kind):
    model = plain(CLOCK, kind=kind)
    blind_model = blind(model, range(3))
    expected = model.render(observe(blind_model, plain_video(FRAMES), jr.key(8))[1][0].output)
    assert_alike(resampled(model, (0, 1, 2)), expected)


@each
def test_a_level_drawn_anew_changes_the_frames_from_its_first_tick_on(level):
    model = plain(CLOCK)
    same, found = resampled(model, ()), resampled(model, (level,))
    assert jnp.all(jnp.abs(found - same).max((1, 2, 3)) > 0)
