"""A stream and its functions: start, step, imagine, forecast, insert."""

import operator
from typing import SupportsIndex

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, PRNGKeyArray, PyTree

from cwvae.arguments import whole_number
from cwvae.cells.base import Conditioning, State
from cwvae.model import CWVAE
from cwvae.shapes import Frame, TickNoise, checked
from cwvae.streaming.causal import causal_step
from cwvae.streaming.checks import (
    check_levels,
    checked_action,
    checked_duration,
    checked_frame,
    checked_horizon,
    checked_noise,
)
from cwvae.streaming.level import LevelInputs, LevelStream, choose, shift_times, start_level
from cwvae.streaming.lookahead import lookahead_step

__all__ = ["Record", "Stream", "forecast", "imagine", "insert", "start", "step"]

_Duration = float | int | np.number | Float[Array | np.ndarray, ""]
_Action = Float[Array | np.ndarray, " action"]
# The features of a frame for the levels that observe it, None for the others.
_TickFeatures = PyTree[Float[Array, "?feature"], " observing"]


class Stream(eqx.Module):
    """Where a model is in a video.

    **Arguments:** `levels`, the fastest first; `frame`, the number of frames that came.
    """

    levels: tuple[LevelStream, ...]
    frame: Int[Array, ""]

    @property
    def states(self) -> tuple[State, ...]:
        """Every level's filtered state, the fastest level first."""
        return tuple(level.state for level in self.levels)


class Record(eqx.Module):
    """What a step computed beside the stream.

    **Arguments:** `predicted`, the frame expected before it came, every level's prior at its
    mode; `output`, the lowest level's output after it came, which `model.render` decodes.
    """

    predicted: Float[Array, "*frame"]
    output: Float[Array, " output"]


@checked
def start(model: CWVAE) -> Stream:
    """Return the stream before its first frame."""
    # With a dtype of its own, so that a stream that was saved is the same to the compiler.
    frame = jnp.zeros((), dtype=int)
    return Stream(tuple(start_level(cell) for cell in model.hierarchy.cells), frame)


@checked
def step(
    model: CWVAE,
    stream: Stream,
    frame: Frame,
    noise: TickNoise,
    *,
    duration: _Duration = 1.0,
    action: _Action | None = None,
) -> tuple[Stream, Record]:
    """Observe the next frame; return the stream after it, and the frame that was expected.

    **Arguments:**

    - `frame`: of the shape of the model's frames, values in [0, 1].
    - `noise`: a vector for each level, `model.hierarchy.noise_at(stream.frame, key=key)`, or
      zeros for the modes.
    - `duration`: the time since the last frame in the unit of the model's training, not used at
      the first frame. Where it varies let it be an array: every float is compiled anew.
    - `action`: what is done at the frame, for models with cells that have actions as inputs.

    Raises `ValueError` for a stream of another model, a frame, noise or action of another shape,
    a missing action, or a duration that is negative or not finite.
    """
    noise = checked_noise(model.hierarchy, noise)
    modes = tuple(jnp.zeros_like(vector) for vector in noise)
    expected = imagine(model, stream, modes, duration=duration, action=action)
    predicted = model.render(_output(model, expected)[None])[0]
    frame = checked_frame(frame, predicted.shape)
    features = model.encode(frame[None])
    model.hierarchy.check_features(features, 1)
    observed = tuple(
        None if level in model.hierarchy.blind else feature[0]
        for level, feature in enumerate(features)
    )
    stream = _advance(model, stream, noise, duration, action, observed)
    return stream, Record(predicted, _output(model, stream))


@checked
def imagine(
    model: CWVAE,
    stream: Stream,
    noise: TickNoise,
    *,
    duration: _Duration = 1.0,
    action: _Action | None = None,
) -> Stream:
    """Let a frame pass that is not observed; return the stream after it.

    **Arguments:** those of `step`, which raises the same errors.

    In a causal model a level that ticks at the frame samples from its prior, whatever it observed
    of its window; a level that looks ahead keeps what it observed of its window.
    """
    noise = checked_noise(model.hierarchy, noise)
    return _advance(model, stream, noise, duration, action, (None,) * len(noise))


@checked
def forecast(
    model: CWVAE,
    stream: Stream,
    horizon: SupportsIndex,
    *,
    key: PRNGKeyArray,
    samples: SupportsIndex = 1,
    durations: Float[Array | np.ndarray, " horizon"] | None = None,
    actions: Float[Array | np.ndarray, "horizon action"] | None = None,
    chunk: SupportsIndex = 144,
) -> Float[Array, "samples horizon *frame"]:
    """Predict the next `horizon` frames, open loop, `samples` times, from any frame of a stream.

    **Arguments:** `durations` of the frames (default 1 each), and `actions`, for models with
    cells that have them as inputs; `chunk`, frames decoded at a time. The same key gives the
    same frames. The stream itself stays where it is. In a model that looks ahead the input of a
    level is the sum of its window's actions so far.

    Raises `ValueError` for a count below 1, a stream of another model, or durations or actions
    of another number of frames.
    """
    horizon, samples = whole_number("horizon", horizon), whole_number("samples", samples)
    chunk = whole_number("chunk", chunk)
    durations = np.ones(horizon) if durations is None else durations
    durations = checked_horizon("durations", durations, horizon)
    actions = None if actions is None else checked_horizon("actions", actions, horizon)

    def one(key: PRNGKeyArray) -> Float[Array, " horizon *frame"]:
        def ahead(stream, inputs):
            duration, action = inputs
            noise = model.hierarchy.noise_at(stream.frame, key=key)
            stream = imagine(model, stream, noise, duration=duration, action=action)
            return stream, _output(model, stream)

        _, outputs = jax.lax.scan(ahead, stream, (durations, actions))
        return jax.lax.map(lambda o: model.render(o[None])[0], outputs, batch_size=chunk)

    return jax.vmap(one)(jax.random.split(key, samples))


@checked
def insert(streams: Stream, row: SupportsIndex | Int[Array, ""], stream: Stream) -> Stream:
    """Return many streams (leading axes) with one in the place of that in a row.

    The stream that was in the row is dropped; take it out before with `jax.tree.map`. Raises
    `ValueError` for a row that does not exist, or streams that do not fit each other.
    """
    if streams.frame.ndim != 1:
        raise ValueError(
            f"streams must have one leading axis, got {streams.frame.ndim}; make them with "
            "jax.tree.map(lambda *arrays: jnp.stack(arrays), *streams)"
        )
    rows = streams.frame.shape[0]
    if not isinstance(row, jax.Array) and not -rows <= operator.index(row) < rows:
        raise ValueError(f"there are {rows} streams, got row {row}; use one of 0 to {rows - 1}")
    expected = [many.shape[1:] for many in jax.tree.leaves(streams)]
    got = [np.shape(one) for one in jax.tree.leaves(stream)]
    if got != expected:
        raise ValueError(
            f"the stream must have arrays of shapes {expected}, those of the streams without "
            f"their leading axis, got {got}; begin it with streaming.start of the same model"
        )
    return jax.tree.map(lambda many, one: many.at[row].set(one), streams, stream)


def _advance(
    model: CWVAE,
    stream: Stream,
    noise: TickNoise,
    duration: _Duration,
    action: _Action | None,
    features: _TickFeatures,
) -> Stream:
    """Advance every level by a frame, the slowest first; those without features imagine."""
    cells, clock = model.hierarchy.cells, model.hierarchy.clock
    check_levels(model.hierarchy, stream.levels)
    elapsed = jnp.where(stream.frame == 0, 0.0, checked_duration(duration))
    ticks = [stream.frame % period == 0 for period in clock.periods]
    boundaries = [*ticks[1:], jnp.asarray(False)]
    step_level = lookahead_step if clock.lookahead else causal_step
    levels: list[LevelStream] = []
    top_down = jnp.zeros(0)
    for number in reversed(range(clock.levels)):
        cell = cells[number]
        known = checked_action(cell, number, action), boundaries[number]
        conditioning = Conditioning(jnp.zeros(()), *known)
        inputs = LevelInputs(features[number], conditioning, top_down, noise[number])
        level = shift_times(stream.levels[number], elapsed)
        stepped = step_level(cell, level, ticks[number], inputs)
        window = clock.static_window
        if window is not None and number == clock.levels - 1 and clock.lookahead:
            # Frames past its window change a static level no more.
            stepped = choose(stream.frame < window, stepped, level)
        levels.insert(0, stepped)
        top_down = cell.output(levels[0].state)
    return Stream(tuple(levels), stream.frame + 1)


def _output(model: CWVAE, stream: Stream) -> Float[Array, " output"]:
    """Return the lowest level's output."""
    return model.hierarchy.cells[0].output(stream.levels[0].state)
