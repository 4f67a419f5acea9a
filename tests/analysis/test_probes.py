"""Linear readouts of features of which is known what they hold."""

import numpy as np
import pytest

from cwvae.analysis.probes import read_classes, read_values

VIDEOS = 200


@pytest.fixture
def generator():
    return np.random.default_rng(0)


def features_of(truth, generator, noise=0.1):
    """Return a random linear map of the truth, scaled unequally, with noise and a constant."""
    mixed = truth @ generator.normal(size=(truth.shape[1], 6)) * [1e-2, 1, 1, 1, 1, 1e3]
    features = mixed * (1 + noise * generator.normal(size=mixed.shape))
    return np.concatenate([features, np.full((len(truth), 1), 3.0)], 1)


def test_classes_that_are_there_are_read_and_shuffled_ones_are_not(generator):
    labels = generator.integers(10, 14, VIDEOS)
    found = read_classes(features_of(np.eye(4)[labels - 10], generator), labels)
    assert found.score > 0.95
    assert found.shuffled < 0.5
    assert found.videos == VIDEOS


def test_classes_that_are_not_there_are_read_by_chance(generator):
    labels = generator.integers(0, 4, VIDEOS)
    found = read_classes(generator.normal(size=(VIDEOS, 30)), labels)
    assert 0.05 < found.score < 0.5


def test_values_are_read_in_their_own_units(generator):
    values = generator.uniform(0, 36, (VIDEOS, 2))
    found = read_values(np.concatenate([values * 1e-3, np.zeros((VIDEOS, 3))], 1), values)
    assert found.score < 0.5
    # The mean distance from the middle of a square with an edge of 36.
    assert 10 < found.shuffled < 20


def test_a_shuffled_class_is_read_by_chance_whatever_the_seed(generator):
    labels = generator.integers(0, 2, VIDEOS)
    features = np.eye(2)[labels]
    shuffled = [read_classes(features, labels, seed=seed).shuffled for seed in range(6)]
    assert 0.35 < min(shuffled) <= max(shuffled) < 0.65


def test_small_features_are_read_too(generator):
    labels = generator.integers(0, 2, VIDEOS)
    assert read_classes(1e-9 * np.eye(2)[labels], labels).score == 1


def test_features_that_are_not_finite_are_an_error(generator):
    features = generator.normal(size=(VIDEOS, 2))
    features[3, 1] = np.nan
    with pytest.raises(ValueError, match="features must be finite"):
        read_classes(features, generator.integers(0, 2, VIDEOS))


def test_values_that_are_not_there_are_no_better_than_shuffled_ones(generator):
    values = generator.uniform(0, 36, (VIDEOS, 2))
    found = read_values(generator.normal(size=(VIDEOS, 30)), values)
    assert found.score == pytest.approx(found.shuffled, rel=0.2)


def test_the_penalty_is_strong_where_there_are_more_features_than_videos(generator):
    values = generator.normal(size=(40, 1))
    features = np.concatenate([values, 0.3 * generator.normal(size=(40, 100))], 1)
    assert read_values(features, values).score < 1.5


def test_the_seed_chooses_the_videos_that_are_scored(generator):
    labels = generator.integers(0, 3, VIDEOS)
    features = features_of(np.eye(3)[labels], generator, noise=2)
    scores = [read_classes(features, labels, seed=seed) for seed in (0, 0, 1)]
    assert scores[0] == scores[1] != scores[2]


def test_too_few_videos_are_an_error(generator):
    with pytest.raises(ValueError, match="at least 10 videos, got 9"):
        read_classes(generator.normal(size=(9, 2)), np.arange(9))
