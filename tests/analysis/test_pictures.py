"""Pictures of the experiments: of any cells and clocks, and what is done to them shows."""

import equinox as eqx
import jax.random as jr
import numpy as np
import pytest
from models import plain, plain_video

from cwvae.analysis.pictures import (
    blind_forecasts,
    every_so_many,
    resample_frames,
    reset_forecasts,
    swap_forecasts,
    swap_sets,
)
from cwvae.clock import Clock
from cwvae.rollout import forecast

CONTEXTS = np.stack([np.asarray(plain_video(4, seed=seed)) for seed in range(3)])
KEY = jr.key(5)
MODELS = {
    "rssm": plain(Clock(2, 2)),
    "static": plain(Clock(2, 2, static_window=4)),
    "categorical": plain(Clock(2, 2), kind="categorical"),
}

each = pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)


@each
def test_every_level_is_blind_and_reset_once(model):
    blinded = blind_forecasts(model, CONTEXTS, 6, key=KEY)
    back = reset_forecasts(model, CONTEXTS, 6, key=KEY)
    for found in (blinded, back):
        assert [*found] == [(), (0,), (1,)]
        assert {(v.shape, v.dtype) for v in found.values()} == {
            ((3, 6, 1, 2, 1), np.dtype("uint8"))
        }
        assert len({videos.tobytes() for videos in found.values()}) == 3
    # With nothing done, both are the plain forecast.
    np.testing.assert_array_equal(blinded[()], back[()])


@each
def test_a_video_with_all_levels_of_another_goes_on_as_that_with_its_own_noise(model):
    found = swap_forecasts(model, CONTEXTS, 6, key=KEY)
    assert [*found] == [(), (0, 1), (0,), (1,)]
    plain_forecasts = reset_forecasts(model, CONTEXTS, 6, key=KEY)[()]
    np.testing.assert_array_equal(found[()], plain_forecasts)
    assert len({videos.tobytes() for videos in found.values()}) == 4


@each
def test_every_level_is_drawn_anew_once(model):
    found = resample_frames(model, CONTEXTS, key=KEY)
    assert [*found] == [(), (0,), (1,)]
    assert {videos.shape for videos in found.values()} == {CONTEXTS.shape}
    assert len({videos.tobytes() for videos in found.values()}) == 3


def test_sets_to_swap_are_none_all_each_and_all_but_each():
    assert swap_sets(1) == [(), (0,)]
    assert swap_sets(3) == [(), (0, 1, 2), (0,), (1,), (2,), (1, 2), (0, 2), (0, 1)]


def test_a_long_forecast_is_that_of_the_model_every_so_many_frames():
    model = MODELS["rssm"]
    found = every_so_many(model, CONTEXTS[:2], 9, 4, key=KEY)
    assert found.shape == (2, 3, 1, 2, 1)
    frames = eqx.filter_jit(forecast)(model, CONTEXTS[0], 9, key=jr.split(KEY, 2)[0])[0]
    expected = np.clip(np.asarray(frames), 0, 1)[::4] * 255
    assert np.abs(found[0] - expected).max() <= 0.51
