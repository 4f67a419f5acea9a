"""What holds for every stream, causal or not: imagining, records, saving, many at once."""

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest
from models import plain, stacked
from reference import assert_alike, rendered
from streams import (
    ALIGNED,
    FRAMES,
    KEY,
    cut,
    follow,
    imagine,
    imagine_batch,
    imagine_on,
    inputs,
    modes,
    noise_at,
    row,
    some,
    step,
)

from cwvae import streaming
from cwvae.clock import Clock

some_of_both = pytest.mark.parametrize(
    ("kind", "lookahead"), [("rssm", False), ("rssm", True), ("all_at_once", True)]
)
clocks = pytest.mark.parametrize("lookahead", [False, True], ids=["causal", "ahead"])


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
        cut(known, n, None) for known, n in zip(conditioning, clock.ticks(ALIGNED), strict=True)
    )
    traces = imagine_batch(levels, states, conditioning, KEY)

    after = imagine_on(model, stream, durations[ALIGNED:], actions[ALIGNED:])
    for frame, imagined in enumerate(after):
        for state, trace, period in zip(imagined.states, traces, clock.periods, strict=True):
            expected = row(trace.states, frame // period)
            assert_alike((state.stoch, state.deter), (expected.stoch, expected.deter))


@some_of_both
def test_imagining_inside_a_window_leaves_its_state(kind, lookahead):
    model = some(kind, lookahead=lookahead)
    stream, _ = follow(model, cut(inputs(), 4))[-1]
    durations, actions = cut(inputs()[1:], 4, 5)
    (after,) = imagine_on(model, stream, durations, 0 * actions)
    for level, period in enumerate(model.hierarchy.clock.periods):
        one, other = stream.states[level], after.states[level]
        same = eqx.tree_equal((one.stoch, one.deter), (other.stoch, other.deter))
        assert same == (4 % period != 0)


@clocks
def test_the_predicted_frame_is_that_of_an_imagined_step_without_noise(lookahead):
    model, (video, durations, actions) = some(lookahead=lookahead), inputs()
    steps = follow(model, inputs())
    for frame in (0, 3, 4, 6):
        before = steps[frame - 1][0] if frame else streaming.start(model)
        noise = noise_at(model.hierarchy, before.frame, key=jr.key(1))
        now = {"duration": durations[frame], "action": actions[frame]}
        # Neither the frame nor the noise with which it is observed have a part in it.
        _, other = step(model, before, video[frame] + 1, noise, **now)
        record = steps[frame][1]
        assert np.array_equal(record.predicted, other.predicted)
        assert np.any(record.output != other.output)
        expected = imagine(model, before, modes(model), **now)
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


@some_of_both
def test_a_stream_is_as_large_after_many_frames_as_before_the_first(kind, lookahead):
    model = some(kind, lookahead=lookahead)
    before = jax.tree.map(jax.typeof, streaming.start(model))
    assert all(jax.tree.map(jax.typeof, s) == before for s, _ in follow(model, inputs()))


@clocks
def test_a_step_is_traced_once_for_all_frames_models_and_streams(lookahead, tmp_path):
    run = eqx.filter_jit(eqx.debug.assert_max_traces(streaming.step, max_traces=1))
    models = [plain(Clock(2, 2, lookahead=lookahead), seed=seed) for seed in range(2)]
    streams = [streaming.start(model) for model in models]
    for frame, duration, _ in zip(*inputs(), strict=True):
        for place, model in enumerate(models):
            streams[place], _ = run(model, streams[place], frame, modes(model), duration=duration)
    eqx.tree_serialise_leaves(tmp_path / "stream.eqx", streams[0])
    restored = eqx.tree_deserialise_leaves(tmp_path / "stream.eqx", streaming.start(models[0]))
    run(models[0], restored, inputs()[0][0], modes(models[0]), duration=inputs()[1][0])


@some_of_both
def test_a_stream_that_was_saved_goes_on_as_if_it_had_not(kind, lookahead, tmp_path):
    model = some(kind, lookahead=lookahead)
    steps = follow(model, inputs())
    stream, _ = steps[3]  # in the middle of a window
    eqx.tree_serialise_leaves(tmp_path / "stream.eqx", stream)
    restored = eqx.tree_deserialise_leaves(tmp_path / "stream.eqx", streaming.start(model))
    assert eqx.tree_equal(follow(model, cut(inputs(), 4, None), restored), steps[4:])


@pytest.mark.parametrize(("kind", "lookahead"), [("rssm", False), ("all_at_once", True)])
def test_streams_side_by_side_are_alone_and_another_joins_where_one_leaves(kind, lookahead):
    model = some(kind, lookahead=lookahead)
    alone = [follow(model, inputs(seed)) for seed in range(3)]

    @eqx.filter_jit
    @eqx.filter_vmap(in_axes=(None, 0, 0, 0, 0))
    def together(model, stream, frame, duration, action):
        noise = model.hierarchy.noise_at(stream.frame, key=KEY)
        return streaming.step(model, stream, frame, noise, duration=duration, action=action)

    streams, rows = stacked([streaming.start(model)] * 2), [(0, 0), (1, 0)]
    for _ in range(9):
        if rows[1] == (1, 4):
            # The third comes from elsewhere, where it has observed its fifth frame.
            streams, rows[1] = streaming.insert(streams, 1, alone[2][4][0]), (2, 5)
        now = stacked([row(inputs(seed), frame) for seed, frame in rows])
        streams, records = together(model, streams, *now)
        for place, (seed, frame) in enumerate(rows):
            assert_alike(row((streams, records), place), alone[seed][frame])
        rows = [(seed, frame + 1) for seed, frame in rows]


@pytest.mark.parametrize("duration", [-1.0, float("nan"), float("inf")])
def test_a_duration_that_is_no_time_stops_a_compiled_program(duration):
    model = plain(Clock(1))
    with pytest.raises(eqx.EquinoxRuntimeError, match="a duration must be one number"):
        imagine(model, streaming.start(model), modes(model), duration=jnp.asarray(duration))


def test_an_encoder_with_too_few_features_raises():
    model = plain(Clock(2, 3))
    short = eqx.tree_at(lambda m: m.encoder, model, plain(Clock(1)).encoder)
    with pytest.raises(ValueError, match=r"2 levels need .* got features for 1"):
        streaming.step(short, streaming.start(short), inputs()[0][0], modes(short))
