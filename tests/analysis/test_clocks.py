import dataclasses

import equinox as eqx
import jax.random as jr
import numpy as np
import pytest

from cwvae.analysis.clocks import forecast_costs, with_factors
from cwvae.clock import Clock
from cwvae.rollout import latents
from cwvae.training.build import build
from cwvae.training.presets import PRESETS

CONFIG = PRESETS["debug"].model
STATIC = dataclasses.replace(CONFIG, factors=2, static_window=4)


@pytest.mark.parametrize("config", [CONFIG, STATIC], ids=["ticking", "static"])
def test_another_clock_is_the_model_that_was_built_with_it(config):
    model = build(config, key=jr.key(0))
    found, expected = with_factors(model, 3), dataclasses.replace(config, factors=3)
    assert eqx.tree_equal(found, build(expected, key=jr.key(0)))
    assert found.hierarchy.clock == Clock(3, 3, static_window=config.static_window)
    video = jr.uniform(jr.key(1), (9, 32, 32, 1))
    ticks = [len(trace.output) for trace in latents(found, video)]
    assert ticks == [9, 3, 1]  # a static level ticks once, as the slowest of 9 frames does


def test_parameters_stay_and_ticks_fall_with_the_factor():
    model = build(CONFIG, key=jr.key(0))
    costs = forecast_costs(model, (1, 2, 6), horizon=72, key=jr.key(1))
    assert {cost.parameters for cost in costs.values()} == {24_009}
    assert [cost.ticks for cost in costs.values()] == [(72, 72, 72), (72, 36, 18), (72, 12, 2)]
    assert all(0 < cost.seconds < np.inf for cost in costs.values())


def test_a_static_level_does_not_tick_in_a_forecast():
    costs = forecast_costs(build(STATIC, key=jr.key(0)), (4,), horizon=8, key=jr.key(1))
    assert costs[4].ticks == (8, 2, 0)


def test_factors_and_horizons_that_cannot_be():
    model = build(CONFIG, key=jr.key(0))
    with pytest.raises(ValueError, match="factor"):
        with_factors(model, 0)
    with pytest.raises(ValueError, match="need 2 temporal abstraction factors"):
        with_factors(model, (2, 2, 2))
    with pytest.raises(ValueError, match="horizon must be a whole number of at least 1, got 0"):
        forecast_costs(model, (2,), horizon=0, key=jr.key(1))
