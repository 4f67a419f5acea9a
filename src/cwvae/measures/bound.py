"""The bound on the log-probability of a video, term by term."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from cwvae.measures.measure import AbstractMeasure, interval
from cwvae.measures.shown import Shown
from cwvae.video_model import Bounds

__all__ = ["Bound"]


class Bound(AbstractMeasure):
    """The evidence lower bound of videos as long as those of training; section `elbo`.

    There is no section for a model that knows no bound.

    **Arguments:** `frames` of a video.
    """

    def __init__(self, frames: int):
        """Take the number."""
        self.frames = frames

    @property
    def protocol(self) -> Mapping[str, str]:
        """What the nats are of."""
        frames = f"the first {self.frames} frames of a test video, one sample of the posterior"
        return {"elbo": f"nats of {frames}"}

    def observe(self, shown: Shown) -> Bounds:
        """Return the bound of one video."""
        return shown.bounds

    def report(self, observed: Sequence[Bounds]) -> dict[str, Any]:
        """Return the terms of the bound in nats per video."""
        log_likelihood = np.array([float(bounds.log_likelihood.sum()) for bounds in observed])
        if not np.isfinite(log_likelihood).all():
            return {}
        nats = np.stack([bounds.kl for bounds in observed])
        values = log_likelihood - nats.sum(1)
        return {
            "elbo": {
                "frames": self.frames,
                "log_likelihood": float(log_likelihood.mean()),
                "kl_per_level": nats.mean(0).tolist(),
                "kl_intervals": [interval(level) for level in nats.T],
                "value": float(values.mean()),
                "interval": interval(values),
            }
        }
