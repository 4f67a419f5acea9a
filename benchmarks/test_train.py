"""The training step, as the command line takes it: T = 100 frames."""

import dataclasses

import cases
import pytest
from sets import full, quick

from cwvae import PRESETS

FRAMES = 100
PRECISIONS = ("float32", "bfloat16")
CASES = [
    quick("debug", 2, "float32"),
    ("moving_mnist", 1, "float32"),
    ("moving_mnist", 8, "float32"),
    ("moving_mnist", 8, "bfloat16"),
    ("minerl", 1, "float32"),
    ("minerl", 8, "float32"),
    full("moving_mnist", 1, "bfloat16"),
    *(full("minerl", batch, "bfloat16") for batch in (1, 8)),
    *(full(name, 50, p) for name in ("moving_mnist", "minerl") for p in PRECISIONS),
]


@pytest.mark.parametrize("preset", ["moving_mnist"])
def test_long(measure, preset):
    """A training step on 8 videos of 1000 frames, and whether it fits."""
    train = dataclasses.replace(PRESETS[preset].train, batch_size=8, frames=1000)
    measure(cases.training(PRESETS[preset].model, train))


@pytest.mark.parametrize(("preset", "batch", "precision"), CASES)
def test_train(measure, preset, batch, precision):
    """Loss, gradients and the optimiser's update of a batch of videos."""
    chosen = PRESETS[preset]
    frames = chosen.train.frames if preset == "debug" else FRAMES
    train = dataclasses.replace(
        chosen.train, batch_size=batch, frames=frames, compute_dtype=precision
    )
    measure(cases.training(chosen.model, train))
