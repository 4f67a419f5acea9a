"""The distances between forecasts and truth as sets of short videos, and the protocol of each."""

import dataclasses
from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np

from cwvae.evaluation.distances import frechet_distance, kernel_distance

__all__ = ["DISTANCES", "DistanceKind"]


@dataclasses.dataclass(frozen=True, kw_only=True)
class DistanceKind:
    """A distance between sets of windows.

    **Arguments:** `label` in tables; `protocol`, a sentence; `network`, "i3d" or "reader", whose
    features are compared; `of`, the distance of two sets of features.
    """

    label: str
    protocol: str
    network: str
    of: Callable[[np.ndarray, np.ndarray], float]


_WINDOWS = "windows of 16 frames, clipped to [0, 1]"
_SETS = "every sample of the videos is a set of its own; least is best"
_READ = "the last hidden layer of the digit reader"
DISTANCES: Mapping[str, DistanceKind] = MappingProxyType(
    {
        "fvd": DistanceKind(
            label="FVD",
            protocol=(
                f"Frechet distance of I3D's 400 logits of {_WINDOWS}, resized to 224 x 224 as "
                f"TensorFlow 1 did it; {_SETS}"
            ),
            network="i3d",
            of=frechet_distance,
        ),
        "fdd": DistanceKind(
            label="FDD",
            protocol=f"Frechet distance of {_READ} over {_WINDOWS}; {_SETS}",
            network="reader",
            of=frechet_distance,
        ),
        "kdd": DistanceKind(
            label="KDD",
            protocol=f"kernel distance of {_READ} over {_WINDOWS}; {_SETS}",
            network="reader",
            of=kernel_distance,
        ),
    }
)
"""The distances by their names."""
