"""Wrong calls of the streaming functions raise one sentence with a remedy."""

from functools import partial
from types import SimpleNamespace

import equinox as eqx
import jax.numpy as jnp
import pytest
from models import ACTION, plain, stacked
from streams import KEY, imagine, inputs, modes, some

from cwvae import streaming
from cwvae.clock import Clock


@pytest.fixture(scope="module")
def given() -> SimpleNamespace:
    """Return a model of two levels with actions, and right arguments."""
    model = some("all_at_once", lookahead=False)
    start = streaming.start(model)
    return SimpleNamespace(
        model=model,
        start=start,
        two=stacked([start] * 2),
        other=streaming.start(plain(Clock(1))),
        noise=modes(model),
        frame=inputs()[0][0],
        action=jnp.zeros(ACTION),
        step=partial(streaming.step, model),
        imagine=partial(streaming.imagine, model),
        forecast=partial(streaming.forecast, model, key=KEY),
    )


WRONG = {
    "noise of another width": (
        lambda g: g.step(g.start, g.frame, (jnp.zeros(3), jnp.zeros(4)), action=g.action),
        r"noise must be a vector .* got \[\(3,\), \(4,\)\]; make it with .*noise_at",
    ),
    "noise of fewer levels": (
        lambda g: g.step(g.start, g.frame, g.noise[:1], action=g.action),
        r"noise must be a vector for each level, .* got \[\(4,\)\]; make it with",
    ),
    "noise of a whole video": (
        lambda g: g.imagine(g.start, g.model.hierarchy.noise(3, key=KEY), action=g.action),
        r"got \[\(3, 4\), \(1, 4\)\]; make it with",
    ),
    "a frame of another shape": (
        lambda g: g.step(g.start, g.frame[..., 0], g.noise, action=g.action),
        r"frame must have shape \(1, 2, 1\), .* got \(1, 2\); resize",
    ),
    "a batch of frames": (
        lambda g: g.step(g.start, stacked([g.frame] * 2), g.noise, action=g.action),
        r"got \(2, 1, 2, 1\); .* jax.vmap for many streams",
    ),
    "no action": (
        lambda g: g.step(g.start, g.frame, g.noise),
        rf"level 1 expects an action of shape \({ACTION},\), got none; give .* action=",
    ),
    "a shorter action": (
        lambda g: g.imagine(g.start, g.noise, action=g.action[:1]),
        rf"level 1 expects an action of shape \({ACTION},\), got \(1,\); give",
    ),
    "no actions of the frames to come": (
        lambda g: g.forecast(g.start, 3),
        rf"level 1 expects an action of shape \({ACTION},\), got none",
    ),
    "a negative duration": (
        lambda g: g.imagine(g.start, g.noise, duration=-1.0, action=g.action),
        r"a duration must be one number, at least 0 and finite, got -1.0; give the time",
    ),
    "a negative duration that is an array": (
        lambda g: g.imagine(g.start, g.noise, duration=jnp.asarray(-1.0), action=g.action),
        r"a duration must be one number, .* got -1.0; give the time",
    ),
    "the stream of a model of fewer levels": (
        lambda g: g.step(g.other, g.frame, g.noise, action=g.action),
        r"the model has 2 levels, the stream 1; begin one with streaming.start\(model\)",
    ),
    "the stream of a model of other sizes": (
        lambda g: g.step(streaming.start(plain(Clock(2, 3))), g.frame, g.noise, action=g.action),
        r"the stream's stoch, deter and features of level 0 must have shapes .*; begin",
    ),
    "many streams": (
        lambda g: g.imagine(g.two, g.noise, action=g.action),
        r"of level 0 must have shapes .* got \(\(2, 4\), .* jax.vmap for many streams",
    ),
    "no horizon": (lambda g: g.forecast(g.start, 0), "horizon must be at least 1, got 0; give"),
    "no samples": (
        lambda g: g.forecast(g.start, 3, samples=0),
        "samples must be at least 1, got 0",
    ),
    "a negative chunk": (
        lambda g: g.forecast(g.start, 3, chunk=-3),
        "chunk must be .* got -3",
    ),
    "durations of another horizon": (
        lambda g: g.forecast(g.start, 3, durations=jnp.ones(2)),
        r"durations must have one entry for each of the 3 frames .* got shape \(2,\); cut",
    ),
    "actions of another horizon": (
        lambda g: g.forecast(g.start, 3, actions=jnp.ones((2, ACTION))),
        rf"actions must have one entry for each of the 3 frames .* got shape \(2, {ACTION}\)",
    ),
    "a row that does not exist": (
        lambda g: streaming.insert(g.two, 2, g.start),
        "there are 2 streams, got row 2; use one of 0 to 1",
    ),
    "one stream for many": (
        lambda g: streaming.insert(g.start, 0, g.start),
        "streams must have one leading axis, got 0; make them with",
    ),
    "a stream of another model among many": (
        lambda g: streaming.insert(g.two, 0, g.other),
        "the stream must have arrays of shapes .* got .*; begin it with",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_call_raises_one_sentence_with_a_remedy(name, given):
    call, match = WRONG[name]
    with pytest.raises(ValueError, match=match) as error:
        call(given)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("duration", [float("nan"), float("inf")])
def test_a_duration_that_is_no_time_raises(duration):
    model = plain(Clock(1))
    stream = streaming.start(model)
    with pytest.raises(ValueError, match=rf"a duration must be .* got {duration}; give"):
        streaming.imagine(model, stream, modes(model), duration=duration)
    with pytest.raises(eqx.EquinoxRuntimeError, match="a duration must be one number"):
        imagine(model, stream, modes(model), duration=jnp.asarray(duration))


def test_arguments_of_other_types_raise(given):
    pixels = jnp.zeros((1, 2, 1), "uint8")
    with pytest.raises(TypeError, match="frame"):
        given.step(given.start, pixels, given.noise, action=given.action)
    with pytest.raises(TypeError, match="stream"):
        given.step(given.model, given.frame, given.noise, action=given.action)
    with pytest.raises(TypeError, match="horizon"):
        given.forecast(given.start, 2.5)
    with pytest.raises(TypeError, match="key"):
        streaming.forecast(given.model, given.start, 2, key=3)


def test_an_encoder_with_too_few_features_raises():
    model = plain(Clock(2, 3))
    short = eqx.tree_at(lambda m: m.encoder, model, plain(Clock(1)).encoder)
    with pytest.raises(ValueError, match=r"2 levels need .* got features for 1"):
        streaming.step(short, streaming.start(short), inputs()[0][0], modes(short))
