"""What every measure is."""

import abc
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from jaxtyping import Float

from cwvae.evaluation.bootstrap import estimate
from cwvae.measures.shown import Shown

__all__ = ["AbstractMeasure", "interval"]


class AbstractMeasure(abc.ABC):
    """Something that is measured on test videos, one after the other.

    Of each video little is kept, so that any number of them fits into memory.
    """

    @property
    @abc.abstractmethod
    def protocol(self) -> Mapping[str, str]:
        """A sentence on how each of its numbers is computed, by their names."""

    @abc.abstractmethod
    def observe(self, shown: Shown) -> Any:
        """Return what is kept of one video."""

    @abc.abstractmethod
    def report(self, observed: Sequence[Any]) -> dict[str, Any]:
        """Return what all videos come to, as sections of `metrics.json`."""


def interval(values: Float[np.ndarray, " videos"]) -> list[float]:
    """Return the 95 % bootstrap interval of a mean over videos."""
    found = estimate(values.astype(float)[:, np.newaxis, np.newaxis])
    return [float(found.low[0]), float(found.high[0])]
