"""The nats of every level at several speeds of the video, and the cost of other clocks."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import jax
import numpy as np

from cwvae.analysis.clocks import forecast_costs
from cwvae.analysis.speed import nats_at_speeds
from cwvae.data.clips import Clips
from cwvae.data.frame_bytes import from_bytes
from cwvae.data.sources import Source, test_source
from cwvae.model import CWVAE
from cwvae.training.settings import Settings

__all__ = ["clock_report", "speed_report"]

_SPEEDS = (0.25, 0.5, 1.0, 2.0, 4.0)  # times that of the run
_FACTORS = (1, 2, 4, 6, 8)
_FRAMES = 1000  # of the forecast on other clocks
_MOST = 100  # videos of each speed


def speed_report(
    model: CWVAE, settings: Settings, context: int, videos: int, seed: int
) -> dict[str, Any]:
    """Return each level's nats at speeds of a quarter to four times that of the run.

    Speeds at which the test videos are too short, or that frames cannot have, are left out, with
    the reason.
    """
    found, missing = {}, {}
    for speed in _SPEEDS:
        try:
            found[speed] = _videos(settings, speed, context, min(videos, _MOST), seed)
        except ValueError as error:
            missing[str(speed)] = str(error)
    report: dict[str, Any] = {"left_out": missing}
    if len(found) < 2:
        return report
    nats = nats_at_speeds(model, found, key=jax.random.key(seed))
    return report | {
        "speeds": nats.speeds.tolist(),
        "nats": nats.nats.tolist(),
        "shares": nats.shares.tolist(),
        # JSON has no NaN.
        "correlations": [None if np.isnan(c) else float(c) for c in nats.correlations],
        "videos": min(len(part) for part in found.values()),
    }


def _videos(settings: Settings, speed: float, context: int, videos: int, seed: int) -> np.ndarray:
    """Return the contexts of test videos at so many times the speed of the run."""
    data = dataclasses.replace(settings.data, speed=settings.data.speed * speed)
    changed = dataclasses.replace(settings, data=data)
    source = test_source(changed, frames=context, length=videos, seed=seed)
    items = (source[n]["video"] for n in _chosen(source)[:videos])
    return np.stack([from_bytes(item) for item in items])


def _chosen(source: Source) -> Sequence[int]:
    """Return the first clip of each file, so that at every speed videos are of the same files."""
    if not isinstance(source, Clips):
        return range(len(source))
    firsts: dict[int, int] = {}
    for clip in range(len(source)):
        firsts.setdefault(source.origin(clip).recording, clip)
    return list(firsts.values())


def clock_report(model: CWVAE, seed: int) -> list[dict[str, Any]]:
    """Return what imagining 1000 frames costs these levels, by their factor."""
    costs = forecast_costs(model, _FACTORS, horizon=_FRAMES, key=jax.random.key(seed))
    return [
        {
            "factor": factor,
            "frames": _FRAMES,
            "parameters": cost.parameters,
            "ticks": list(cost.ticks),
            "seconds": cost.seconds,
        }
        for factor, cost in costs.items()
    ]
