"""What the commands ask of a model of any method, compiled.

Every device goes through its own rows of a sharded batch, as it would alone: what a method makes
of a video may depend on the others beside it.
"""

from typing import Any

import equinox as eqx
from jaxtyping import Array, Float, Key

from cwvae.kernels.sharding import over_rows
from cwvae.video_model import AbstractVideoModel, Bounds

__all__ = ["bounds", "forecasts", "reconstructions"]


@eqx.filter_jit
def forecasts(
    model: AbstractVideoModel,
    contexts: Float[Array, "batch context *frame"],
    horizon: int,
    keys: Key[Array, " batch"],
    samples: int = 1,
) -> Float[Array, "batch samples horizon *frame"]:
    """Return how videos go on after their context frames, each `samples` times."""

    def of_rows(model: AbstractVideoModel, rows: Any) -> Array:
        return model.forecasts(rows[0], horizon, keys=rows[1], samples=samples)

    return over_rows(of_rows, model, (contexts, keys))


@eqx.filter_jit
def reconstructions(
    model: AbstractVideoModel,
    videos: Float[Array, "batch frames *frame"],
    keys: Key[Array, " batch"],
) -> Float[Array, "batch frames *frame"]:
    """Return videos as the model shows what it has seen."""

    def of_rows(model: AbstractVideoModel, rows: Any) -> Array:
        return model.reconstructions(rows[0], keys=rows[1])

    return over_rows(of_rows, model, (videos, keys))


@eqx.filter_jit
def bounds(
    model: AbstractVideoModel,
    videos: Float[Array, "batch frames *frame"],
    keys: Key[Array, " batch"],
) -> Bounds:
    """Return a bound on the log-probability of the videos."""

    def of_rows(model: AbstractVideoModel, rows: Any) -> Bounds:
        return model.bounds(rows[0], keys=rows[1])

    return over_rows(of_rows, model, (videos, keys))
