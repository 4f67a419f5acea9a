"""A moving average of the weights, which forecasts with less noise than those of any one step."""

from collections.abc import Iterable
from typing import TypeVar

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from cwvae.video_model import AbstractVideoModel

__all__ = ["averaged", "copied", "decay_after", "model_names", "state_names"]

_Model = TypeVar("_Model", bound=AbstractVideoModel)

# What the names of the arrays of a state begin with: of its weights, and of their average.
_MODEL, _AVERAGE = "model.", "average."


def decay_after(steps: Int[Array, ""], most: float) -> Float[Array, ""]:
    """Return the decay of the average in the step that comes after `steps` others.

    min(most, (1 + steps) / (10 + steps)): early on the average is short, so that the weights before
    training, which are of no use, are soon forgotten (tf.train.ExponentialMovingAverage).

    **Arguments:** `steps`, at least 0; `most`, the decay in the end, in [0, 1).
    """
    done = steps.astype(float)
    return jnp.minimum(most, (1 + done) / (10 + done))


def averaged(
    average: _Model | None,
    model: _Model,
    *,
    decay: float,
    steps: Int[Array, ""],
) -> _Model | None:
    """Return the moving average after a step that led to a model; None where `decay` is 0.

    average + (1 - decay) (model - average) for every floating-point array; all else is the model's.
    An average that is not there yet begins with the model.

    **Arguments:** `average`, before the step; `model`, after it; `decay`, as in `TrainConfig`;
    `steps`, those taken before this one.
    """
    if not decay:
        return None
    if average is None:
        return copied(model)
    share = 1 - decay_after(steps, decay)

    def move(old: Array, new: Array) -> Array:
        return old + share.astype(old.dtype) * (new - old)

    weights, rest = eqx.partition(model, eqx.is_inexact_array)
    return eqx.combine(jax.tree.map(move, eqx.filter(average, eqx.is_inexact_array), weights), rest)


def copied(model: _Model) -> _Model:
    """Return the model in arrays that it shares with nothing.

    Steps in place use up what they are given, and no array can be used up twice.
    """
    return jax.tree.map(lambda leaf: jnp.copy(leaf) if eqx.is_array(leaf) else leaf, model)


def model_names(saved: Iterable[str]) -> dict[str, str]:
    """Map the names of a model's arrays to those, among a checkpoint's, to evaluate it with.

    These are the average's where the checkpoint has one.
    """
    averaged = any(name.startswith(_AVERAGE) for name in saved)
    prefix = _AVERAGE if averaged else _MODEL
    return {_MODEL + n.removeprefix(prefix): n for n in saved if n.startswith(prefix)}


def state_names(saved: Iterable[str], *, averaged: bool) -> dict[str, str]:
    """Map the names of a state's arrays to those among a checkpoint's.

    An average that the checkpoint lacks begins with the weights; that of a checkpoint is left out
    of a state that is not `averaged`.
    """
    names = {name: name for name in saved if not name.startswith(_AVERAGE)}
    if not averaged:
        return names
    weights = model_names(saved).items()
    return names | {_AVERAGE + name.removeprefix(_MODEL): source for name, source in weights}
