"""Wrong calls of the streaming functions."""

from functools import partial

import jax.numpy as jnp
import jax.random as jr
from models import ACTION, plain, plain_video, stacked

from cwvae import streaming
from cwvae.clock import Clock

KEY = jr.key(0)
MODEL = plain(Clock(2, 3, lookahead=False), kind="all_at_once")
START, OTHER = streaming.start(MODEL), streaming.start(plain(Clock(1)))
OF_OTHER_SIZES, TWO = streaming.start(plain(Clock(2, 3))), stacked([START] * 2)
FRAME, NOISE, ACT = plain_video(1)[0], (jnp.zeros(4),) * 2, jnp.zeros(ACTION)

imagine = partial(streaming.imagine, MODEL)
forecast = partial(streaming.forecast, MODEL, key=KEY)


def step(stream=START, frame=FRAME, noise=NOISE, **options):
    """Take a step, some arguments changed."""
    return streaming.step(MODEL, stream, frame, noise, **({"action": ACT} | options))


CALLS = {
    "noise of another width": (
        lambda: step(noise=(jnp.zeros(3), jnp.zeros(4))),
        r"noise must be a vector .* got \[\(3,\), \(4,\)\]; make it with .*noise_at",
    ),
    "noise of fewer levels": (
        lambda: step(noise=NOISE[:1]),
        r"noise must be a vector for each level, .* got \[\(4,\)\]; make it with",
    ),
    "noise of a whole video": (
        lambda: imagine(START, MODEL.hierarchy.noise(3, key=KEY), action=ACT),
        r"'noise' must be .*axes \(stoch\), got float32\[3,4\] at level 0",
    ),
    "a frame of another shape": (
        lambda: step(frame=FRAME[..., 0]),
        r"frame must have shape \(1, 2, 1\), .* got \(1, 2\); resize",
    ),
    "a batch of frames": (
        lambda: step(frame=stacked([FRAME] * 2)),
        r"got \(2, 1, 2, 1\); .* jax.vmap for many streams",
    ),
    "a frame of bytes": (
        lambda: step(frame=jnp.zeros((1, 2, 1), "uint8")),
        "'frame' must be floats .* got uint8.*; convert it to floats",
    ),
    "no action": (
        lambda: step(action=None),
        rf"level 1 expects an action of shape \({ACTION},\), got none; give .* action=",
    ),
    "a shorter action": (
        lambda: imagine(START, NOISE, action=ACT[:1]),
        rf"level 1 expects an action of shape \({ACTION},\), got \(1,\); give",
    ),
    "no actions of the frames to come": (
        lambda: forecast(START, 3),
        rf"level 1 expects an action of shape \({ACTION},\), got none",
    ),
    **{
        f"a duration of {duration}": (
            partial(imagine, START, NOISE, duration=duration, action=ACT),
            rf"a duration must be one number, .* finite, got {duration}; give the time",
        )
        for duration in (-1, float("nan"), float("inf"), jnp.asarray(-2.0))
    },
    "durations for one frame": (
        lambda: step(duration=jnp.ones(2)),
        r"'duration' must be .*got float32\[2\]",
    ),
    "the stream of a model of fewer levels": (
        lambda: step(OTHER),
        r"the model has 2 levels, the stream 1; begin one with streaming.start\(model\)",
    ),
    "the stream of a model of other sizes": (
        lambda: step(OF_OTHER_SIZES),
        r"the stream's stoch, deter and features of level 0 must have shapes .*; begin",
    ),
    "many streams": (
        lambda: imagine(TWO, NOISE, action=ACT),
        r"of level 0 must have shapes .* got \(\(2, 4\), .* jax.vmap for many streams",
    ),
    "a model for a stream": (lambda: step(MODEL), "'stream' must be Stream"),
    **{
        f"a forecast with {name} {wrong}": (
            partial(streaming.forecast, MODEL, START, **({"horizon": 3, name: wrong}), key=KEY),
            f"{name}'? must be .*got {wrong}",
        )
        for name in ("horizon", "samples", "chunk")
        for wrong in (0, -3, 2.5)
    },
    "a number for a key": (
        lambda: streaming.forecast(MODEL, START, 3, key=1),
        "'key' must be a random key, got 1; make one",
    ),
    "durations of another horizon": (
        lambda: forecast(START, 3, durations=jnp.ones(2)),
        r"durations must have one entry for each of the 3 frames .* got shape \(2,\); cut",
    ),
    "actions of another horizon": (
        lambda: forecast(START, 3, actions=jnp.ones((2, ACTION))),
        rf"actions must have one entry for each of the 3 frames .* got shape \(2, {ACTION}\)",
    ),
    "a row that does not exist": (
        lambda: streaming.insert(TWO, 2, START),
        "there are 2 streams, got row 2; use one of 0 to 1",
    ),
    "one stream for many": (
        lambda: streaming.insert(START, 0, START),
        "streams must have one leading axis, got 0; make them with",
    ),
    "a stream of another model among many": (
        lambda: streaming.insert(TWO, 0, OTHER),
        "the stream must have arrays of shapes .* got .*; begin it with",
    ),
}
