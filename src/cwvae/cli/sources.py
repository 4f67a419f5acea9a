"""The videos that a run is trained and tested on."""

from pathlib import Path

from cwvae.cli.runs import Settings
from cwvae.data.digits import load_digits
from cwvae.data.moving_mnist import MovingMNIST

__all__ = ["test_source", "train_source"]


def train_source(settings: Settings) -> MovingMNIST:
    """Return the training videos of a run; raise `ValueError` when they do not fit the model."""
    return _source(settings, "train", settings.train.frames, settings.train.seed, 1_000_000)


def test_source(settings: Settings, *, frames: int, length: int, seed: int) -> MovingMNIST:
    """Return `length` test videos of `frames` frames, made of digits that training never sees."""
    return _source(settings, "test", frames, seed, length)


def _source(settings: Settings, split, frames: int, seed: int, length: int) -> MovingMNIST:
    if settings.model.channels != 1:
        raise ValueError(
            f"Moving MNIST has 1 channel, the model has {settings.model.channels}; use --channels 1"
        )
    digits = settings.data.digits
    return MovingMNIST(
        split=split,
        frames=frames,
        digits=load_digits(None if digits is None else Path(digits)),
        seed=seed,
        num_digits=settings.data.num_digits,
        size=settings.model.size,
        length=length,
    )
