"""A static level ticks where a video begins; from then on its state is held."""

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest
from models import conditioning, features, hierarchy, noise, plain, plain_video, tiny
from reference import assert_alike, frame_by_frame, rendered
from streams import follow, inputs

from cwvae import rollout, streaming
from cwvae.clock import ENDLESS, Clock
from cwvae.objective import elbo, loss

FACTORS, FRAMES, ALIGNED, WINDOW = (2,), 8, 4, 3
CLOCK = Clock(3, FACTORS, static_window=WINDOW)
KEY = jr.key(0)

forecast, sample = eqx.filter_jit(rollout.forecast), eqx.filter_jit(rollout.sample)

kinds = pytest.mark.parametrize("kind", ["rssm", "all_at_once", "flow"])


def rest(arrays, frames: int):
    """Cut what the levels have for the frames from an aligned one on: nothing for the static."""
    each = zip(arrays, CLOCK.ticks(frames), strict=True)
    return tuple(jax.tree.map(lambda a, n=n: a[n:], level) for level, n in each)


def until(arrays, frames: int):
    """Cut what the levels have for the frames before an aligned one."""
    each = zip(arrays, CLOCK.ticks(frames), strict=True)
    return tuple(jax.tree.map(lambda a, n=n: a[:n], level) for level, n in each)


def test_a_static_level_ticks_at_the_first_frame_alone():
    assert CLOCK.periods == (1, 2, ENDLESS)
    assert CLOCK.ticks(7) == (7, 4, 1)
    assert CLOCK.ticks(7, start=2) == (7, 4, 0)
    assert CLOCK.slowest == 2
    assert list(np.flatnonzero(CLOCK.active(2, 1000))) == [0]


def test_one_factor_stands_for_every_level_that_is_not_static():
    assert Clock(4, 3, static_window=5) == Clock(4, (3, 3), static_window=5)
    assert Clock(2, static_window=5).periods == (1, ENDLESS)


@pytest.mark.parametrize(
    ("levels", "options", "message"),
    [
        (1, {"static_window": 3}, "levels must be a whole number of at least 2"),
        (3, {"static_window": 0}, "static_window must be a whole number of at least 1"),
        (3, {"static_window": 3, "factors": (2, 2)}, "above the first that is not static, got 2"),
        (3, {"factors": 10**5}, "slowest period must be below .* got 10,000,000,000; .*static"),
    ],
)
def test_a_clock_that_cannot_be_raises_an_error(levels, options, message):
    with pytest.raises(ValueError, match=message):
        Clock(levels, **options)


@pytest.mark.parametrize(("lookahead", "seen"), [(True, WINDOW), (False, 1)])
def test_the_window_of_a_static_level_is_the_first_frames(lookahead, seen):
    clock = Clock(3, FACTORS, static_window=WINDOW, lookahead=lookahead)
    frames = np.random.default_rng(0).integers(-9, 9, (FRAMES, 2)).astype(np.float32)
    assert np.array_equal(clock.windows(jnp.asarray(frames), 2), frames[:seen].sum(0)[None])


@kinds
@pytest.mark.parametrize("blind", [(), (2,)])
def test_observing_is_ticking_frame_by_frame(kind, blind):
    levels = hierarchy(CLOCK, kind=kind, blind=blind)
    inputs = noise(levels, FRAMES), conditioning(levels, FRAMES)
    evidence = features(levels, FRAMES)
    actual = eqx.filter_jit(levels.observe)(levels.init(), evidence, *inputs)
    expected = frame_by_frame(
        levels.cells, (*FACTORS, ENDLESS), FRAMES, *inputs, features=evidence, blind=blind
    )
    assert_alike([*actual], [tuple(e) for e in expected], 1e-4)


@kinds
def test_a_video_may_be_cut_and_its_static_state_is_held(kind):
    levels = hierarchy(CLOCK, kind=kind)
    inputs = features(levels, FRAMES), noise(levels, FRAMES), conditioning(levels, FRAMES)
    observe = eqx.filter_jit(levels.observe)
    whole, traces = observe(levels.init(), *inputs)
    first, _ = observe(levels.init(), *(until(arrays, ALIGNED) for arrays in inputs))
    last, after = observe(first, *(rest(arrays, ALIGNED) for arrays in inputs))
    assert_alike(last, whole, 1e-4)
    assert_alike(after, rest(traces, ALIGNED), 1e-4)
    assert after[-1].output.shape[0] == 0


@kinds
def test_imagining_holds_the_static_state_whatever_noise_there_is(kind):
    levels = hierarchy(CLOCK, kind=kind)
    states, _ = eqx.filter_jit(levels.observe)(
        levels.init(), features(levels, 4), noise(levels, 4), conditioning(levels, 4)
    )
    known = rest(conditioning(levels, 4 + FRAMES), 4)
    imagine = eqx.filter_jit(levels.imagine)
    noises = noise(levels, FRAMES, seed=3)
    last, traces = imagine(states, noises, known)
    assert_alike(last[-1], states[-1])
    other, _ = imagine(states, (*noises[:-1], noises[-1] + 1), known)
    assert_alike(other, last)
    # Where nothing is known the frames go on at intervals of 1, without a boundary above.
    if kind == "rssm":
        assert_alike(imagine(states, noises)[1][0].output, traces[0].output)


def test_another_static_state_is_another_future():
    levels = hierarchy(CLOCK)
    observe, imagine = eqx.filter_jit(levels.observe), eqx.filter_jit(levels.imagine)
    states, _ = observe(levels.init(), features(levels, 4), noise(levels, 4))
    changed = (*states[:-1], eqx.tree_at(lambda s: s.stoch, states[-1], states[-1].stoch + 1))
    ours, theirs = (imagine(s, noise(levels, 4))[1][0].output for s in (states, changed))
    assert np.all(np.any(ours != theirs, axis=-1))


@pytest.mark.parametrize("kind", ["rssm", "all_at_once"])
def test_a_sample_is_imagined_after_the_static_level_has_begun(kind):
    model = plain(CLOCK, kind=kind)
    known = conditioning(model.hierarchy, 7)
    actual = sample(model, 7, key=KEY, chunk=3, conditioning=known)
    noises = model.hierarchy.noise(7, key=jr.split(KEY, 1)[0])
    _, traces = frame_by_frame(model.hierarchy.cells, (*FACTORS, ENDLESS), 7, noises, known)
    assert_alike(actual[0], rendered(model, traces[0].output).astype(np.float32), 1e-4)


def test_a_forecast_depends_neither_on_the_chunk_nor_on_the_horizon():
    model, context = plain(CLOCK), plain_video(ALIGNED)
    whole = forecast(model, context, 9, key=KEY, samples=2)
    assert_alike(forecast(model, context, 9, key=KEY, samples=2, chunk=2), whole)
    assert_alike(forecast(model, context, 5, key=KEY, samples=2), whole[:, :5])


def test_later_frames_than_the_window_do_not_change_the_static_level():
    model = plain(CLOCK)
    video, noises = plain_video(FRAMES), noise(model.hierarchy, FRAMES)
    other = video.at[WINDOW:].add(1)
    ours, theirs = (eqx.filter_jit(model.infer)(v, noises)[0][-1] for v in (video, other))
    assert_alike(ours, theirs)


@pytest.mark.parametrize("options", [{}, {"coarse_evidence": 4}])
@pytest.mark.parametrize("lookahead", [True, False])
def test_the_loss_is_the_mean_of_the_elbo(lookahead, options):
    model = tiny(levels=3, factors=2, static_window=WINDOW, lookahead=lookahead, **options)
    videos = jnp.asarray(np.random.default_rng(0).uniform(size=(2, 4, 32, 32, 1)), dtype=float)
    keys = jr.split(KEY, 2)
    noises = jax.vmap(lambda key: model.hierarchy.noise(4, key=key))(keys)

    @eqx.filter_jit
    def both(model):
        bounds = jax.vmap(lambda video, noise: elbo(model, video, noise).value)(videos, noises)
        return loss(model, videos, noises).total, -jnp.mean(bounds) / 4

    assert_alike(*both(model))


@pytest.mark.parametrize("lookahead", [True, False])
def test_a_stream_has_the_static_state_of_the_batch(lookahead):
    clock = Clock(3, FACTORS, static_window=WINDOW, lookahead=lookahead)
    model = plain(clock)
    video, durations, actions = inputs()
    stream, _ = follow(model, (video, durations, actions))[-1]
    frames = video.shape[0]
    states, _ = eqx.filter_jit(model.infer)(video, model.hierarchy.noise(frames, key=KEY))
    assert_alike(stream.states[-1].stoch, states[-1].stoch)
    if not lookahead:  # a causal stream is the batch computation at every level
        assert_alike([s.stoch for s in stream.states], [s.stoch for s in states])
    ahead = eqx.filter_jit(streaming.forecast)(model, stream, 3, key=KEY)
    assert ahead.shape == (1, 3, *video.shape[1:])
