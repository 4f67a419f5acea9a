"""Frechet and kernel distances: closed forms, loops over pairs, and what they are on average."""

import numpy as np
import pytest
import scipy.linalg

from cwvae.evaluation.distances import frechet_distance, kernel_distance


def draws(count: int, size: int = 5, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((count, size))


def whitened(count: int, size: int = 3, seed: int = 0) -> np.ndarray:
    """Rows whose mean is 0 and whose sample covariance is the identity, to rounding."""
    rows = draws(count, size, seed)
    rows -= rows.mean(0)
    return rows @ np.linalg.inv(np.linalg.cholesky(np.atleast_2d(np.cov(rows.T)))).T


def test_frechet_distance_of_gaussians_that_commute():
    first, second = np.array([1.0, 2.0, 0.5]), np.array([3.0, 0.25, 0.5])
    shift = np.array([0.5, -1.0, 2.0])
    turned, _ = np.linalg.qr(draws(3, 3, 7))
    found = frechet_distance(
        whitened(40) * first @ turned, (whitened(60, seed=1) * second + shift) @ turned
    )
    assert found == pytest.approx((shift**2).sum() + ((first - second) ** 2).sum(), rel=1e-9)


def test_frechet_distance_of_gaussians_that_do_not_commute():
    rows, others = draws(50) @ draws(5, seed=2), draws(70, seed=1) @ draws(5, seed=3) + 1
    one, other = np.cov(rows.T), np.cov(others.T)
    root = scipy.linalg.sqrtm(one @ other).real
    expected = ((rows.mean(0) - others.mean(0)) ** 2).sum() + np.trace(one + other - 2 * root)
    assert frechet_distance(rows, others) == pytest.approx(expected, rel=1e-9)
    assert frechet_distance(others, rows) == pytest.approx(expected, rel=1e-9)


def test_with_fewer_rows_than_features_the_distance_of_scaled_rows_is_exact():
    # C2 = 4 C1: (C1 C2)^1/2 = 2 C1, so the trace is that of C1, though both are singular.
    rows = draws(10, 60)
    rows -= rows.mean(0)
    assert frechet_distance(rows, 2 * rows) == pytest.approx(np.trace(np.cov(rows.T)), rel=1e-6)


def test_frechet_distance_to_oneself_and_of_one_feature():
    rows = draws(30)
    assert frechet_distance(rows, rows) == pytest.approx(0, abs=1e-9)
    assert frechet_distance(rows, rows + 100) == pytest.approx(5e4)
    one = whitened(20, 1)
    assert frechet_distance(one, 3 * one) == pytest.approx(4)


def test_kernel_distance_is_its_double_sum():
    rows, others = draws(6), draws(4, seed=1) + 0.5

    def mean(first, second, *, same):
        kernels = [
            (np.dot(x, y) / 5 + 1) ** 3
            for i, x in enumerate(first)
            for j, y in enumerate(second)
            if not (same and i == j)
        ]
        return np.mean(kernels)

    expected = mean(rows, rows, same=True) + mean(others, others, same=True)
    expected -= 2 * mean(rows, others, same=False)
    assert kernel_distance(rows, others) == pytest.approx(expected, rel=1e-12)


def test_kernel_distance_is_unbiased_and_frechet_distance_is_not():
    found = [
        (kernel_distance(one, other), frechet_distance(one, other))
        for one, other in ((draws(20, seed=n), draws(30, seed=n + 1000)) for n in range(400))
    ]
    kernel, frechet = np.transpose(found)
    error = kernel.std() / np.sqrt(len(kernel))
    assert abs(kernel.mean()) < 3 * error
    assert (kernel < 0).mean() > 0.2
    # With pairs of a row and itself it would be far from 0: the bias that the test would see.
    assert np.mean(((draws(20) ** 2).sum(-1) / 5 + 1) ** 3) / 20 > 10 * error
    assert frechet.min() > 0.1


def test_both_grow_with_the_distance():
    rows, others = draws(200), draws(200, seed=1)
    for distance in (frechet_distance, kernel_distance):
        found = [distance(rows, others + shift) for shift in (0.0, 0.5, 1.0)]
        assert found == sorted(found)
        assert found[1] > 3 * abs(found[0])
