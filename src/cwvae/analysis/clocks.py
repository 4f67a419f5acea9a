"""The same model on other clocks: what a forecast costs, tick by tick and in seconds."""

import dataclasses
import time
from collections.abc import Sequence
from typing import SupportsIndex

import equinox as eqx
import jax
from jaxtyping import PRNGKeyArray

from cwvae.analysis.sizes import summary
from cwvae.arguments import whole_number
from cwvae.clock import Clock
from cwvae.model import CWVAE
from cwvae.shapes import checked

__all__ = ["ForecastCost", "forecast_costs", "with_factors"]

_CALLS = 5


class ForecastCost(eqx.Module):
    """What imagining some frames costs a model, nothing decoded.

    **Arguments:** the number of `parameters`, of all of the model; `ticks` of each level, the
    fastest first; `seconds`, the fastest of five calls after the first, of one video.
    """

    parameters: int
    ticks: tuple[int, ...]
    seconds: float


@checked
def with_factors(model: CWVAE, factors: SupportsIndex | Sequence[SupportsIndex]) -> CWVAE:
    """Return the same weights on another clock.

    **Arguments:** `factors`, those of `cwvae.clock.Clock`: one temporal abstraction factor for
    all levels, or one for each above the first that is not static.

    Raises `ValueError` for factors that the levels cannot have.
    """
    old = model.hierarchy.clock
    clock = Clock(old.levels, factors, lookahead=old.lookahead, static_window=old.static_window)
    return dataclasses.replace(model, hierarchy=dataclasses.replace(model.hierarchy, clock=clock))


@checked
def forecast_costs(
    model: CWVAE, factors: Sequence[int], *, horizon: SupportsIndex, key: PRNGKeyArray
) -> dict[int, ForecastCost]:
    """Measure what imagining `horizon` frames costs the model on other clocks, by their factor.

    Raises `ValueError` for a factor or a horizon below 1.
    """
    frames = whole_number("horizon", horizon)
    return {factor: _cost(with_factors(model, factor), frames, key) for factor in factors}


def _cost(model: CWVAE, frames: int, key: PRNGKeyArray) -> ForecastCost:
    """Measure one model."""
    levels = model.hierarchy
    states = levels.begin(key=key)
    noise = levels.noise(frames, key=key, start=levels.clock.slowest)
    imagine = eqx.filter_jit(lambda levels, states, noise: levels.imagine(states, noise)[1])
    jax.block_until_ready(imagine(levels, states, noise))
    seconds = []
    for _ in range(_CALLS):
        began = time.perf_counter()
        jax.block_until_ready(imagine(levels, states, noise))
        seconds.append(time.perf_counter() - began)
    # A static level has ticked before.
    ticks = levels.clock.ticks(frames, start=levels.clock.slowest)
    return ForecastCost(summary(model).parameters, ticks, min(seconds))
