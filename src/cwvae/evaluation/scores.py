"""How good forecasts are, frame by frame against the truth, and the best of several samples."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from cwvae.evaluation.frame_metrics import FRAME_METRICS
from cwvae.shapes import Frame, Video, checked

__all__ = ["BEST", "MEAN", "OFFICIAL", "Scores", "best_of", "middle", "over_frames", "score"]

Scores = dict[str, Float[Array | np.ndarray, "*samples frames"]]
"""A value of every metric, by its name in `FRAME_METRICS`, for each predicted frame."""

BEST = "model, best"
"""The row of the best sample of each video, by each metric on its own."""

MEAN = "model, mean"
"""The row of all samples."""

OFFICIAL = ("ssim", "psnr", "ssim_official")
"""What the official evaluation has, and SSIM with the range that frames have."""


@checked
def score(
    prediction: Video,
    truth: Video,
    *,
    metrics: Sequence[str] = OFFICIAL,
    before: Frame | None = None,
) -> Scores:
    """Return some metrics of every frame.

    **Arguments:** `prediction` and `truth`, both (horizon, height, width, channels), values of the
    truth in [0, 1]; `metrics`, names in `FRAME_METRICS`, whose `protocol` has how each is
    computed; `before`, the last frame of the context, from which the first change of "motion" is.

    Raises `ValueError` for an unknown metric, "motion" without `before`, and frames that a metric
    cannot compare; `MissingExtraError` for LPIPS without the extra `metrics`.
    """
    for name in metrics:
        if name not in FRAME_METRICS:
            raise ValueError(
                f"metrics must be among {', '.join(FRAME_METRICS)}, got {name!r}; use these"
            )
        if FRAME_METRICS[name].from_before and before is None:
            raise ValueError(
                f"{name} must have the frame before the first one, got none; give before=, the "
                "last frame of the context"
            )
    traced = tuple(name for name in metrics if FRAME_METRICS[name].traced)
    found = _traced(traced, jnp.asarray(prediction), jnp.asarray(truth), before)
    return {
        name: found[name] if name in found else FRAME_METRICS[name].of(prediction, truth)
        for name in metrics
    }


@partial(jax.jit, static_argnums=0)
def _traced(
    names: tuple[str, ...],
    prediction: Video,
    truth: Video,
    before: Frame | None,
) -> Scores:
    """Return the metrics that can be traced, compiled once for all."""
    found = {}
    for name in names:
        videos = prediction, truth
        if FRAME_METRICS[name].from_before:
            first = jnp.asarray(before)[jnp.newaxis]
            videos = tuple(jnp.concatenate([first, video]) for video in videos)
        found[name] = FRAME_METRICS[name].of(*videos)
    return found


def best_of(scores: Mapping[str, Float[Array | np.ndarray, "samples frames"]]) -> Scores:
    """Return, for each metric on its own, the sample that is best over all frames.

    (samples, horizon) to (horizon,), as the official eval.py does: the largest mean, of LPIPS the
    least, of ratios the median nearest to 1.

    **Arguments:** `scores` of all samples. Raises `ValueError` for those of a single one.
    """
    for name, values in scores.items():
        if values.ndim != 2:
            raise ValueError(
                f"expected scores with axes (samples, horizon), got shape {values.shape} of "
                f"{name}; stack the scores of all samples"
            )
    return {name: values[_best(name, np.asarray(values))] for name, values in scores.items()}


def over_frames(
    name: str, values: Float[np.ndarray, "*videos frames"]
) -> Float[np.ndarray, "*videos"]:
    """Return what a metric has over all frames of a video: the mean, of ratios the median."""
    middle = np.median if FRAME_METRICS[name].better == "near 1" else np.mean
    return middle(values, axis=-1)


def middle(known: Mapping[str, Any]) -> Any:
    """Return the mean, or of ratios the median, from what `metrics.json` has of a metric."""
    return known["mean"] if "mean" in known else known["median"]


def _best(name: str, values: Float[np.ndarray, "samples frames"]) -> int:
    """Return the number of the best sample."""
    found = over_frames(name, values)
    match FRAME_METRICS[name].better:
        case "more":
            return int(np.argmax(found))
        case "less":
            return int(np.argmin(found))
        case "near 1":
            # Half as sharp is as far from right as twice.
            return int(np.argmin(np.abs(np.log(found))))
