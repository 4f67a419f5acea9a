"""Frame by frame: a model that follows a camera or a simulator, in constant memory.

`step(model, stream, frame, noise) -> (stream, record)`, and `forecast` from wherever the stream
is. A stream is a pytree of arrays of fixed shapes: everything here compiles once, `jax.vmap`
follows many streams (`put` lets one join), and `equinox.tree_serialise_leaves` saves them.

For a causal model (`Clock(..., lookahead=False)`) a stream is the batch computation, frame by
frame. In a model that looks ahead the window of an upper level is not complete before its last
frame. There a stream's state of a level is what the level believes given the frames of its
window *so far*: it ticks anew, from the state before its tick, with every frame of the window.
When the window is complete the top level's state is that of the batch computation; lower levels
differ from it in having heard from above what was believed at their time.
"""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, PRNGKeyArray

from cwvae.cells.base import AbstractCell, Conditioning, State
from cwvae.model import CWVAE
from cwvae.shapes import Frame, checked
from cwvae.streaming.level import (
    Heard,
    LevelStream,
    since,
    start_level,
    tick_so_far,
    tick_when_complete,
)

__all__ = ["Record", "Stream", "forecast", "imagine", "put", "start", "step"]

TickNoise = tuple[Float[Array, "?stoch"], ...]


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
    """What a step has to say.

    **Arguments:** `predicted`, the frame that was expected before it came, every level's prior
    at its mode; `output`, the lowest level's output after it came, which `model.render` shows.
    """

    predicted: Float[Array, "*frame"]
    output: Float[Array, " output"]


def start(model: CWVAE) -> Stream:
    """Return the stream before its first frame."""
    # With a dtype of its own, so that a stream that was saved is the same to the compiler.
    frame = jnp.zeros((), dtype=int)
    return Stream(tuple(start_level(cell) for cell in model.hierarchy.cells), frame)


def step(
    model: CWVAE,
    stream: Stream,
    frame: Frame,
    noise: TickNoise,
    *,
    duration: float | Float[Array, ""] = 1.0,
    action: Float[Array, " action"] | None = None,
) -> tuple[Stream, Record]:
    """Hear the next frame.

    **Arguments:** `noise`, a vector for each level, `model.hierarchy.noise_at(stream.frame,
    key=key)` or zeros for the modes; `duration`, the time since the last frame in the unit of
    the model's training (of no meaning at the first frame; an array, where it varies, or each
    value is compiled anew); `action`, what is done at the frame. Raises `ValueError` for an action
    that is missing or of another length.
    """
    silence = tuple(jnp.zeros_like(n) for n in noise)
    expected = imagine(model, stream, silence, duration=duration, action=action)
    features = tuple(feature[0] for feature in model.encode(jnp.asarray(frame)[None]))
    heard = _go_on(model, stream, noise, duration, action, features)
    record = Record(_render(model, expected), _output(model, heard))
    return heard, record


def imagine(
    model: CWVAE,
    stream: Stream,
    noise: TickNoise,
    *,
    duration: float | Float[Array, ""] = 1.0,
    action: Float[Array, " action"] | None = None,
) -> Stream:
    """Let a frame pass without hearing it; arguments are those of `step`.

    In a causal model a level that ticks at such a frame imagines, as in the batch computation,
    whatever it has heard of its window; one that looks ahead keeps what it has heard.
    """
    return _go_on(model, stream, noise, duration, action, None)


@checked
def forecast(
    model: CWVAE,
    stream: Stream,
    horizon: int,
    *,
    key: PRNGKeyArray,
    samples: int = 1,
    durations: Float[Array, " horizon"] | None = None,
    actions: Float[Array, "horizon action"] | None = None,
    chunk: int = 144,
) -> Float[Array, "samples horizon *frame"]:
    """Predict the next `horizon` frames, open loop, `samples` times, from any frame of a stream.

    **Arguments:** `durations` of the frames (default 1 each) and `actions`, for models that hear
    them; `chunk`, frames decoded at a time. The stream itself stays where it is. Raises
    `ValueError` for a count below 1, or durations or actions of another number of frames. A
    level that looks ahead hears of a window's actions those so far.
    """
    for name, count in (("horizon", horizon), ("samples", samples), ("chunk", chunk)):
        if count < 1:
            raise ValueError(f"{name} must be at least 1, got {count}")
    for name, values in (("durations", durations), ("actions", actions)):
        if values is not None and len(values) != horizon:
            raise ValueError(f"{name} must be for {horizon} frames, got {len(values)}")
    durations = jnp.ones(horizon) if durations is None else durations

    def one(key: PRNGKeyArray) -> Float[Array, " horizon *frame"]:
        def ahead(stream, inputs):
            duration, action = inputs
            noise = model.hierarchy.noise_at(stream.frame, key=key)
            stream = imagine(model, stream, noise, duration=duration, action=action)
            return stream, _output(model, stream)

        _, outputs = jax.lax.scan(ahead, stream, (durations, actions))
        return jax.lax.map(lambda o: model.render(o[None])[0], outputs, batch_size=chunk)

    return jax.vmap(one)(jax.random.split(key, samples))


def put(streams: Stream, row: int | Int[Array, ""], stream: Stream) -> Stream:
    """Put one stream into a row of many (leading axes), so that it joins them.

    The stream that was in the row leaves; take it out before with `jax.tree.map`.
    """
    if streams.frame.ndim != 1:
        raise ValueError(f"streams must have one leading axis, got {streams.frame.ndim}")
    rows = streams.frame.shape[0]
    if isinstance(row, int) and not -rows <= row < rows:
        raise ValueError(f"there are {rows} streams, got row {row}")
    return jax.tree.map(lambda many, one: many.at[row].set(one), streams, stream)


def _go_on(
    model: CWVAE,
    stream: Stream,
    noise: TickNoise,
    duration: float | Float[Array, ""],
    action: Float[Array, " action"] | None,
    features: tuple[Float[Array, "?feature"], ...] | None,
) -> Stream:
    """Let a frame pass, the slowest level first; without features every level imagines."""
    hierarchy, clock = model.hierarchy, model.hierarchy.clock
    if features is not None:
        hierarchy.check_features(tuple(f[None] for f in features), 1)
    elapsed = jnp.where(stream.frame == 0, 0.0, _checked_duration(duration))
    ticks = [stream.frame % period == 0 for period in clock.periods]
    boundaries = [*ticks[1:], jnp.asarray(False)]
    levels: list[LevelStream] = []
    top_down = jnp.zeros(0)
    for level in reversed(range(clock.levels)):
        cell = hierarchy.cells[level]
        heard = Heard(
            feature=None if features is None or level in hierarchy.blind else features[level],
            conditioning=Conditioning(
                jnp.zeros(()), _action(cell, level, action), boundaries[level]
            ),
            top_down=top_down,
            noise=noise[level],
        )
        proceed = tick_so_far if clock.lookahead else tick_when_complete
        before = since(stream.levels[level], elapsed)
        levels.insert(0, proceed(cell, before, ticks[level], heard))
        top_down = cell.output(levels[0].state)
    return Stream(tuple(levels), stream.frame + 1)


def _checked_duration(duration: float | Float[Array, ""]) -> Float[Array, ""]:
    """Refuse time that goes back or is not finite."""
    wrong = "a duration must not be negative, infinite or NaN"
    if not isinstance(duration, jax.Array):
        if not 0 <= duration < float("inf"):
            raise ValueError(f"{wrong}, got {duration}")
        return jnp.asarray(duration, dtype=float)
    sound = (duration >= 0) & jnp.isfinite(duration)
    return eqx.error_if(duration.astype(float), ~sound, wrong)


def _action(
    cell: AbstractCell, level: int, action: Float[Array, " action"] | None
) -> Float[Array, " action"]:
    """Return the action that a cell hears; refuse one of another length."""
    if not cell.action_size:
        return jnp.zeros(0)
    if action is None or action.shape != (cell.action_size,):
        got = "none: give action=..." if action is None else action.shape
        raise ValueError(f"level {level} hears actions of shape ({cell.action_size},), got {got}")
    return action


def _output(model: CWVAE, stream: Stream) -> Float[Array, " output"]:
    """Return the lowest level's output."""
    return model.hierarchy.cells[0].output(stream.levels[0].state)


def _render(model: CWVAE, stream: Stream) -> Float[Array, "*frame"]:
    """Return the expected frame of a stream."""
    return model.render(_output(model, stream)[None])[0]
