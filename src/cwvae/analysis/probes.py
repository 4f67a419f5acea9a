"""Linear readouts: what can be read from the states of a level by a weighted sum.

A readout is fitted on four fifths of the videos and scored on the others, five times, so that every
video is scored once. Beside the score stands that of readouts of truths that were shuffled among
the videos: what no knowledge is worth. The strength of the penalty on the weights is chosen on a
part of the videos fitted, for classes by their log-probability: the share of few videos that is
right is much the same for all. Videos that belong together, such as clips of one file, are never on
both sides of a split: a readout that knows the file again would pass for one that reads the truth.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

from cwvae.analysis.regressions import Prediction, logistic, ridge
from cwvae.shapes import checked

__all__ = ["Readout", "enough", "read_classes", "read_values"]

_PENALTIES = (10.0, 1.0, 1e-1, 1e-2, 1e-3)  # per video, of standardised features
_FOLDS = 5
_FEWEST = 10

_Features = Float[np.ndarray, "videos features"]
_Groups = Int[np.ndarray, " videos"]
_Fit = Callable[[np.ndarray, np.ndarray, Sequence[float]], list[Prediction]]
_Score = Callable[[np.ndarray, np.ndarray], float]  # of what is found, and what is true


class _Task(NamedTuple):
    """How to fit with each of some penalties, and how what is found is judged."""

    fit: _Fit
    loss: _Score  # by which the penalty is chosen
    score: _Score


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
    features: _Features,
    labels: Int[np.ndarray, " videos"],
    *,
    groups: _Groups | None = None,
    seed: int = 0,
) -> Readout:
    """Read a class: multinomial logistic regression; the score is the share of videos right.

    **Arguments:** `features`, those of a level's state, a row a video; `labels`, any whole numbers;
    `groups`, the number of what each video belongs to, such as its file, None for each its own;
    `seed` of the split. Raises `ValueError` for fewer than ten videos or five groups, or features
    that are not finite.
    """
    names, classes = np.unique(labels, return_inverse=True)
    task = _Task(partial(logistic, count=len(names)), _surprise, _share)
    return _readout(features, classes, groups, task, seed)


@checked
def read_values(
    features: _Features,
    values: Float[np.ndarray, "videos values"],
    *,
    groups: _Groups | None = None,
    seed: int = 0,
) -> Readout:
    """Read a vector of numbers: ridge regression; the score is the mean distance from the truth.

    **Arguments:** `features`, `groups` and `seed`, those of `read_classes`; `values`, a vector a
    video, such as a position in pixels, whose units the score has. Raises `ValueError` as
    `read_classes` does, and for values that are not finite.
    """
    task = _Task(ridge, _distance, _distance)
    return _readout(features, values, groups, task, seed)


def enough(groups: _Groups) -> str:
    """Return why there are too few videos for a readout, nothing where there are enough.

    **Arguments:** `groups`, those of `read_classes`, a number a video.
    """
    if len(groups) < _FEWEST:
        return f"a readout must have at least {_FEWEST} videos, got {len(groups)}; take more"
    if (count := len(np.unique(groups))) < _FOLDS:
        return (
            f"a readout must have videos of at least {_FOLDS} files or groups, so that it is "
            f"scored on others than it is fitted to, got {count}; take more"
        )
    return ""


def _share(found: np.ndarray, true: np.ndarray) -> float:
    """Return the share of videos whose true class has the largest score."""
    return float(np.mean(found.argmax(1) == true))


def _surprise(found: np.ndarray, true: np.ndarray) -> float:
    """Return the mean negative log-probability of the true classes, from the scores of all."""
    found = found - found.max(1, keepdims=True)
    return float(np.mean(np.log(np.exp(found).sum(1)) - found[np.arange(len(true)), true]))


def _distance(found: np.ndarray, true: np.ndarray) -> float:
    """Return the mean distance of vectors from the true ones."""
    return float(np.linalg.norm(found - true, axis=1).mean())


def _readout(
    features: np.ndarray,
    truth: np.ndarray,
    groups: np.ndarray | None,
    task: _Task,
    seed: int,
) -> Readout:
    """Fit to the truth, and to the truth shuffled; score both, each video once."""
    groups = np.arange(len(truth)) if groups is None else groups
    if why := enough(groups):
        raise ValueError(why)
    for name, values in (("features", features), ("what is to be read", truth)):
        if not np.isfinite(values).all():
            raise ValueError(f"{name} must be finite, got NaN or infinity")
    generator = np.random.default_rng(seed)
    members = [np.flatnonzero(groups == group) for group in np.unique(groups)]
    order = generator.permutation(len(members))
    targets = (truth, truth[_shuffled(members, generator)])
    scores = []
    for target in targets:
        found, places = [], []
        for fold in range(_FOLDS):
            fitted, left = _split(order, fold)
            penalty = _penalty(features, target, members, fitted, task)
            into, others = _videos(members, fitted), _videos(members, left)
            read = _standardised(features, target, into, task.fit, [penalty])[0]
            found.append(read(features[others]))
            places.append(others)
        scores.append(task.score(np.concatenate(found), target[np.concatenate(places)]))
    return Readout(scores[0], scores[1], len(truth))


def _shuffled(members: list[np.ndarray], generator: np.random.Generator) -> np.ndarray:
    """Return, for each video, one of another group: what all of a group share stays shared."""
    found = np.empty(sum(map(len, members)), np.intp)
    for own, other in zip(members, generator.permutation(len(members)), strict=True):
        found[own] = np.resize(members[other], len(own))
    return found


def _split(order: np.ndarray, fold: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the groups to fit, and the fifth of them that is left."""
    left = np.arange(len(order)) % _FOLDS == fold
    return order[~left], order[left]


def _videos(members: list[np.ndarray], groups: np.ndarray) -> np.ndarray:
    """Return the videos of some groups."""
    return np.concatenate([members[group] for group in groups])


def _penalty(
    features: np.ndarray,
    truth: np.ndarray,
    members: list[np.ndarray],
    fitted: np.ndarray,
    task: _Task,
) -> float:
    """Return the penalty with which a fifth of the fitted videos is read best from the others."""
    inner, outer = (_videos(members, groups) for groups in _split(fitted, 0))
    reads = _standardised(features, truth, inner, task.fit, _PENALTIES)
    # Of equals the strongest, which comes first.
    return _PENALTIES[
        int(np.argmin([task.loss(read(features[outer]), truth[outer]) for read in reads]))
    ]


def _standardised(
    features: np.ndarray,
    truth: np.ndarray,
    fitted: np.ndarray,
    fit: _Fit,
    penalties: Sequence[float],
) -> list[Prediction]:
    """Fit to features of mean 0 and deviation 1; return the readout of each penalty."""
    mean, deviation = features[fitted].mean(0), features[fitted].std(0)
    # A feature that never changes, but for rounding, holds nothing.
    changes = deviation > 1e-6 * np.abs(features[fitted]).max(0)

    def prepare(rows: np.ndarray) -> np.ndarray:
        return (rows - mean) / np.where(changes, deviation, np.inf)

    def prepared(read: Prediction) -> Prediction:
        return lambda rows: read(prepare(rows))

    return [prepared(read) for read in fit(prepare(features[fitted]), truth[fitted], penalties)]
