"""What is known of every frame, its time and its action, on the clocks of the levels."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Real

from cwvae.arguments import check_shape
from cwvae.cells.base import Conditioning, LevelConditioning, State
from cwvae.clock import Clock

__all__ = ["conditioning_of", "cut_conditioning", "following", "without_hidden"]

_Features = tuple[Float[Array, "*batch frames _"], ...]
"""Features of every frame for each level, of one video or several."""


def conditioning_of(
    clock: Clock,
    frames: int,
    times: Real[Array | np.ndarray, " frames"] | Sequence[float] | None,
    actions: Real[Array | np.ndarray, "frames action"] | None,
    observed: Bool[Array | np.ndarray, " frames"] | None = None,
) -> LevelConditioning:
    """Return the conditioning of a video's frames for each level: `Hierarchy.conditioning`.

    Raises `ValueError` for times that go back, or a wrong number of times, actions or observed.
    """
    if times is None:
        times = jnp.arange(frames, dtype=float)
    else:
        times = times if isinstance(times, jax.Array) else np.asarray(times)
        times = _check_times(times, frames)
    actions = jnp.zeros((frames, 0)) if actions is None else jnp.asarray(actions)
    check_shape(f"actions of {frames} frames", actions, (frames, "action"), "one row a frame")
    if not jnp.issubdtype(actions.dtype, jnp.floating):
        actions = actions.astype(float)
    evidence = None
    if observed is not None:
        check_shape(f"observed of {frames} frames", observed, (frames,), "true or false for each")
        evidence = jnp.asarray(observed).astype(float)
    # A level without one above meets no boundary.
    periods = (*clock.periods, frames)
    return tuple(
        Conditioning(
            time=times[::period],
            action=clock.windows(actions, level),
            boundary=jnp.asarray(np.arange(0, frames, period) % above == 0)
            & (level + 1 < clock.levels),
            observed=None if evidence is None else clock.windows(evidence, level) > 0,
        )
        for level, (period, above) in enumerate(pairwise(periods))
    )


def without_hidden(features: _Features, conditioning: LevelConditioning | None) -> _Features:
    """Return features of frames, those of frames that are not observed zeros.

    Zeros are neutral in the sum over a window. Leading batch axes may be on both.
    """
    if conditioning is None or conditioning[0].observed is None:
        return features
    seen = conditioning[0].observed[..., None]
    return tuple(jnp.where(seen, feature, 0) for feature in features)


def following(clock: Clock, states: Sequence[State], frames: int) -> LevelConditioning:
    """Return the conditioning of frames that go on after states, at intervals of 1, no actions."""
    slowest = clock.slowest
    _, after = cut_conditioning(
        clock, conditioning_of(clock, slowest + frames, None, None), slowest
    )
    return tuple(
        replace(known, time=known.time + (state.time + period - slowest))
        for known, state, period in zip(after, states, clock.periods, strict=True)
    )


def cut_conditioning(
    clock: Clock, conditioning: LevelConditioning, frames: int
) -> tuple[LevelConditioning, LevelConditioning]:
    """Cut the conditioning of a video into that of its first `frames` frames and of the rest."""

    def cut(window: slice, known: Conditioning) -> Conditioning:
        return jax.tree.map(lambda array: array[window], known)

    ticks = clock.ticks(frames)
    before = tuple(cut(slice(n), known) for n, known in zip(ticks, conditioning, strict=True))
    after = tuple(cut(slice(n, None), known) for n, known in zip(ticks, conditioning, strict=True))
    return before, after


def _check_times(
    times: Real[Array | np.ndarray, " frames"], frames: int
) -> Float[Array, " frames"]:
    """Return times counted from the first frame.

    Raises `ValueError` for times of other frames, that go back, or are infinite or NaN.
    """
    check_shape(f"times of {frames} frames", times, (frames,), "give each frame its time")
    if times.dtype.kind == "u":  # whose differences would wrap around
        times = times.astype(int)
    # Subtracted before they lose precision: seconds since 1970 do not fit a float32.
    times, wrong = times - times[0], "times must not go back, nor be infinite or NaN; sort them"
    if isinstance(times, jax.Array):
        times = times.astype(float)
        fine = jnp.all(jnp.diff(times) >= 0) & jnp.isfinite(times[-1])
        return eqx.error_if(times, ~fine, wrong)
    if not (np.all(np.diff(times) >= 0) and np.isfinite(times[-1])):
        raise ValueError(wrong)
    return jnp.asarray(times, dtype=float)
