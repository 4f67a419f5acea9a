"""Ridge and logistic regression with several strengths of the penalty on the weights at once."""

from collections.abc import Callable, Sequence

import numpy as np
from jaxtyping import Float, Int
from scipy.optimize import minimize

__all__ = ["Prediction", "logistic", "ridge"]

Prediction = Callable[[np.ndarray], np.ndarray]
"""From features, a row a video, to what is predicted, a row a video."""

_Rows = Float[np.ndarray, "videos features"]


def ridge(
    rows: _Rows, values: Float[np.ndarray, "videos values"], penalties: Sequence[float]
) -> list[Prediction]:
    """Fit ridge regression; return its prediction, (videos, values), for each penalty.

    **Arguments:** `rows`, features of mean 0; `values`, a vector a row; `penalties` on the squared
    weights, a row; the constant has none.
    """
    # Features have mean 0, so that the constant is the mean of the values.
    mean = values.mean(0)
    sizes, axes = np.linalg.eigh(rows.T @ rows)
    along = axes.T @ (rows.T @ (values - mean))

    def read(penalty: float) -> Prediction:
        weights = axes @ (along / (sizes[:, None] + penalty * len(rows)))
        return lambda other: other @ weights + mean

    return [read(penalty) for penalty in penalties]


def logistic(
    rows: _Rows, classes: Int[np.ndarray, " videos"], penalties: Sequence[float], *, count: int
) -> list[Prediction]:
    """Fit multinomial logistic regression; return the classes' scores for each penalty.

    Scores are logarithms of probabilities, but for a constant: (videos, count).

    **Arguments:** `rows`, features; `classes`, from 0; `penalties`, those of `ridge`, best from the
    strongest to the weakest; `count` of the classes.
    """
    rows = _with_constant(rows)
    shape, truth = (rows.shape[1], count), np.eye(count)[classes]

    def loss(flat: np.ndarray, penalty: float) -> tuple[float, np.ndarray]:
        weights = flat.reshape(shape)
        scores, small = rows @ weights, weights * (np.arange(shape[0]) < shape[0] - 1)[:, None]
        # Log-sum-exp and softmax at once: this is where the time goes.
        scores -= scores.max(1, keepdims=True)
        raised = np.exp(scores)
        total = raised.sum(1, keepdims=True)
        value = np.mean(np.log(total)[:, 0] - (scores * truth).sum(1))
        slope = rows.T @ (raised / total - truth) / len(rows) + penalty * small
        return float(value + penalty / 2 * np.sum(small**2)), slope.ravel()

    def read(weights: np.ndarray) -> Prediction:
        return lambda other: _with_constant(other) @ weights.reshape(shape)

    found, reads = np.zeros(shape).ravel(), []
    for penalty in penalties:
        # From where the stronger penalty ended it is a short way.
        found = minimize(loss, found, (penalty,), jac=True, method="L-BFGS-B").x
        reads.append(read(found))
    return reads


def _with_constant(rows: np.ndarray) -> np.ndarray:
    """Return rows with a constant feature last."""
    return np.concatenate([rows, np.ones((len(rows), 1))], 1)
