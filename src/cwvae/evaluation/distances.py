"""How far apart two sets of features are, each a sample of a distribution."""

import numpy as np
from jaxtyping import Array, Float

from cwvae.shapes import checked

__all__ = ["frechet_distance", "kernel_distance"]

_Some = Float[Array | np.ndarray, "count feature"]
_Others = Float[Array | np.ndarray, "other_count feature"]


@checked
def frechet_distance(features: _Some, others: _Others) -> float:
    """Return the Frechet distance of two sets of features, at least 0.

    |m1 - m2|^2 + tr(C1 + C2 - 2 (C1^1/2 C2 C1^1/2)^1/2) of the means and sample covariances (Dowson
    and Landau 1982; FID, Heusel et al. 2017; FVD, Unterthiner et al. 2018): 0 between sets of one
    mean and covariance. In float64. If C1 = A'A and C2 = B'B, the last trace is the sum of the
    singular values of AB', so that no root is taken of C1 C2, which is not symmetric and with fewer
    rows than features singular, where the answers of `scipy.linalg.sqrtm` go astray.

    It is biased upwards for few rows: compare distances of as many, and state the number.

    **Arguments:** `features` and `others`, a row each for an image or a video, two or more.

    Raises `ValueError` for fewer rows, and for values that are not finite.
    """
    first, second = _checked_rows("features", features), _checked_rows("others", others)
    root, other = _root(first), _root(second)
    apart = np.square(first.mean(0) - second.mean(0)).sum()
    shared = np.linalg.svd(root @ other.T, compute_uv=False).sum()
    # Between equals rounding would leave a little on either side of 0.
    return max(float(apart + np.square(root).sum() + np.square(other).sum() - 2 * shared), 0.0)


@checked
def kernel_distance(features: _Some, others: _Others) -> float:
    """Return the kernel distance of two sets of features: the unbiased squared MMD.

    With the kernel (x . y / d + 1)^3 of d features (KID, Binkowski et al. 2018; Gretton et al.
    2012, equation 3): the mean of pairs within each set, none with itself, less twice that of pairs
    between the sets. Its expectation is 0 for sets of one distribution, whatever their number, so
    that it can come out below 0, and sets of 64 will do. There is no square root. In float64.

    **Arguments:** `features` and `others`, a row each for an image or a video, two or more.

    Raises `ValueError` for fewer rows, and for values that are not finite.
    """
    first, second = _checked_rows("features", features), _checked_rows("others", others)
    return float(_within(first) + _within(second) - 2 * _kernel(first, second).mean())


def _root(rows: Float[np.ndarray, "count feature"]) -> Float[np.ndarray, "fewer feature"]:
    """Return a matrix A with A'A the covariance of rows, with no more rows than features."""
    return np.linalg.qr((rows - rows.mean(0)) / np.sqrt(len(rows) - 1)).R


def _kernel(
    rows: Float[np.ndarray, "count feature"], others: Float[np.ndarray, "other_count feature"]
) -> Float[np.ndarray, "count other_count"]:
    """Return the kernel of all pairs."""
    return (rows @ others.T / rows.shape[1] + 1) ** 3


def _within(rows: Float[np.ndarray, "count feature"]) -> float:
    """Return the mean kernel of pairs of two different rows."""
    kernel, count = _kernel(rows, rows), len(rows)
    return (kernel.sum() - np.trace(kernel)) / (count * (count - 1))


def _checked_rows(name: str, features: Float[Array | np.ndarray, "count feature"]) -> np.ndarray:
    """Return features in double precision, or raise `ValueError`."""
    rows = np.asarray(features, np.float64)
    if len(rows) < 2 or rows.shape[1] < 1:
        raise ValueError(
            f"{name} must have at least two rows and one column, got shape {rows.shape}; give more "
            "videos"
        )
    if not np.isfinite(rows).all():
        raise ValueError(
            f"{name} must be finite, got {np.count_nonzero(~np.isfinite(rows))} values that are "
            "not; leave out their rows"
        )
    return rows
