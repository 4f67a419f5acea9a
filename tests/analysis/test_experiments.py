"""Blind, reset and swap every set of levels of a model with random weights."""

import dataclasses

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest
from bouncing import bouncing

import cwvae
from cwvae.analysis.effects import imagine_videos, observe_videos
from cwvae.analysis.experiments import DigitVideos, blinding, resampling, resetting, swapping
from cwvae.training.build import build
from cwvae.training.presets import PRESETS

VIDEOS, SEEN = 6, 4
KEY = jr.key(0)


@pytest.fixture(scope="module")
def model():
    return build(dataclasses.replace(PRESETS["debug"].model, levels=2), key=jr.key(1))


@pytest.fixture(scope="module")
def videos():
    return DigitVideos(*bouncing(VIDEOS, SEEN + 10, seed=5), context=SEEN)


@pytest.fixture(scope="module")
def plain(model, videos):
    """What is kept where nothing is done."""
    first, second = (jr.split(key, VIDEOS) for key in jr.split(KEY))
    states = observe_videos(model, videos.contexts, first)
    return videos.kept_in(imagine_videos(model, states, 10, second))


def test_doing_nothing_is_the_plain_forecast(model, videos, plain):
    blind, reset = blinding(model, videos, key=KEY), resetting(model, videos, key=KEY)
    assert [*blind] == [*reset] == [(), (0,), (1,), (0, 1)]
    assert eqx.tree_equal(blind[()], reset[()], plain)
    for found in (blind, reset):
        assert not np.array_equal(found[0, 1].errors, plain.errors)


def test_a_model_that_is_blind_on_all_levels_is_in_the_same_state_after_every_video(model, videos):
    keys = jnp.broadcast_to(KEY, VIDEOS)
    states = observe_videos(model.blinded((0, 1)), videos.contexts, keys)
    for array in jax.tree.leaves(states):
        np.testing.assert_array_equal(array, jnp.broadcast_to(array[:1], array.shape))
    seen = observe_videos(model, videos.contexts, keys)
    assert not np.array_equal(seen[0].stoch[0], seen[0].stoch[1])


def test_swaps_are_of_pairs_that_differ_and_change_the_forecast(model, videos, plain):
    found = swapping(model, videos, key=KEY)
    assert [*found] == [(0,), (1,)]
    differ = videos.labels[:, 0] != np.roll(videos.labels[:, 0], 1)
    for swapped in found.values():
        assert len(swapped.own.errors) == len(swapped.other.errors) == differ.sum()
        assert 0 <= swapped.success <= 1
    # The lowest level alone is decoded first, so that its swap changes the forecast.
    assert not np.array_equal(found[0,].own.errors, plain.errors[differ])


def test_videos_with_the_same_digits_are_an_error(model, videos):
    same = eqx.tree_at(lambda v: v.labels, videos, np.zeros_like(videos.labels))
    with pytest.raises(ValueError, match="differ in their digits"):
        swapping(model, same, key=KEY)


def test_resampling_nothing_is_the_reconstruction_and_a_level_changes_it(model, videos):
    found = resampling(model, videos, key=KEY)
    assert [*found] == [(), (0,), (1,)]
    keys, _ = jr.split(KEY)
    noise = [
        model.hierarchy.noise(SEEN + 10, key=jr.split(key)[0]) for key in jr.split(keys, VIDEOS)
    ]
    pairs = zip(videos.frames, noise, strict=True)
    frames = jnp.stack([cwvae.reconstruct(model, video, n) for video, n in pairs])
    np.testing.assert_allclose(
        found[()].errors, videos.kept_last(frames).errors, rtol=1e-3, atol=1e-3
    )
    assert not np.array_equal(found[0,].errors, found[()].errors)


def test_the_last_ten_frames_of_the_truth_keep_everything(videos):
    kept = videos.kept_last(jnp.asarray(videos.frames))
    assert kept.position.all()
    assert kept.errors.max() < 1
