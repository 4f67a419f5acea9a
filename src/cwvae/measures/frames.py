"""Metrics of every frame: against the frame, and over all frames with their spread over videos."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from jaxtyping import Float

from cwvae.evaluation.bootstrap import median_interval
from cwvae.evaluation.frame_metrics import FRAME_METRICS
from cwvae.evaluation.scores import BEST, MEAN, Scores, best_of, over_frames, score
from cwvae.measures.measure import AbstractMeasure, interval
from cwvae.measures.shown import RANDOM_FRAME, Shown

__all__ = ["FrameScores"]

_Of = Float[np.ndarray, "videos horizon"]


class FrameScores(AbstractMeasure):
    """Some metrics of every predicted frame, of the model and of forecasts that need none.

    Sections: `summary` and `curves`, by row and metric. Of ratios it has medians, of others means.

    **Arguments:** `metrics`, names in `FRAME_METRICS`.
    """

    def __init__(self, metrics: Sequence[str]):
        """Take the names."""
        self.metrics = tuple(metrics)

    @property
    def protocol(self) -> Mapping[str, str]:
        """How each metric is computed."""
        return {name: FRAME_METRICS[name].protocol for name in self.metrics}

    def observe(self, shown: Shown) -> dict[str, Scores]:
        """Return the scores of every row."""
        samples = [self._score(future, shown) for future in shown.futures]
        all_samples = {
            name: np.stack([scores[name] for scores in samples]) for name in self.metrics
        }
        rivals = shown.rivals | {RANDOM_FRAME: shown.random_frames}
        return {
            BEST: best_of(all_samples),
            MEAN: {name: values.mean(0) for name, values in all_samples.items()},
            **{name: self._score(future, shown) for name, future in rivals.items()},
        }

    def report(self, observed: Sequence[dict[str, Scores]]) -> dict[str, Any]:
        """Return the summary and the curves."""
        rows = {
            row: {metric: np.stack([o[row][metric] for o in observed]) for metric in self.metrics}
            for row in observed[0]
        }
        return {
            "summary": {
                row: {metric: _summary(metric, values) for metric, values in metrics.items()}
                for row, metrics in rows.items()
            },
            "curves": {
                row: {metric: _curve(metric, values) for metric, values in metrics.items()}
                for row, metrics in rows.items()
            },
        }

    def _score(self, future: np.ndarray, shown: Shown) -> Scores:
        """Return the scores of one forecast."""
        found = score(future, shown.truth, metrics=self.metrics, before=shown.seen[-1])
        return {name: np.asarray(values) for name, values in found.items()}


def _summary(metric: str, values: _Of) -> dict[str, Any]:
    """Return what a metric has over all frames, and how far that spreads over videos."""
    by_video = over_frames(metric, values)
    if FRAME_METRICS[metric].better == "near 1":
        return {"median": float(np.median(by_video)), "interval": median_interval(by_video)}
    return {
        "mean": float(by_video.mean()),
        "std": float(by_video.std()),
        "interval": interval(by_video),
    }


def _curve(metric: str, values: _Of) -> dict[str, list[float]]:
    """Return what a metric has over all videos at every frame, and how far it spreads."""
    if FRAME_METRICS[metric].better == "near 1":
        low, middle, high = np.percentile(values, (25, 50, 75), axis=0)
        return {"median": middle.tolist(), "low": low.tolist(), "high": high.tolist()}
    return {"mean": values.mean(0).tolist(), "std": values.std(0).tolist()}
