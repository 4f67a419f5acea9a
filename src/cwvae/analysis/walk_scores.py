"""How often one classing of walks agrees with another, such as forecasts with the truth."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Int

from cwvae.analysis.room_sequence import SEQUENCES
from cwvae.shapes import checked

__all__ = ["WalkScores", "score_walks"]


class WalkScores(NamedTuple):
    """Agreement of found classes with true ones.

    - `accuracy`: the share of walks whose class is the true one;
    - `balanced`: the mean over the true classes that occur of the share of theirs that is right,
      which of three classes is 1/3 for always the same answer, however unequal they are;
    - `shares`: of each found class among all walks;
    - `counts`: a row for each true class, a column for each found one, in the order of `SEQUENCES`.
    """

    accuracy: float
    balanced: float
    shares: tuple[float, ...]
    counts: tuple[tuple[int, ...], ...]


@checked
def score_walks(true: Int[np.ndarray, " walks"], found: Int[np.ndarray, " walks"]) -> WalkScores:
    """Compare the classes of walks, places in `SEQUENCES`, with the true ones.

    Raises `ValueError` for no walks, or a class that there is not.
    """
    known = range(len(SEQUENCES))
    if len(true) == 0 or not np.isin(np.concatenate([true, found]), known).all():
        raise ValueError(
            f"walks must be at least one, of classes from 0 to {known[-1]}, got {len(true)} of "
            f"classes {sorted({*true.tolist(), *found.tolist()})}; take those of room_sequence"
        )
    counts = np.zeros((len(known), len(known)), int)
    np.add.at(counts, (true, found), 1)
    occur = counts.sum(1) > 0
    right = np.diag(counts)[occur] / counts.sum(1)[occur]
    return WalkScores(
        accuracy=float(np.mean(true == found)),
        balanced=float(right.mean()),
        shares=tuple((counts.sum(0) / len(true)).tolist()),
        counts=tuple(map(tuple, counts.tolist())),
    )
