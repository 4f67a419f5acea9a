"""Blind, reset and swap on a model whose levels are known to hold nothing but what they observe."""

import dataclasses

import equinox as eqx
import jax
import jax.random as jr
import numpy as np
import pytest
from bouncing import bouncing

from cwvae.analysis.effects import imagine_videos, observe_videos
from cwvae.analysis.experiments import DigitVideos, blinding, resetting, swapping
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
    # A model that neither observed anything nor remembers: the same forecast of every video.
    states = observe_videos(model.blinded((0, 1)), videos.contexts, jr.split(KEY, VIDEOS))
    assert not np.array_equal(blind[0, 1].errors, plain.errors)
    assert len(jax.tree.leaves(states)) > 0


def test_a_swap_of_all_that_a_video_observed_is_the_other_video(model, videos, plain):
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
