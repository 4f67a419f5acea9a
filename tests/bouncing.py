"""Test videos of digits, with what the reader of identity needs to know about them."""

import functools
from typing import NamedTuple

import numpy as np

from cwvae.data.digits import load_digits
from cwvae.data.moving_mnist import MovingMNIST

CONTEXT = 36


class Videos(NamedTuple):
    """Videos of test digits in [0, 1]."""

    frames: np.ndarray
    labels: np.ndarray
    positions: np.ndarray

    @property
    def after(self) -> np.ndarray:
        """The frames after the context, as the forecasts of one sample."""
        return self.frames[:, np.newaxis, CONTEXT:]


@functools.cache
def bouncing(videos: int, frames: int, *, size: int = 32, digits: int = 1, seed: int = 0) -> Videos:
    """Draw videos."""
    source = MovingMNIST(
        split="test",
        frames=frames,
        digits=load_digits(),
        seed=seed,
        num_digits=digits,
        size=size,
        length=videos,
    )
    items = [source[n] for n in range(videos)]
    return Videos(
        np.stack([item["video"] for item in items]).astype(np.float32) / 255,
        np.stack([item["labels"] for item in items]),
        np.stack([item["positions"] for item in items]),
    )
