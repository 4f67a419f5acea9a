"""A causal stream is the batch computation, frame by frame."""

import numpy as np
import pytest
from models import CELLS, plain, stacked
from reference import assert_alike
from streams import batch, follow, inputs, levels_of, some

from cwvae.clock import Clock


@pytest.mark.parametrize("kind", CELLS)
def test_it_is_the_batch_computation_at_every_frame(kind):
    model = some(kind, lookahead=False)
    steps, expected = follow(model, inputs()), batch(model, *inputs())
    assert_alike(levels_of(model, steps), expected)
    assert_alike(stacked([record.output for _, record in steps]), expected[0][1])


@pytest.mark.parametrize("blind", [0, 1])
def test_it_is_so_with_blind_levels_too(blind):
    model = plain(Clock(2, 3, lookahead=False), blind={blind})
    steps = levels_of(model, follow(model, inputs()))
    assert_alike(steps, batch(model, *inputs()))
    seeing = plain(Clock(2, 3, lookahead=False))
    other = levels_of(seeing, follow(seeing, inputs()))
    assert np.any(steps[blind][0].stoch != other[blind][0].stoch)
