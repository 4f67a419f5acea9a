"""Bootstrap intervals are over videos."""

import numpy as np

from cwvae.evaluation.bootstrap import estimate


def test_the_interval_is_that_of_a_mean_of_videos():
    values = np.random.default_rng(0).normal(size=(400, 1, 3))
    found = estimate(values)
    assert np.allclose(found.mean, values.mean((0, 1)))
    # 1.96 standard errors of the mean in either direction.
    error = values.std(0)[0] / np.sqrt(400)
    assert np.allclose(found.high - found.mean, 1.96 * error, rtol=0.15)
    assert np.allclose(found.mean - found.low, 1.96 * error, rtol=0.15)


def test_samples_of_a_video_are_no_videos():
    values = np.random.default_rng(0).random((50, 1, 2))
    once, often = estimate(values), estimate(values.repeat(20, axis=1))
    assert np.allclose(once.low, often.low)
    assert np.allclose(once.high, often.high)


def test_a_seed_gives_one_interval():
    values = np.random.default_rng(0).random((20, 2, 2)) > 0.5
    assert np.array_equal(estimate(values, seed=1).low, estimate(values, seed=1).low)
    assert not np.array_equal(estimate(values[..., :1] * 0.1), 0)
