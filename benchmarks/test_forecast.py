"""The forecast: 36 context frames to 1000 in all, latents alone and with decoding."""

import cases
import pytest
from sets import full, quick

from cwvae import PRESETS

CONTEXT, HORIZON = 36, 964
CASES = [
    quick("latents", "debug", 2),
    *(("decoded", "moving_mnist", batch) for batch in (1, 4)),
    *(("latents", "moving_mnist", batch) for batch in (1, 4, 16)),
    *(full("decoded", "moving_mnist", batch) for batch in (16, 64)),
    full("latents", "moving_mnist", 64),
]


@pytest.mark.parametrize(("what", "preset", "batch"), CASES)
def test_forecast(measure, what, preset, batch):
    """A batch of forecasts from a batch of contexts."""
    chosen = PRESETS[preset]
    tiny = preset == "debug"
    context, horizon = (chosen.context, chosen.horizon) if tiny else (CONTEXT, HORIZON)
    make = cases.decoded if what == "decoded" else cases.latents
    measure(make(chosen.model, batch, context, horizon))
