"""Linear readouts: what can be read from the states of a level by a weighted sum.

A readout is fitted on four fifths of the videos and scored on the others, five times, so that every
video is scored once. Beside the score stands that of readouts of truths that were shuffled among
the videos: what no knowledge is worth. The strength of the penalty on the weights is chosen on a
part of the videos fitted.
"""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int
from scipy.optimize import minimize
from scipy.special import logsumexp, softmax

from cwvae.shapes import checked

__all__ = ["Readout", "read_classes", "read_values"]

_PENALTIES = (1e-3, 1e-2, 1e-1, 1.0, 10.0)  # per video, of standardised features
_FOLDS = 5

_Features = Float[np.ndarray, "videos features"]
_Fit = Callable[[np.ndarray, np.ndarray, float], Callable[[np.ndarray], np.ndarray]]
_Score = Callable[[np.ndarray, np.ndarray], float]
_Best = Callable[[list[float]], np.intp]  # the place of the best score


class Readout(NamedTuple):
    """How well something can be read.

    **Arguments:** `score`, of classes the share of videos that is right, of values the mean
    distance from the truth; `shuffled`, that of readouts of shuffled truths; `videos` scored.
    """

    score: float
    shuffled: float
    videos: int


@checked
def read_classes(
    features: _Features, labels: Int[np.ndarray, " videos"], *, seed: int = 0
) -> Readout:
    """Read a class: multinomial logistic regression; the score is the share of videos right.

    **Arguments:** `features`, those of a level's state, a row a video; `labels`, any whole numbers;
    `seed` of the split. Raises `ValueError` for fewer than ten videos.
    """
    names, classes = np.unique(labels, return_inverse=True)
    fit = partial(_fit_classes, count=len(names))
    return _readout(features, classes, fit, _share, np.argmax, seed)


@checked
def read_values(
    features: _Features, values: Float[np.ndarray, "videos values"], *, seed: int = 0
) -> Readout:
    """Read a vector of numbers: ridge regression; the score is the mean distance from the truth.

    **Arguments:** `features` and `seed`, those of `read_classes`; `values`, a vector a video, such
    as a position in pixels, whose units the score has. Raises `ValueError` for fewer than ten
    videos.
    """
    return _readout(features, values, _fit_values, _distance, np.argmin, seed)


def _share(found: np.ndarray, true: np.ndarray) -> float:
    """Return the share of classes that are right."""
    return float(np.mean(found == true))


def _distance(found: np.ndarray, true: np.ndarray) -> float:
    """Return the mean distance of vectors from the true ones."""
    return float(np.linalg.norm(found - true, axis=1).mean())


def _readout(
    features: np.ndarray, truth: np.ndarray, fit: _Fit, score: _Score, best: _Best, seed: int
) -> Readout:
    """Fit to the truth, and to the truth shuffled; score both, each video once."""
    if len(features) < 10:
        raise ValueError(f"a readout must have at least 10 videos, got {len(features)}; take more")
    for name, values in (("features", features), ("what is to be read", truth)):
        if not np.isfinite(values).all():
            raise ValueError(f"{name} must be finite, got NaN or infinity")
    generator = np.random.default_rng(seed)
    order, shuffled = generator.permutation(len(truth)), generator.permutation(truth)
    scores = []
    for target in (truth, shuffled):
        found = np.empty(truth.shape)
        for fold in range(_FOLDS):
            fitted, left = _split(order, fold)
            penalty = _penalty(features, target, fitted, fit, score, best)
            found[left] = _standardised(features, target, fitted, fit, penalty)(features[left])
        scores.append(score(found, target))
    return Readout(scores[0], scores[1], len(truth))


def _split(order: Int[np.ndarray, " videos"], fold: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the videos to fit, and the fifth of them that is left."""
    left = np.arange(len(order)) % _FOLDS == fold
    return order[~left], order[left]


def _penalty(
    features: np.ndarray,
    truth: np.ndarray,
    fitted: np.ndarray,
    fit: _Fit,
    score: _Score,
    best: _Best,
) -> float:
    """Return the penalty with which a fifth of the fitted videos is read best from the others."""
    inner, outer = _split(fitted, 0)
    reads = [_standardised(features, truth, inner, fit, penalty) for penalty in _PENALTIES]
    # Of equals the strongest.
    found = [score(read(features[outer]), truth[outer]) for read in reads][::-1]
    return _PENALTIES[::-1][int(best(found))]


def _standardised(
    features: np.ndarray, truth: np.ndarray, fitted: np.ndarray, fit: _Fit, penalty: float
) -> Callable[[np.ndarray], np.ndarray]:
    """Fit to features of mean 0 and deviation 1, with a constant one last; return the readout."""
    mean, deviation = features[fitted].mean(0), features[fitted].std(0)
    # A feature that never changes, but for rounding, holds nothing.
    changes = deviation > 1e-6 * np.abs(features[fitted]).max(0)

    def prepare(rows: np.ndarray) -> np.ndarray:
        scaled = (rows - mean) / np.where(changes, deviation, np.inf)
        return np.concatenate([scaled, np.ones((len(rows), 1))], 1)

    read = fit(prepare(features[fitted]), truth[fitted], penalty)
    return lambda rows: read(prepare(rows))


def _fit_values(
    rows: np.ndarray, values: np.ndarray, penalty: float
) -> Callable[[np.ndarray], np.ndarray]:
    """Return ridge regression's prediction; the constant has no penalty."""
    penalties = np.diag([penalty * len(rows)] * (rows.shape[1] - 1) + [0.0])
    weights = np.linalg.solve(rows.T @ rows + penalties, rows.T @ values)
    return lambda other: other @ weights


def _fit_classes(
    rows: np.ndarray, classes: np.ndarray, penalty: float, *, count: int
) -> Callable[[np.ndarray], np.ndarray]:
    """Return the most probable class of multinomial logistic regression."""
    shape, truth = (rows.shape[1], count), np.eye(count)[classes]

    def loss(flat: np.ndarray) -> tuple[float, np.ndarray]:
        weights = flat.reshape(shape)
        scores, small = rows @ weights, weights * (np.arange(shape[0]) < shape[0] - 1)[:, None]
        value = np.mean(logsumexp(scores, axis=1) - (scores * truth).sum(1))
        slope = rows.T @ (softmax(scores, axis=1) - truth) / len(rows) + penalty * small
        return float(value + penalty / 2 * np.sum(small**2)), slope.ravel()

    found = minimize(loss, np.zeros(shape).ravel(), jac=True, method="L-BFGS-B").x.reshape(shape)
    return lambda other: np.argmax(other @ found, axis=1)
