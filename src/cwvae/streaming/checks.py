"""The arguments of a stream's functions, checked where they come in."""

from collections.abc import Sequence
from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer
from jaxtyping import Array, Float

from cwvae.cells.base import AbstractCell
from cwvae.hierarchy import Hierarchy
from cwvae.shapes import Frame, TickNoise
from cwvae.streaming.level import LevelStream

__all__ = [
    "check_levels",
    "checked_action",
    "checked_duration",
    "checked_frame",
    "checked_horizon",
    "checked_noise",
]


def check_levels(hierarchy: Hierarchy, levels: tuple[LevelStream, ...]) -> None:
    """Raise `ValueError` for the levels of a stream of another model, or of many streams."""
    if len(levels) != len(hierarchy.cells):
        raise ValueError(
            f"the model has {len(hierarchy.cells)} levels, the stream {len(levels)}; begin one "
            "with streaming.start(model)"
        )
    for number, (cell, level) in enumerate(zip(hierarchy.cells, levels, strict=True)):
        expected = (cell.stoch_size,), (cell.deter_size,), (cell.feature_size,)
        got = level.state.stoch.shape, level.state.deter.shape, level.features.shape
        if got != expected:
            raise ValueError(
                f"the stream's stoch, deter and features of level {number} must have shapes "
                f"{expected}, got {got}; begin a stream with streaming.start(model), and use "
                "jax.vmap for many streams"
            )


def checked_noise(hierarchy: Hierarchy, noise: Sequence[Array | np.ndarray]) -> TickNoise:
    """Return the noise of one tick; raise `ValueError` for that of other levels."""
    expected = [(cell.stoch_size,) for cell in hierarchy.cells]
    got = [np.shape(vector) for vector in noise]
    if got != expected:
        raise ValueError(
            f"noise must be a vector for each level, the fastest first, of shapes {expected}, "
            f"got {got}; make it with model.hierarchy.noise_at(stream.frame, key=...)"
        )
    return tuple(jnp.asarray(vector) for vector in noise)


def checked_frame(frame: Frame, shape: tuple[int, ...]) -> Float[Array, "*frame"]:
    """Return a frame; raise `ValueError` for one of another shape."""
    frame = jnp.asarray(frame)
    if frame.shape != shape:
        raise ValueError(
            f"frame must have shape {shape}, that of the model's frames, got {frame.shape}; "
            "resize or crop it, and use jax.vmap for many streams"
        )
    return frame


def checked_action(cell: AbstractCell, level: int, action: Any) -> Float[Array, " action"]:
    """Return the action that is an input of a cell; raise `ValueError` for another length."""
    if not cell.action_size:
        return jnp.zeros(0)
    if action is None or np.shape(action) != (cell.action_size,):
        got = "none" if action is None else np.shape(action)
        raise ValueError(
            f"level {level} expects an action of shape ({cell.action_size},), got {got}; "
            "give what is done at the frame as action=..."
        )
    return jnp.asarray(action, dtype=float)


def checked_duration(
    duration: float | int | np.number | Float[Array | np.ndarray, ""],
) -> Float[Array, ""]:
    """Return the time since the last frame; raise for one that is negative or not finite.

    That is a `ValueError`, or in a compiled program `equinox.EquinoxRuntimeError`.
    """
    wrong = "a duration must be one number, at least 0 and finite"
    if np.shape(duration) != ():
        raise ValueError(f"{wrong}, got shape {np.shape(duration)}; give each frame its own")
    if isinstance(duration, Tracer):
        traced = jnp.asarray(duration, dtype=float)
        return eqx.error_if(traced, ~((traced >= 0) & jnp.isfinite(traced)), wrong)
    if not 0 <= duration < float("inf"):
        raise ValueError(f"{wrong}, got {duration}; give the time since the last frame")
    return jnp.asarray(duration, dtype=float)


def checked_horizon(name: str, values: Any, horizon: int) -> Float[Array, " horizon *axes"]:
    """Return one entry for each frame to come; raise `ValueError` for another number of them."""
    if np.shape(values)[:1] != (horizon,):
        raise ValueError(
            f"{name} must have one entry for each of the {horizon} frames to predict, "
            f"got shape {np.shape(values)}; cut or extend them to the horizon"
        )
    return jnp.asarray(values, dtype=float)
