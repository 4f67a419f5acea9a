import dataclasses

import jax.random as jr
import numpy as np
import pytest

from cwvae.analysis.speed import SpeedNats, nats_at_speeds
from cwvae.objective import elbo
from cwvae.training.build import build
from cwvae.training.presets import PRESETS

KEY = jr.key(0)


def test_a_level_whose_share_falls_with_the_speed_has_correlation_minus_one():
    nats = np.array([[1.0, 9.0, 0.0], [4.0, 16.0, 0.0], [20.0, 20.0, 0.0]])
    found = SpeedNats(np.array([0.5, 1.0, 2.0]), nats)
    np.testing.assert_allclose(found.shares[:, 0], [0.1, 0.2, 0.5])
    np.testing.assert_allclose(found.correlations, [1, -1, np.nan])


def test_correlations_are_of_ranks_with_ties():
    # Shares .5, .5, .2, .8: ranks 2.5, 2.5, 1, 4 against 1, 2, 3, 4.
    share = np.array([0.5, 0.5, 0.2, 0.8])
    found = SpeedNats(np.array([1.0, 2, 3, 4]), np.stack([share, 1 - share], 1))
    expected = np.corrcoef([2.5, 2.5, 1, 4], [1, 2, 3, 4])[0, 1]
    np.testing.assert_allclose(found.correlations, [expected, -expected])


def test_levels_without_nats_have_no_share():
    found = SpeedNats(np.array([1.0, 2.0]), np.zeros((2, 2)))
    np.testing.assert_array_equal(found.shares, 0)
    assert np.isnan(found.correlations).all()


def test_the_nats_are_the_kl_of_the_bound_and_speeds_are_sorted():
    model = build(dataclasses.replace(PRESETS["debug"].model, levels=2), key=jr.key(1))
    videos = np.asarray(jr.uniform(jr.key(2), (3, 6, 32, 32, 1)))
    found = nats_at_speeds(model, {2.0: videos[:2], 0.5: videos[1:]}, key=KEY)
    assert found.speeds.tolist() == [0.5, 2.0]
    keys = jr.split(KEY, 2)
    for row, pair in zip(found.nats, (videos[1:], videos[:2]), strict=True):
        bounds = [
            elbo(model, video, model.hierarchy.noise(6, key=key)).kl
            for video, key in zip(pair, keys, strict=True)
        ]
        expected = np.mean([[level.sum() for level in kl] for kl in bounds], axis=0)
        np.testing.assert_allclose(row, expected, rtol=1e-4)


def test_one_speed_is_an_error():
    model = build(PRESETS["debug"].model, key=jr.key(1))
    with pytest.raises(ValueError, match="at least 2 speeds, got 1; add some"):
        nats_at_speeds(model, {1.0: np.zeros((1, 4, 32, 32, 1), np.float32)}, key=KEY)
