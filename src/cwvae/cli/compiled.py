"""What the commands ask of a model of any method, compiled."""

import equinox as eqx
from jaxtyping import Array, Float, Key

from cwvae.video_model import AbstractVideoModel

__all__ = ["forecasts", "reconstructions"]


@eqx.filter_jit
def forecasts(
    model: AbstractVideoModel,
    contexts: Float[Array, "batch context *frame"],
    horizon: int,
    keys: Key[Array, " batch"],
    samples: int = 1,
) -> Float[Array, "batch samples horizon *frame"]:
    """Return how videos go on after their context frames, each `samples` times."""
    return model.forecasts(contexts, horizon, keys=keys, samples=samples)


@eqx.filter_jit
def reconstructions(
    model: AbstractVideoModel,
    videos: Float[Array, "batch frames *frame"],
    keys: Key[Array, " batch"],
) -> Float[Array, "batch frames *frame"]:
    """Return videos as the model shows what it has seen."""
    return model.reconstructions(videos, keys=keys)
