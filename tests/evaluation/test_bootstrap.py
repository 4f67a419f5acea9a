"""Bootstrap intervals are over videos."""

import numpy as np
import pytest

from cwvae.evaluation.bootstrap import distance_interval, estimate, median_interval
from cwvae.evaluation.distances import kernel_distance


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


def test_the_interval_of_a_median_is_about_the_middle():
    values = np.random.default_rng(0).normal(5, 1, 101)
    low, high = median_interval(values)
    # The deviation of a median is 1.25 of that of a mean.
    assert high - low == pytest.approx(2 * 1.96 * 1.25 / np.sqrt(101), rel=0.3)
    assert low < np.median(values) < high
    assert median_interval(np.ones(3)) == [1, 1]


def test_the_interval_of_a_distance_lies_about_it_however_often_rows_come_twice():
    random = np.random.default_rng(0)
    features, others = random.normal(size=(2, 60, 8))
    others += 0.5
    value = kernel_distance(features, others)
    low, high = distance_interval(kernel_distance, features, others)
    assert low < value < high
    # Distances of as many other rows lie in it about as often as they should.
    drawn = random.normal(size=(200, 2, 60, 8)) + np.array([0, 0.5]).reshape(2, 1, 1)
    spread = np.std([kernel_distance(*pair) for pair in drawn])
    assert (high - low) / (2 * 1.96) == pytest.approx(spread, rel=0.5)
