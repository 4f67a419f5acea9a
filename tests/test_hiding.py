"""Frames hidden from inference."""

import dataclasses

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest
from models import draw, hierarchy, noise, plain, plain_video, stacked, tiny
from reference import assert_alike

from cwvae.clock import Clock
from cwvae.clockwork import Past
from cwvae.hiding import hide_frames
from cwvae.objective import elbo
from cwvae.training.carry import begin_videos
from cwvae.training.config import TrainConfig
from cwvae.training.step import init_train_state, train_in_place

CLOCK, FRAMES = Clock(2, 3), 9
KEY = jr.key(0)


def observed(*hidden: int) -> np.ndarray:
    return ~np.isin(np.arange(FRAMES), hidden)


@pytest.mark.parametrize("kind", ["rssm", "categorical", "all_at_once"])
def test_a_level_imagines_where_it_sees_no_frame(kind):
    model = plain(CLOCK, kind=kind)
    video, noises = plain_video(FRAMES), noise(model.hierarchy, FRAMES)
    actions = draw(2, FRAMES, 3)
    seen = observed(1, 3, 4, 5)
    known = model.hierarchy.conditioning(FRAMES, actions=actions, observed=seen)
    states, traces = eqx.filter_jit(model.infer)(video, noises, known)
    for trace, ticks in zip(traces, (seen, [True, False, True]), strict=True):
        imagined = jax.tree.map(lambda a, ticks=ticks: a[~np.asarray(ticks)], trace)
        assert_alike(imagined.posterior, imagined.prior)
        nats = trace.posterior.kl(trace.prior)
        assert np.array_equal(np.asarray(nats) > 1e-6, ticks)
    # What is hidden is no evidence.
    other = video.at[jnp.asarray([1, 3, 4, 5])].add(1)
    assert_alike(eqx.filter_jit(model.infer)(other, noises, known)[0], states)


@pytest.mark.parametrize("lookahead", [True, False])
def test_a_window_is_the_sum_of_its_frames_that_are_observed(lookahead):
    model = plain(Clock(2, 3, lookahead=lookahead))
    video, noises = plain_video(FRAMES), noise(model.hierarchy, FRAMES)
    seen = observed(2, 4)
    known = model.hierarchy.conditioning(FRAMES, observed=seen)
    # The plain model's features are the frames themselves.
    without = jnp.where(seen[:, None, None, None], video, 0)
    ours = model.infer(video, noises, known)[1][1]
    theirs = model.infer(without, noises)[1][1]
    assert_alike(ours.posterior, theirs.posterior)


def test_where_all_is_observed_nothing_changes():
    model = plain(CLOCK)
    video, noises = plain_video(FRAMES), noise(model.hierarchy, FRAMES)
    known = model.hierarchy.conditioning(FRAMES, observed=observed())
    assert_alike(elbo(model, video, noises, known), elbo(model, video, noises))


def test_a_share_of_the_frames_of_each_video_is_hidden():
    levels = hierarchy(Clock(3, 2, static_window=4))
    known = hide_frames(levels, None, None, 400, share=0.25, keys=jr.split(KEY, 3))
    seen = np.asarray(known[0].observed)
    assert seen.shape == (3, 400)
    assert np.all(np.abs(seen.mean(1) - 0.75) < 0.1)
    assert np.any(seen[0] != seen[1])
    # A level has evidence where any frame of its window has.
    assert np.array_equal(known[1].observed, seen.reshape(3, 200, 2).any(-1))
    assert known[2].observed.shape == (3, 1)


def test_training_with_hidden_frames_is_a_function_of_the_seed_and_the_step():
    config = TrainConfig(steps=9, batch_size=2, frames=4, hide=0.5, pieces=2)
    videos = np.random.default_rng(0).integers(0, 256, (2, 4, 32, 32, 1)).astype(np.uint8)

    def losses(config: TrainConfig) -> list[float]:
        state, found = init_train_state(tiny(levels=2), config), []
        for number in range(3):
            state, record = train_in_place(videos, state, config)
            state = begin_videos(state, number + 1, config)
            found.append(float(record.loss.kl.sum()))
        return found

    one = losses(config)
    assert losses(config) == one
    # Fewer frames are inferred, so there are fewer nats.
    assert one[0] < losses(dataclasses.replace(config, hide=0.0))[0]


def test_a_window_that_began_in_the_frames_before_has_their_evidence():
    levels = hierarchy(Clock(2, 3, lookahead=False))
    past = Past(stacked([levels.init()]))
    keys = jr.split(KEY, 1)
    later = hide_frames(levels, None, past, 6, share=0.99, keys=keys)
    assert bool(later[1].observed[0, 0])
    assert not np.all(later[0].observed)
