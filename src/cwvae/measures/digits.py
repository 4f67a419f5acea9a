"""The identity of digits drawn on the fly, and their places: section `identity`."""

from collections.abc import Mapping, Sequence
from typing import Any

import jax.numpy as jnp

from cwvae.data.moving_mnist import MovingMNIST
from cwvae.data.sources import Source
from cwvae.evaluation.identity import as_json, summarise
from cwvae.evaluation.reader import SIZES, load_reader
from cwvae.evaluation.video_reading import WINDOW, VideoReading, read_video
from cwvae.measures.measure import AbstractMeasure
from cwvae.measures.shown import Shown

__all__ = ["Digits", "unread"]


def unread(source: Source, horizon: int) -> str:
    """Return why the digits of a data set are not read, nothing where they are."""
    if not isinstance(source, MovingMNIST):
        return "identity: only digits drawn on the fly can be read (--data moving_mnist)"
    if source.size not in SIZES or source.num_digits > 2:
        return (
            "identity: read are one or two digits in frames of 32 or 64 pixels, here are "
            f"{source.num_digits} in frames of {source.size}"
        )
    if horizon < WINDOW:
        return f"identity: read are forecasts of {WINDOW} frames or more, here are {horizon}"
    return ""


class Digits(AbstractMeasure):
    """Whether digits are still the same and in their places, by `cwvae.evaluation.identity`.

    **Arguments:** `context` frames; `size` of a frame in pixels; `seed` of the bootstrap.
    """

    def __init__(self, *, context: int, size: int, seed: int):
        """Take the numbers."""
        self.context, self.size, self.seed = context, size, seed

    @property
    def protocol(self) -> Mapping[str, str]:
        """How digits are read."""
        return {
            "identity": (
                f"windows of {WINDOW} frames, clipped to [0, 1], all samples count alike; what is "
                "not legible is wrong"
            )
        }

    def observe(self, shown: Shown) -> VideoReading:
        """Return what the reader sees in one video."""
        return read_video(
            load_reader(self.size),
            shown.futures,
            shown.video,
            shown.item["labels"],
            shown.item["positions"],
            reconstruction=jnp.asarray(shown.rebuilt),
        )

    def report(self, observed: Sequence[VideoReading]) -> dict[str, Any]:
        """Return the identity of all."""
        found = summarise(observed, context=self.context, size=self.size, seed=self.seed)
        return {"identity": as_json(found)}
