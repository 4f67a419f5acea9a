"""Context frames in, frames out."""

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest
from models import DETER, STOCH, conditioning, draw, noise, plain, plain_video
from reference import assert_alike, frame_by_frame, rendered, windows

from cwvae.clock import Clock
from cwvae.rollout import (
    forecast,
    imagine,
    latents,
    observe,
    predict_one_step,
    reconstruct,
    sample,
)

# A Gaussian and a categorical belief, and a cell with actions.
kinds = pytest.mark.parametrize("kind", ["rssm", "categorical", "conditioned"])

CLOCK = Clock(2, 3)
CONTEXT, HORIZON = 6, 7
KEY = jr.key(0)

predict = eqx.filter_jit(forecast)


@pytest.fixture(scope="module")
def model():
    return plain(CLOCK)


@pytest.fixture(scope="module")
def context():
    return plain_video(CONTEXT)


@pytest.fixture(scope="module")
def whole(model, context):
    """The forecast that others are compared with, two samples."""
    return np.asarray(predict(model, context, HORIZON, key=KEY, samples=2))


def cut_out(known, start: int, stop: int | None = None):
    """Cut the conditioning of the frames from start to stop, both aligned."""
    ends = [slice(start // p, stop and stop // p) for p in CLOCK.periods]
    return tuple(
        jax.tree.map(lambda array, end=end: array[end], level)
        for level, end in zip(known, ends, strict=True)
    )


def test_a_forecast_has_all_samples_and_frames(whole):
    assert whole.shape == (2, HORIZON, 1, 2, 1)
    assert whole.dtype == np.float32
    assert np.all(np.isfinite(whole))


def test_the_same_key_gives_the_same_forecast(model, context, whole):
    assert_alike(predict(model, context, HORIZON, key=KEY, samples=2), whole)


def test_another_key_gives_another_forecast(model, context, whole):
    other = predict(model, context, HORIZON, key=jr.key(1), samples=2)
    assert np.all(other != whole)


def test_another_context_gives_another_forecast(model, context, whole):
    other = predict(model, context + 1, HORIZON, key=KEY, samples=2)
    assert np.all(other[:, 0] != whole[:, 0])


def test_samples_differ(whole):
    assert np.all(whole[0] != whole[1])


@pytest.mark.parametrize("chunk", [1, 6, 1000])
def test_a_forecast_does_not_depend_on_the_chunk(model, context, whole, chunk):
    assert_alike(predict(model, context, HORIZON, key=KEY, samples=2, chunk=chunk), whole)


@pytest.mark.parametrize(("horizon", "chunk"), [(1, 36), (3, 36), (5, 1), (17, 36), (17, 4)])
def test_a_longer_forecast_begins_with_a_shorter(model, context, whole, horizon, chunk):
    other = predict(model, context, horizon, key=KEY, samples=2, chunk=chunk)
    assert other.shape[1] == horizon
    shared = min(horizon, HORIZON)
    assert_alike(other[:, :shared], whole[:, :shared])


@pytest.mark.parametrize("kind", ["rssm", "categorical", "all_at_once"])
def test_a_forecast_is_observing_the_context_and_imagining_on(kind, context):
    model = plain(CLOCK, kind=kind)
    levels = model.hierarchy
    known = conditioning(levels, CONTEXT + HORIZON)
    # In chunks that pass the end.
    actual = predict(model, context, HORIZON, key=KEY, samples=2, chunk=3, conditioning=known)
    for index, key in enumerate(jr.split(KEY, 2)):
        context_key, future_key = jr.split(key)
        before = levels.noise(CONTEXT, key=context_key), cut_out(known, 0, CONTEXT)
        after = levels.noise(HORIZON, key=future_key), cut_out(known, CONTEXT)
        states, _ = frame_by_frame(
            levels.cells, (3,), CONTEXT, *before, features=windows(context, (3,))
        )
        _, traces = frame_by_frame(levels.cells, (3,), HORIZON, *after, states=states)
        expected = rendered(model, traces[0].output)
        np.testing.assert_allclose(actual[index], expected, rtol=1e-4, atol=1e-4)


def test_observe_and_imagine_are_the_two_halves_of_a_forecast(model, context, whole):
    context_key, future_key = jr.split(jr.split(KEY, 2)[1])
    levels = model.hierarchy
    states = observe(model, context, levels.noise(CONTEXT, key=context_key))
    after = cut_out(levels.conditioning(CONTEXT + HORIZON), CONTEXT)
    last, frames = imagine(model, states, levels.noise(HORIZON, key=future_key), after)
    assert_alike(frames, whole[1])
    assert jax.tree.structure(last) == jax.tree.structure(states)


def test_a_model_of_one_level_takes_any_context():
    model = plain(Clock(1))
    assert predict(model, plain_video(5), 3, key=KEY).shape == (1, 3, 1, 2, 1)


@kinds
def test_a_reconstruction_renders_the_posterior(kind):
    model, video = plain(CLOCK, kind=kind), plain_video(5)
    inputs = noise(model.hierarchy, 5), conditioning(model.hierarchy, 5)
    _, traces = frame_by_frame(
        model.hierarchy.cells, (3,), 5, *inputs, features=windows(video, (3,))
    )
    actual = reconstruct(model, video, *inputs)
    np.testing.assert_allclose(actual, rendered(model, traces[0].output), rtol=1e-4, atol=1e-4)


@kinds
def test_a_one_step_prediction_renders_the_prior_after_the_posterior_of_the_frames_before(kind):
    model, video = plain(CLOCK, kind=kind), plain_video(5)
    noises, prior_noise = noise(model.hierarchy, 5), draw(9, 5, STOCH)
    known = conditioning(model.hierarchy, 5)
    _, traces = frame_by_frame(
        model.hierarchy.cells, (3,), 5, noises, known, features=windows(video, (3,))
    )
    stoch = traces[0].prior.sample(prior_noise)
    output = np.concatenate([stoch, traces[0].states.deter[:, :DETER]], axis=-1)
    actual = predict_one_step(model, video, noises, prior_noise, known)
    np.testing.assert_allclose(actual, rendered(model, output), rtol=1e-4, atol=1e-4)


@kinds
def test_latents_are_the_posteriors_modes_of_every_level(kind):
    model, video = plain(CLOCK, kind=kind), plain_video(5)
    known = conditioning(model.hierarchy, 5)
    silence = [np.zeros((ticks, STOCH), np.float32) for ticks in CLOCK.ticks(5)]
    _, expected = frame_by_frame(
        model.hierarchy.cells, (3,), 5, silence, known, features=windows(video, (3,))
    )
    actual = latents(model, video, known)
    assert_alike(actual, tuple(expected))
    for trace in actual:
        assert_alike(trace.states.stoch, trace.posterior.mode)


# Videos from nothing.

draw_videos = eqx.filter_jit(sample)


@pytest.mark.parametrize("kind", ["rssm", "all_at_once"])
def test_a_sample_is_imagined_from_the_state_before_the_first_frame(kind):
    model = plain(CLOCK, kind=kind)
    known = conditioning(model.hierarchy, 7)
    actual = draw_videos(model, 7, key=KEY, samples=2, chunk=3, conditioning=known)
    for video, key in zip(actual, jr.split(KEY, 2), strict=True):
        noises = model.hierarchy.noise(7, key=key)
        _, traces = frame_by_frame(model.hierarchy.cells, (3,), 7, noises, known)
        expected = rendered(model, traces[0].output)
        np.testing.assert_allclose(video, expected, rtol=1e-4, atol=1e-4)


def test_a_sample_depends_on_the_key_and_not_on_chunk_or_length(model):
    one = draw_videos(model, 7, key=KEY)
    assert one.shape == (1, 7, 1, 2, 1)
    assert_alike(draw_videos(model, 4, key=KEY, chunk=3), one[:, :4])
    assert np.all(draw_videos(model, 7, key=jr.key(1)) != one)


def test_frames_of_a_sample_come_at_0_1_2():
    model = plain(Clock(1), kind="flow")
    known = model.hierarchy.conditioning(3, times=np.arange(3.0))
    one, other = (draw_videos(model, 3, key=KEY, conditioning=c) for c in (None, known))
    assert_alike(one, other)


# Times of the frames to predict.


@pytest.mark.parametrize("whole_number", [np.int64, jnp.asarray])
def test_counts_may_be_of_numpy_or_jax(model, context, whole, whole_number):
    other = forecast(
        model, context, whole_number(HORIZON), key=KEY, samples=whole_number(2), chunk=np.int32(6)
    )
    assert_alike(other, whole)


def test_a_frame_rate_sets_the_times_after_the_context():
    model, context = plain(Clock(1), kind="flow"), plain_video(2)
    actual = predict(model, context, 3, key=KEY, frame_rate=2)
    known = [
        model.hierarchy.conditioning(5, times=np.asarray([0, 1, *times]))
        for times in ((1.5, 2, 2.5), (2, 3, 4))
    ]
    assert_alike(actual, predict(model, context, 3, key=KEY, conditioning=known[0]))
    assert np.all(actual != predict(model, context, 3, key=KEY, conditioning=known[1]))


def test_without_a_frame_rate_frames_go_on_as_before(model, context, whole):
    known = model.hierarchy.conditioning(CONTEXT + HORIZON)
    assert_alike(predict(model, context, HORIZON, key=KEY, samples=2, conditioning=known), whole)


def test_a_model_without_continuous_memories_has_no_use_for_a_frame_rate(model, context, whole):
    other = predict(model, context, HORIZON, key=KEY, samples=2, frame_rate=0.5)
    assert_alike(other, whole)


@pytest.mark.parametrize(
    ("frames", "remedy"), [(1, "use 3"), (5, "use 3 or 6"), (7, "use 6 or 9"), (0, "use 3")]
)
def test_a_context_that_does_not_end_on_a_tick_of_every_level_raises_an_error(
    model, frames, remedy
):
    message = rf"got {frames} frames, the slowest period is 3; {remedy}(\n|$)"
    with pytest.raises(ValueError, match=message):
        forecast(model, plain_video(frames), HORIZON, key=KEY)


def test_a_key_has_to_be_given(model, context):
    with pytest.raises(TypeError, match="key"):
        forecast(model, context, HORIZON)
