"""How time and memory grow with the horizon, the batch, the levels and the factor."""

import dataclasses

import cases
import pytest
from sets import full, quick

from cwvae import PRESETS

HORIZONS = (125, 250, 500, 1000, 2000, 4000, 8000)
BATCHES = (1, 2, 4, 8)
FRAMES = 100
FACTORS = (1, 2, 4, 6, 8)


def growing(case, quantity, against, x):
    """Say in a case's parameters what grows against what."""
    said = {"quantity": quantity, "against": against, "x": x}
    return dataclasses.replace(case, parameters=said | dict(case.parameters))


@pytest.mark.parametrize(
    ("preset", "horizon"),
    [("moving_mnist", horizon) for horizon in HORIZONS],
)
def test_latents(measure, preset, horizon):
    """A forecast without its frames, against its horizon."""
    chosen = PRESETS[preset]
    case = cases.latents(chosen.model, 1, chosen.context, horizon)
    measure(growing(case, "latents", "horizon", horizon))


@pytest.mark.parametrize(
    ("preset", "horizon"),
    [
        quick("debug", 4),
        *(("moving_mnist", horizon) for horizon in HORIZONS),
    ],
)
def test_decoded(measure, preset, horizon):
    """A forecast with its frames, against its horizon."""
    chosen = PRESETS[preset]
    case = cases.decoded(chosen.model, 1, chosen.context, horizon)
    measure(growing(case, "decoded forecast", "horizon", horizon))


@pytest.mark.parametrize(
    ("preset", "batch"),
    [
        *(("demo", batch) for batch in BATCHES),
        *(full("moving_mnist", batch) for batch in BATCHES),
    ],
)
def test_batch(measure, preset, batch):
    """A training step, against the number of its videos."""
    chosen = PRESETS[preset]
    train = dataclasses.replace(chosen.train, batch_size=batch, frames=FRAMES)
    measure(growing(cases.training(chosen.model, train), "training step", "batch", batch))


@pytest.mark.parametrize(
    ("preset", "levels"),
    [
        quick("debug", 2),
        *(("moving_mnist", levels) for levels in (1, 2, 3, 4, 5)),
    ],
)
def test_levels(measure, preset, levels):
    """Inference by all levels, against their number."""
    config = dataclasses.replace(PRESETS[preset].model, levels=levels)
    measure(growing(cases.inferred(config, FRAMES), "inference", "levels", levels))


@pytest.mark.parametrize(
    ("preset", "factor"),
    [
        quick("debug", 2),
        *(("moving_mnist", factor) for factor in FACTORS),
    ],
)
def test_factor(measure, preset, factor):
    """Inference by all levels, against the temporal abstraction factor: fewer ticks."""
    config = dataclasses.replace(PRESETS[preset].model, factors=factor)
    measure(growing(cases.inferred(config, FRAMES), "inference", "factor", factor))
