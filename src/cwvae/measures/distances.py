"""Distances between the forecasts and the truth as sets of short videos: FVD, FDD and KDD."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from jaxtyping import Float

from cwvae.evaluation.bootstrap import distance_interval
from cwvae.evaluation.digit_distances import reader_features
from cwvae.evaluation.distance_kinds import DISTANCES, DistanceKind
from cwvae.evaluation.perceptual import video_features
from cwvae.evaluation.scores import BEST, MEAN
from cwvae.measures.kept_features import KeptFeatures
from cwvae.measures.measure import AbstractMeasure
from cwvae.measures.shown import Shown
from cwvae.measures.windows import cut, first_and_last, model_and_rivals

__all__ = ["Distances"]

_TRUTH = "truth"
# The model has its samples, every other row one; networks differ in the number of features.
_Features = dict[str, Float[np.ndarray, "_ windows _"]]


class Distances(AbstractMeasure):
    """Some distances of windows along the forecast; section `distances`.

    Beside the model stand copies, and training videos: their distance is what independent true
    videos come to. Forecasts that show the same as the truth can be nearer.

    **Arguments:** `names` in `DISTANCES`; `context` and `horizon` frames; `num_digits` for the
    reader; `kept`, the I3D features of earlier evaluations of what needs no model.
    """

    def __init__(
        self,
        names: Sequence[str],
        *,
        context: int,
        horizon: int,
        num_digits: int,
        kept: KeptFeatures,
    ):
        """Take the names and numbers."""
        self.names, self.num_digits, self.kept = tuple(names), num_digits, kept
        self.context, self.windows = context, first_and_last(context, horizon)
        self.networks = {DISTANCES[name].network for name in names}

    @property
    def protocol(self) -> Mapping[str, str]:
        """How each distance is computed."""
        return {name: DISTANCES[name].protocol for name in self.names}

    def observe(self, shown: Shown) -> dict[str, _Features]:
        """Return the features of all rows by each network."""
        rows = {_TRUTH: shown.truth[np.newaxis]} | model_and_rivals(shown)
        return {network: self._features(network, rows, shown.number) for network in self.networks}

    def report(self, observed: Sequence[dict[str, _Features]]) -> dict[str, Any]:
        """Return every distance at every window, a list of a row's values."""
        self.kept.save()
        sets = {
            network: {
                row: np.stack([of_video[network][row] for of_video in observed])
                for row in observed[0][network]
            }
            for network in self.networks
        }
        rows: dict[str, dict[str, Any]] = {}
        for name in self.names:
            found = _rows(DISTANCES[name], sets[DISTANCES[name].network])
            for row, values in found.items():
                rows.setdefault(row, {})[name] = values
        return {"distances": {"windows": self.windows, "videos": len(observed), "rows": rows}}

    def _features(self, network: str, rows: Mapping[str, np.ndarray], number: int) -> _Features:
        """Return the features of rows of samples, those that are kept from where they are."""
        known = self.kept.of(number) if network == "i3d" else {}
        missing = {row: videos for row, videos in rows.items() if row not in known}
        windows = np.concatenate([cut(videos, self.context) for videos in missing.values()])
        found = self._computed(network, windows)
        shaped = found.reshape(-1, len(self.windows), found.shape[1])
        ends = np.cumsum([len(videos) for videos in missing.values()])[:-1]
        made = dict(zip(missing, np.split(shaped, ends), strict=True))
        if network == "i3d":
            self.kept.add(number, {row: made[row] for row in made if row != "model"})
        return made | known

    def _computed(
        self, network: str, windows: Float[np.ndarray, "windows 16 height width channels"]
    ) -> Float[np.ndarray, "windows feature"]:
        """Return the features of windows."""
        if network == "i3d":
            return video_features(windows)
        return reader_features(windows, self.num_digits)


def _rows(kind: DistanceKind, sets: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """Return a distance of every row from the truth, window by window."""
    truth = sets[_TRUTH][:, 0]
    found = {
        row: [_windows(kind, samples[:, n], truth) for n in range(samples.shape[1])]
        for row, samples in sets.items()
        if row != _TRUTH
    }
    model = found.pop("model")
    ends = {name: [of_sample[name] for of_sample in model] for name in model[0]}
    best = np.argmin(np.mean(ends["value"], axis=1))
    rows = {
        BEST: model[best],
        MEAN: {name: np.mean(values, axis=0).tolist() for name, values in ends.items()},
    }
    return rows | {row: samples[0] for row, samples in found.items()}


def _windows(
    kind: DistanceKind,
    features: Float[np.ndarray, "videos windows feature"],
    truth: Float[np.ndarray, "videos windows feature"],
) -> dict[str, list[float]]:
    """Return a distance at every window, with its interval."""
    pairs = [(features[:, n], truth[:, n]) for n in range(features.shape[1])]
    ends = [distance_interval(kind.of, *pair) for pair in pairs]
    return {
        "value": [kind.of(*pair) for pair in pairs],
        "low": [low for low, _ in ends],
        "high": [high for _, high in ends],
    }
