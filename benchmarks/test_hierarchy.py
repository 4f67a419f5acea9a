"""All levels of a hierarchy over a video: levels x factors x length."""

import dataclasses

import cases
import pytest
from sets import quick

from cwvae import PRESETS

# One level has no factor.
SIZES = [(1, 6), *((levels, factor) for levels in (2, 3) for factor in (2, 6))]
CASES = [
    *(quick(verb, "debug", 2, 3, 7) for verb in ("observe", "imagine")),
    *(
        (verb, "moving_mnist", levels, factor, frames)
        for verb in ("observe", "imagine")
        for levels, factor in SIZES
        for frames in (100, 1000)
    ),
]


@pytest.mark.parametrize(("verb", "preset", "levels", "factor", "frames"), CASES)
def test_hierarchy(measure, verb, preset, levels, factor, frames):
    """Infer from features, or predict, without encoder and decoder."""
    config = dataclasses.replace(PRESETS[preset].model, levels=levels, factors=factor)
    measure((cases.inferred if verb == "observe" else cases.predicted)(config, frames))
