"""A stream is the batch computation, frame by frame."""

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest
from models import ACTION, CELLS, FEATURE, STOCH, draw, plain, plain_video, stacked
from reference import assert_alike, rendered

from cwvae.clock import Clock
from cwvae.hierarchy import Hierarchy
from cwvae.model import CWVAE
from cwvae.streaming.stream import forecast, imagine, put, start, step

FRAMES, ALIGNED = 14, 6  # whole slowest periods, and a short last window of every level
KEY = jr.key(0)

kinds = pytest.mark.parametrize("kind", CELLS)
# Laws of the stream and not of the cells: the paper's cell, and one that hears all there is.
few = pytest.mark.parametrize("kind", ["rssm", "all_at_once"])
some_of_both = pytest.mark.parametrize(
    ("kind", "lookahead"), [("rssm", False), ("rssm", True), ("all_at_once", True)]
)
clocks = pytest.mark.parametrize("lookahead", [False, True], ids=["causal", "ahead"])

predict = eqx.filter_jit(forecast)
hear = eqx.filter_jit(step)
dream = eqx.filter_jit(imagine)
noise_at = eqx.filter_jit(Hierarchy.noise_at)


@eqx.filter_jit
def infer(model, video, conditioning, key):
    """Return the record of every level of the batch computation."""
    return model.infer(video, model.hierarchy.noise(FRAMES, key=key), conditioning)[1]


@eqx.filter_jit
def imagine_batch(levels, states, conditioning, key):
    """Return the record of every level, imagined on from the aligned frame."""
    noise = levels.noise(FRAMES - ALIGNED, key=key, start=ALIGNED)
    return levels.imagine(states, noise, conditioning)[1]


def some(kind: str = "rssm", *, lookahead: bool, seed: int = 0, **options) -> CWVAE:
    """Make a model of three levels, of two where cells take longer to compile."""
    factors = (2, 3) if kind == "rssm" else (3,)
    clock = Clock(len(factors) + 1, factors, lookahead=lookahead)
    return plain(clock, kind=kind, seed=seed, **options)


def silence(model) -> tuple[jax.Array, ...]:
    """Return noise that gives the modes."""
    return (jnp.zeros(STOCH),) * model.hierarchy.clock.levels


def inputs(seed: int = 0):
    """Draw frames, irregular durations and actions."""
    durations = jnp.asarray(np.random.default_rng(seed).uniform(0.2, 2.0, FRAMES), dtype=float)
    return plain_video(FRAMES, seed=seed), durations, draw(seed + 5, FRAMES, ACTION)


def follow(model, inputs, stream=None, *, key=KEY):
    """Hear all frames with the noise of the batch; return the stream and the record after each."""
    stream = start(model) if stream is None else stream
    heard = []
    for frame, duration, action in zip(*inputs, strict=True):
        noise = noise_at(model.hierarchy, stream.frame, key=key)
        stream, record = hear(model, stream, frame, noise, duration=duration, action=action)
        heard.append((stream, record))
    return heard


def ahead(model, stream, durations, actions, *, key=KEY):
    """Imagine on with the noise of the batch; return the stream after each frame."""
    streams = []
    for duration, action in zip(durations, actions, strict=True):
        noise = noise_at(model.hierarchy, stream.frame, key=key)
        stream = dream(model, stream, noise, duration=duration, action=action)
        streams.append(stream)
    return streams


def cut(arrays, *window):
    """Cut the leading axis of all arrays."""
    return jax.tree.map(lambda array: array[slice(*window)], arrays)


def row(arrays, index):
    """Take an entry of the leading axis of all arrays."""
    return jax.tree.map(lambda array: array[index], arrays)


def batch(model, video, durations, actions):
    """Return what the batch computation has for every level and *frame*, its times from then."""
    times = np.cumsum(np.float64(durations))
    traces = infer(
        model, video, model.hierarchy.conditioning(FRAMES, times=times, actions=actions), KEY
    )
    now = jnp.asarray(times - times[0], dtype=float)

    def held(trace, period):
        states, output = row((trace.states, trace.output), np.arange(FRAMES) // period)
        return eqx.tree_at(lambda s: s.time, states, states.time - now), output

    periods = model.hierarchy.clock.periods
    return [held(trace, period) for trace, period in zip(traces, periods, strict=True)]


def levels_of(model, heard):
    """Return what streams have for every level and frame, as `batch` does."""
    states = stacked([stream.states for stream, _ in heard])
    cells = model.hierarchy.cells
    return [(s, jax.vmap(c.output)(s)) for c, s in zip(cells, states, strict=True)]


# The same computation.


@kinds
def test_a_causal_stream_is_the_batch_computation_at_every_frame(kind):
    model = some(kind, lookahead=False)
    heard, expected = follow(model, inputs()), batch(model, *inputs())
    assert_alike(levels_of(model, heard), expected)
    assert_alike(stacked([record.output for _, record in heard]), expected[0][1])


@few
def test_looking_ahead_the_top_is_the_batch_computation_given_the_frames_so_far(kind):
    model, (video, durations, actions) = some(kind, lookahead=True), inputs()
    top = levels_of(model, follow(model, inputs()))[-1]
    for frame in range(FRAMES):
        # An empty frame has features of zeros, which are neutral, as no action is.
        heard = jnp.asarray(np.arange(FRAMES) <= frame, dtype=float)
        so_far = video * heard[:, None, None, None], durations, actions * heard[:, None]
        assert_alike(row(top, frame), row(batch(model, *so_far)[-1], frame))


@few
def test_looking_ahead_the_top_is_the_batch_computation_where_its_window_is_complete(kind):
    model = some(kind, lookahead=True)
    ours, theirs = levels_of(model, follow(model, inputs()))[-1], batch(model, *inputs())[-1]
    frames = np.arange(1, FRAMES + 1)
    complete = (frames % model.hierarchy.clock.slowest == 0) | (frames == FRAMES)
    assert_alike(row(ours, complete), row(theirs, complete))


@pytest.mark.parametrize(("clock", "kind"), [(Clock(1), "all_at_once"), (Clock(2, 1), "rssm")])
def test_where_no_window_is_longer_than_a_frame_looking_ahead_is_the_batch_computation(clock, kind):
    model = plain(clock, kind=kind)
    assert_alike(levels_of(model, follow(model, inputs())), batch(model, *inputs()))


@pytest.mark.parametrize(("lookahead", "blind"), [(False, 0), (False, 1), (True, 1)])
def test_with_blind_levels_a_stream_is_the_batch_computation(lookahead, blind):
    # A blind top does not look ahead, so that the level below it is that of the batch too.
    model = plain(Clock(2, 3, lookahead=lookahead), blind={blind})
    heard = levels_of(model, follow(model, inputs()))
    assert_alike(heard, batch(model, *inputs()))
    seeing = plain(Clock(2, 3, lookahead=lookahead))
    other = levels_of(seeing, follow(seeing, inputs()))
    assert np.any(heard[blind][0].stoch != other[blind][0].stoch)


@some_of_both
def test_imagining_on_from_an_aligned_frame_is_the_batch_computation(kind, lookahead):
    model, (video, durations, actions) = some(kind, lookahead=lookahead), inputs()
    levels, clock = model.hierarchy, model.hierarchy.clock
    if lookahead:
        # A stream that looks ahead cannot know the actions of the frames to come.
        known = np.arange(FRAMES) % clock.slowest == 0
        actions = actions * jnp.asarray(known, dtype=float)[:, None]
    stream, _ = follow(model, cut((video, durations, actions), ALIGNED))[-1]

    times = np.cumsum(np.float64(durations))
    now = jnp.asarray(times[ALIGNED - 1] - times[0], dtype=float)
    states = tuple(eqx.tree_at(lambda s: s.time, s, s.time + now) for s in stream.states)
    conditioning = levels.conditioning(FRAMES, times=times, actions=actions)
    conditioning = tuple(
        cut(g, n, None) for g, n in zip(conditioning, clock.ticks(ALIGNED), strict=True)
    )
    traces = imagine_batch(levels, states, conditioning, KEY)

    for frame, after in enumerate(ahead(model, stream, durations[ALIGNED:], actions[ALIGNED:])):
        for state, trace, period in zip(after.states, traces, clock.periods, strict=True):
            expected = row(trace.states, frame // period)
            assert_alike((state.stoch, state.deter), (expected.stoch, expected.deter))


@some_of_both
def test_imagining_inside_a_window_leaves_what_was_heard_of_it(kind, lookahead):
    model = some(kind, lookahead=lookahead)
    stream, _ = follow(model, cut(inputs(), 4))[-1]
    durations, actions = cut(inputs()[1:], 4, 5)
    (after,) = ahead(model, stream, durations, 0 * actions)
    for level, period in enumerate(model.hierarchy.clock.periods):
        one, other = stream.states[level], after.states[level]
        same = eqx.tree_equal((one.stoch, one.deter), (other.stoch, other.deter))
        assert same == (4 % period != 0)


@pytest.mark.parametrize("hears", [False, True])
def test_a_level_that_looks_ahead_hears_the_actions_of_frames_that_it_does_not_see(hears):
    model = plain(Clock(2, 3), kind="all_at_once", blind=() if hears else {1})
    video, durations, actions = cut(inputs(), 3)
    if hears:  # the first frame, and of the others the actions alone
        stream, _ = follow(model, cut((video, durations, actions), 1))[-1]
        stream = ahead(model, stream, durations[1:], actions[1:])[-1]
        video = video.at[1:].set(0)  # what the plain encoder says of nothing
    else:
        stream, _ = follow(model, (video, durations, actions))[-1]
    conditioning = model.hierarchy.conditioning(3, times=np.cumsum(durations), actions=actions)
    states, _ = model.infer(video, model.hierarchy.noise(3, key=KEY), conditioning)
    ours, theirs = stream.states[1], states[1]
    assert_alike((ours.stoch, ours.deter), (theirs.stoch, theirs.deter))


# What a step says.


@clocks
def test_the_predicted_frame_is_that_of_an_imagined_step_without_noise(lookahead):
    model, (video, durations, actions) = some(lookahead=lookahead), inputs()
    heard = follow(model, inputs())
    for frame in (0, 3, 4, 6):
        before = heard[frame - 1][0] if frame else start(model)
        noise = noise_at(model.hierarchy, before.frame, key=jr.key(1))
        now = {"duration": durations[frame], "action": actions[frame]}
        # Neither the frame nor the noise of its hearing have a part in it.
        _, other = hear(model, before, video[frame] + 1, noise, **now)
        record = heard[frame][1]
        assert np.array_equal(record.predicted, other.predicted)
        assert np.any(record.output != other.output)
        expected = dream(model, before, silence(model), **now)
        output = model.hierarchy.cells[0].output(expected.states[0])
        assert_alike(record.predicted, rendered(model, output)[0])


@pytest.mark.parametrize(("kind", "matter"), [("rssm", False), ("flow", True)])
def test_durations_matter_to_a_flow(kind, matter):
    model, (video, durations, actions) = some(kind, lookahead=False), inputs()
    one, other = (follow(model, cut((video, d, actions), 3)) for d in (durations, 2 * durations))
    for (first, _), (second, _) in zip(one[1:], other[1:], strict=True):
        assert np.any(first.states[0].deter != second.states[0].deter) == matter
    # That of the first frame means nothing.
    assert eqx.tree_equal(one[0], other[0])


def test_a_wrong_action_is_refused_by_level():
    model = some("all_at_once", lookahead=False)
    for action, got in (
        (jnp.zeros(1), r"\(1,\)"),
        (jnp.zeros(ACTION + 1), rf"\({ACTION + 1},\)"),
        (None, "none"),
    ):
        with pytest.raises(ValueError, match=rf"level 1 hears .* \({ACTION},\), got {got}"):
            imagine(model, start(model), silence(model), action=action)


# Many frames, many streams.


@some_of_both
def test_a_stream_is_as_large_after_many_frames_as_before_the_first(kind, lookahead):
    model = some(kind, lookahead=lookahead)
    before = jax.tree.map(jax.typeof, start(model))
    assert all(jax.tree.map(jax.typeof, s) == before for s, _ in follow(model, inputs()))


@clocks
def test_a_step_is_traced_once_for_all_frames_models_and_streams(lookahead, tmp_path):
    run = eqx.filter_jit(eqx.debug.assert_max_traces(step, max_traces=1))
    for seed in range(2):
        model = plain(Clock(2, 2, lookahead=lookahead), seed=seed)
        stream = start(model)
        for frame, duration, _ in zip(*inputs(seed), strict=True):
            stream, _ = run(model, stream, frame, silence(model), duration=duration)
    eqx.tree_serialise_leaves(tmp_path / "stream.eqx", stream)
    restored = eqx.tree_deserialise_leaves(tmp_path / "stream.eqx", start(model))
    run(model, restored, frame, silence(model), duration=duration)


@some_of_both
def test_a_stream_that_was_saved_goes_on_as_if_it_had_not(kind, lookahead, tmp_path):
    model = some(kind, lookahead=lookahead)
    heard = follow(model, inputs())
    stream, _ = heard[3]  # in the middle of a window
    eqx.tree_serialise_leaves(tmp_path / "stream.eqx", stream)
    restored = eqx.tree_deserialise_leaves(tmp_path / "stream.eqx", start(model))
    assert eqx.tree_equal(follow(model, cut(inputs(), 4, None), restored), heard[4:])


@pytest.mark.parametrize(("kind", "lookahead"), [("rssm", False), ("all_at_once", True)])
def test_streams_side_by_side_are_alone_and_another_joins_where_one_leaves(kind, lookahead):
    model = some(kind, lookahead=lookahead)
    alone = [follow(model, inputs(seed)) for seed in range(3)]

    @eqx.filter_jit
    @eqx.filter_vmap(in_axes=(None, 0, 0, 0, 0))
    def together(model, stream, frame, duration, action):
        noise = model.hierarchy.noise_at(stream.frame, key=KEY)
        return step(model, stream, frame, noise, duration=duration, action=action)

    streams, rows = stacked([start(model)] * 2), [(0, 0), (1, 0)]
    for _ in range(9):
        if rows[1] == (1, 4):
            # The third comes from elsewhere, where it has heard its fifth frame.
            streams, rows[1] = put(streams, 1, alone[2][4][0]), (2, 5)
        now = stacked([row(inputs(seed), frame) for seed, frame in rows])
        streams, records = together(model, streams, *now)
        for place, (seed, frame) in enumerate(rows):
            assert_alike(row((streams, records), place), alone[seed][frame])
        rows = [(seed, frame + 1) for seed, frame in rows]


# Forecasts.


@pytest.mark.parametrize("frames", [4, ALIGNED])
@some_of_both
def test_a_forecast_renders_imagined_steps_from_any_frame(kind, lookahead, frames):
    model = some(kind, lookahead=lookahead)
    stream, _ = follow(model, cut(inputs(), frames))[-1]
    durations, actions = cut(inputs()[1:], frames, frames + 5)
    options = {"samples": 2, "durations": durations, "actions": actions}
    actual = predict(model, stream, 5, key=KEY, **options)
    assert actual.shape == (2, 5, 1, FEATURE, 1)
    for sample, key in enumerate(jr.split(KEY, 2)):
        imagined = ahead(model, stream, durations, actions, key=key)
        outputs = [model.hierarchy.cells[0].output(s.states[0]) for s in imagined]
        assert_alike(actual[sample], rendered(model, np.stack(outputs)), 1e-4)


@clocks
def test_a_longer_forecast_begins_with_a_shorter_whatever_the_chunk(lookahead):
    model = plain(Clock(2, 3, lookahead=lookahead))
    stream, _ = follow(model, cut(inputs(), 4))[-1]
    whole = predict(model, stream, 5, key=KEY, samples=2)
    assert np.array_equal(predict(model, stream, 5, key=KEY, samples=2), whole)
    assert np.all(predict(model, stream, 5, key=jr.key(1), samples=2) != whole)
    assert np.all(whole[0] != whole[1])
    other = predict(model, stream, 2, key=KEY, samples=2, chunk=1)
    assert_alike(other, whole[:, :2])


def test_frames_to_come_last_1_unless_told():
    model = plain(Clock(1), kind="flow")
    stream = ahead(model, start(model), *cut(inputs()[1:], 2))[-1]
    whole = predict(model, stream, 2, key=KEY)
    for duration in (1.0, 0.5):
        told = predict(model, stream, 2, key=KEY, durations=jnp.full(2, duration))
        assert np.array_equal(told, whole) == (duration == 1)


@pytest.mark.parametrize("count", [0, -3])
@pytest.mark.parametrize("name", ["horizon", "samples", "chunk"])
def test_a_count_below_1_is_refused(name, count):
    model = some(lookahead=False)
    with pytest.raises(ValueError, match=f"{name} must be at least 1, got {count}"):
        forecast(model, start(model), **{"horizon": 3, name: count}, key=KEY)


@pytest.mark.parametrize("name", ["durations", "actions"])
def test_what_is_given_of_another_horizon_is_refused(name):
    model = some("all_at_once", lookahead=False)
    values = {"durations": jnp.ones(2), "actions": jnp.ones((2, ACTION))}[name]
    with pytest.raises(ValueError, match=f"{name} must be for 3 frames, got 2"):
        forecast(model, start(model), 3, key=KEY, **{name: values})


@pytest.mark.parametrize("duration", [-1.0, float("nan"), float("inf")])
def test_a_duration_that_is_no_time_is_refused(duration):
    model = plain(Clock(1))
    with pytest.raises(ValueError, match=f"a duration must not be negative.*got {duration}"):
        imagine(model, start(model), silence(model), duration=duration)
    with pytest.raises(eqx.EquinoxRuntimeError, match="a duration must not be negative"):
        dream(model, start(model), silence(model), duration=jnp.asarray(duration))


def test_a_row_that_is_not_there_is_refused():
    model = plain(Clock(1))
    two = stacked([start(model)] * 2)
    with pytest.raises(ValueError, match="there are 2 streams, got row 2"):
        put(two, 2, start(model))
    with pytest.raises(ValueError, match="streams must have one leading axis, got 0"):
        put(start(model), 0, start(model))


def test_an_encoder_that_does_not_answer_for_every_level_is_refused():
    model = plain(Clock(2, 3))
    short = eqx.tree_at(lambda m: m.encoder, model, plain(Clock(1)).encoder)
    with pytest.raises(
        ValueError, match="2 levels need an encoder with features for each, got features for 1"
    ):
        step(short, start(short), inputs()[0][0], silence(short))
