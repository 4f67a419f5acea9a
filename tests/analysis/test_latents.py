"""What every level was: the same as inference and imagination give, tick by tick."""

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import pytest
from models import plain, plain_video
from reference import assert_alike

from cwvae.analysis.latents import follow
from cwvae.clock import Clock
from cwvae.rollout import imagine, latents, observe

CLOCK = Clock(3, (2, 3))
SEEN, FRAMES = 6, 14


@pytest.fixture(scope="module")
def model():
    return plain(CLOCK)


@pytest.fixture(scope="module")
def noise(model):
    return model.hierarchy.noise(FRAMES, key=jr.key(0))


@pytest.fixture(scope="module")
def video():
    return plain_video(FRAMES)


@pytest.fixture(scope="module")
def found(model, noise, video):
    return eqx.filter_jit(follow)(model, video[:SEEN], noise)


def test_ticks_begin_where_the_clock_has_them(found):
    assert [level.frames.tolist() for level in found] == [
        list(range(14)),
        list(range(0, 14, 2)),
        [0, 6, 12],
    ]
    assert [level.tick_at(7) for level in found] == [7, 3, 1]


def test_a_video_that_is_seen_whole_has_the_latents_of_inference(model, video):
    modes = eqx.filter_jit(follow)(model, video, model.hierarchy.zero_noise(FRAMES))
    for level, trace in zip(modes, eqx.filter_jit(latents)(model, video), strict=True):
        assert_alike(level.stoch, trace.states.stoch)
        assert_alike(level.deter, trace.states.deter)
        assert_alike(level.kl, trace.posterior.kl(trace.prior))
        assert_alike(level.entropy, trace.prior.entropy())
        assert level.states.shape[-1] == level.stoch.shape[-1] + level.deter.shape[-1]


def test_what_is_imagined_goes_on_from_the_context_and_has_no_kl(model, noise, video, found):
    counts = CLOCK.ticks(SEEN)
    first = tuple(part[:count] for part, count in zip(noise, counts, strict=True))
    rest = tuple(part[count:] for part, count in zip(noise, counts, strict=True))
    states = eqx.filter_jit(observe)(model, video[:SEEN], first)
    assert_alike(found[0].stoch[SEEN - 1], states[0].stoch)
    after, _ = eqx.filter_jit(imagine)(model, states, rest)
    for level, count, state in zip(found, counts, after, strict=True):
        assert_alike(level.states[-1], jnp.concatenate([state.stoch, state.deter]))
        assert float(level.kl[:count].min()) > 0
        assert not level.kl[count:].any()


def test_a_static_level_is_in_force_for_ever():
    model = plain(Clock(2, 2, static_window=4))
    noise = model.hierarchy.noise(8, key=jr.key(1))
    found = eqx.filter_jit(follow)(model, plain_video(4), noise)
    assert found[1].frames.tolist() == [0]
    assert found[1].tick_at(1000) == 0


def test_many_videos_at_once_are_each_alone(model, noise, video, found):
    both = jnp.stack([video[:SEEN], plain_video(FRAMES, seed=1)[:SEEN]])
    many = eqx.filter_jit(jax.vmap(lambda one: follow(model, one, noise)))(both)
    assert_alike(many[1].stoch[0], found[1].stoch)
    assert many[2].tick_at(11) == 1


def test_wrong_noise_and_contexts_are_errors(model, video, noise):
    with pytest.raises(ValueError, match="at least the 14 frames of the context, got 6"):
        follow(model, video, model.hierarchy.noise(6, key=jr.key(0)))
    with pytest.raises(ValueError, match="end on a tick of every level: got 5"):
        follow(model, video[:5], noise)
    with pytest.raises(ValueError, match="frame must be a whole number of at least 0"):
        follow(model, video, noise)[0].tick_at(-1)
