"""Forecasts from any frame of a stream."""

import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest
from models import FEATURE, plain
from reference import assert_alike, rendered
from streams import ALIGNED, KEY, cut, follow, forecast, imagine_on, inputs, some

from cwvae import streaming
from cwvae.clock import Clock


@pytest.mark.parametrize("frames", [4, ALIGNED])
@pytest.mark.parametrize(
    ("kind", "lookahead"), [("rssm", False), ("rssm", True), ("all_at_once", True)]
)
def test_a_forecast_renders_imagined_steps_from_any_frame(kind, lookahead, frames):
    model = some(kind, lookahead=lookahead)
    stream, _ = follow(model, cut(inputs(), frames))[-1]
    durations, actions = cut(inputs()[1:], frames, frames + 5)
    options = {"samples": 2, "durations": durations, "actions": actions}
    actual = forecast(model, stream, 5, key=KEY, **options)
    assert actual.shape == (2, 5, 1, FEATURE, 1)
    for sample, key in enumerate(jr.split(KEY, 2)):
        imagined = imagine_on(model, stream, durations, actions, key=key)
        outputs = [model.hierarchy.cells[0].output(s.states[0]) for s in imagined]
        assert_alike(actual[sample], rendered(model, np.stack(outputs)), 1e-4)


@pytest.mark.parametrize("lookahead", [False, True], ids=["causal", "ahead"])
def test_a_longer_forecast_begins_with_a_shorter_whatever_the_chunk(lookahead):
    model = plain(Clock(2, 3, lookahead=lookahead))
    stream, _ = follow(model, cut(inputs(), 4))[-1]
    whole = forecast(model, stream, 5, key=KEY, samples=2)
    assert np.array_equal(forecast(model, stream, 5, key=KEY, samples=2), whole)
    assert np.all(forecast(model, stream, 5, key=jr.key(1), samples=2) != whole)
    assert np.all(whole[0] != whole[1])
    other = forecast(model, stream, 2, key=KEY, samples=2, chunk=1)
    assert_alike(other, whole[:, :2])


def test_frames_to_come_last_1_by_default():
    model = plain(Clock(1), kind="flow")
    stream = imagine_on(model, streaming.start(model), *cut(inputs()[1:], 2))[-1]
    whole = forecast(model, stream, 2, key=KEY)
    for duration in (1.0, 0.5):
        given = forecast(model, stream, 2, key=KEY, durations=jnp.full(2, duration))
        assert np.array_equal(given, whole) == (duration == 1)


def test_counts_and_arrays_of_numpy_will_do():
    model = some("all_at_once", lookahead=False)
    stream, actions = streaming.start(model), inputs()[2][:2]
    counts = {"samples": np.int32(2), "chunk": np.int64(3)}
    ours = streaming.forecast(
        model, stream, np.int64(2), key=KEY, actions=np.float64(actions), **counts
    )
    assert_alike(ours, forecast(model, stream, 2, key=KEY, samples=2, actions=actions))
    frame = np.float64(inputs()[0][0])
    noise = jax.tree.map(np.asarray, model.hierarchy.noise_at(0, key=KEY))
    options = {"duration": np.float32(0.5), "action": np.float64(actions[0])}
    one, _ = streaming.step(model, stream, frame, noise, **options)
    assert int(one.frame) == 1
