"""Means, medians and distances over videos, and how far they would move with other videos."""

from collections.abc import Callable

import equinox as eqx
import numpy as np
from jaxtyping import Bool, Float

from cwvae.arguments import whole_number

__all__ = ["Estimate", "distance_interval", "estimate", "median_interval"]

_DRAWS = 2000
_DISTANCE_DRAWS = 100  # a distance takes much longer than a mean
_INSIDE = (2.5, 97.5)


class Estimate(eqx.Module):
    """A mean over videos, `mean`, and its 95 % interval, from `low` to `high`, at every time."""

    mean: Float[np.ndarray, " times"]
    low: Float[np.ndarray, " times"]
    high: Float[np.ndarray, " times"]


def estimate(
    values: Float[np.ndarray, "videos samples times"] | Bool[np.ndarray, "videos samples times"],
    *,
    seed: int = 0,
) -> Estimate:
    """Average over samples, then over videos, with bootstrap intervals over the videos.

    Percentiles of the means of 2,000 sets of as many videos, drawn with replacement (Efron 1979).
    The samples of a video are no videos of their own: they share its digits.

    **Arguments:** `values`, finite; `seed` of the sets that are drawn, at least 0.

    Raises `ValueError` for values without a video or a sample, and for another seed.
    """
    whole_number("seed", seed, least=0)
    if values.ndim != 3 or 0 in values.shape[:2]:
        raise ValueError(
            "values must have axes (videos, samples, times) with at least one video and sample, "
            f"got shape {values.shape}; measure more"
        )
    by_video = values.mean(1)
    videos = len(by_video)
    drawn = np.random.default_rng(seed).multinomial(videos, np.full(videos, 1 / videos), _DRAWS)
    low, high = np.percentile(drawn @ by_video / videos, _INSIDE, axis=0)
    return Estimate(mean=by_video.mean(0), low=low, high=high)


def median_interval(values: Float[np.ndarray, " videos"], *, seed: int = 0) -> list[float]:
    """Return the 95 % interval of a median over videos: percentiles of those of drawn sets.

    **Arguments:** `values` of one video or more; `seed` of the 2,000 sets that are drawn.
    """
    rows = np.random.default_rng(seed).integers(len(values), size=(_DRAWS, len(values)))
    return np.percentile(np.median(values[rows], axis=1), _INSIDE).tolist()


def distance_interval(
    distance: Callable[[np.ndarray, np.ndarray], float],
    features: Float[np.ndarray, "videos feature"],
    others: Float[np.ndarray, "videos feature"],
    *,
    seed: int = 0,
) -> list[float]:
    """Return the 95 % interval of a distance between two sets of as many videos.

    Percentiles of the distances of 100 sets of pairs of rows, drawn with replacement. With rows
    that come twice the distances of `evaluation.distances` come out larger than without, by about
    the same in every set, so that the percentiles are moved by as much as their mean is too large.

    **Arguments:** `distance`, of two sets; `features` and `others`, whose rows belong together in
    pairs, such as forecasts and truth of one video; `seed` of the sets that are drawn.
    """
    drawn = np.random.default_rng(seed).integers(
        len(features), size=(_DISTANCE_DRAWS, len(features))
    )
    found = np.array([distance(features[rows], others[rows]) for rows in drawn])
    moved = found - found.mean() + distance(features, others)
    return np.percentile(moved, _INSIDE).tolist()
