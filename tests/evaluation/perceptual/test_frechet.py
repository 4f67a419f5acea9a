"""The Frechet distance against closed forms and a root by eigenvalues."""

import numpy as np
import pytest

from cwvae.evaluation.distances import frechet_distance


def exact(mean: np.ndarray, deviations: np.ndarray, rows: int, seed: int) -> np.ndarray:
    """Features whose mean and covariance, diagonal, are exactly these."""
    drawn = np.random.default_rng(seed).normal(size=(rows, len(mean)))
    white, _ = np.linalg.qr(drawn - drawn.mean(0))
    return mean + white * deviations * np.sqrt(rows - 1)


def by_eigenvalues(features: np.ndarray, others: np.ndarray) -> float:
    """The distance as it is usually computed: roots of symmetric matrices, nothing below 0."""
    first, second = np.cov(features.T), np.cov(others.T)
    values, vectors = np.linalg.eigh(first)
    root = (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T
    shared = np.sqrt(np.maximum(np.linalg.eigvalsh(root @ second @ root), 0)).sum()
    apart = np.square(features.mean(0) - others.mean(0)).sum()
    return apart + np.trace(first) + np.trace(second) - 2 * shared


def test_diagonal_gaussians_have_a_closed_form():
    random = np.random.default_rng(0)
    (m1, m2), (s1, s2) = random.normal(size=(2, 6)), random.random((2, 6))
    found = frechet_distance(exact(m1, s1, 20, seed=1), exact(m2, s2, 50, seed=2))
    assert found == pytest.approx(np.square(m1 - m2).sum() + np.square(s1 - s2).sum(), rel=1e-10)


@pytest.mark.parametrize(("videos", "others"), [(2, 3), (10, 64), (200, 100)])
def test_it_is_that_of_eigenvalues_whether_or_not_covariances_are_singular(videos, others):
    random = np.random.default_rng(videos)
    first = random.normal(size=(videos, 40)) @ random.normal(size=(40, 40))
    second = random.normal(size=(others, 40)) + random.normal(size=40)
    found = frechet_distance(first, second)
    assert found == pytest.approx(by_eigenvalues(first, second), rel=1e-5)
    assert found == pytest.approx(frechet_distance(second, first), rel=1e-10)


def test_equals_have_no_distance_and_constants_that_of_their_means():
    features = np.random.default_rng(0).normal(size=(16, 400)).astype(np.float32)
    assert 0 <= frechet_distance(features, features) < 1e-9
    assert frechet_distance(np.zeros((2, 3)), np.full((5, 3), 2.0)) == pytest.approx(12)


def test_few_videos_make_it_larger():
    draws = np.random.default_rng(0).normal(size=(2, 512, 50))
    few, many = (frechet_distance(*draws[:, :count]) for count in (64, 512))
    assert few > 2 * many
