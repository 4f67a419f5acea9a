"""Forecasts written while a run is training."""

from pathlib import Path

import jax.numpy as jnp
import jax.random as jr
import numpy as np

from cwvae.cli.compiled import forecasts
from cwvae.data.frame_bytes import from_bytes, to_bytes
from cwvae.data.sources import test_source
from cwvae.report.animation import enlarge, side_by_side, write_animation
from cwvae.training.settings import Settings
from cwvae.video_model import AbstractVideoModel

__all__ = ["Preview"]

_HORIZON = 100
_VIDEOS = 3


class Preview:
    """A few test videos, whose forecasts show how training goes; always the same."""

    def __init__(self, folder: Path, settings: Settings):
        """Draw the videos; GIFs go to `folder`."""
        self.folder, self.context = folder, settings.context
        self.horizon = min(_HORIZON, settings.horizon)
        frames = self.context + self.horizon
        source = test_source(settings, frames=frames, length=_VIDEOS, seed=settings.train.seed)
        self.videos = [source[index]["video"] for index in range(min(_VIDEOS, len(source)))]

    def write(self, model: AbstractVideoModel, step: int) -> Path:
        """Write truth (above) and context with forecast (below) of every video as one GIF."""
        pairs, contexts = [], np.stack([video[: self.context] for video in self.videos])
        keys = jnp.broadcast_to(jr.key(0), len(contexts))
        futures = forecasts(model, jnp.asarray(from_bytes(contexts)), self.horizon, keys)[:, 0]
        for video, future in zip(self.videos, futures, strict=True):
            shown = np.concatenate([video[: self.context], to_bytes(np.asarray(future))])
            pairs.append(np.concatenate([video, shown], axis=1))
        path = self.folder / f"step_{step:07d}.gif"
        write_animation(path, enlarge(side_by_side(pairs), 2))
        return path
