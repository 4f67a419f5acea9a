"""Wrong calls of rollouts."""

from functools import partial

import jax.numpy as jnp
import jax.random as jr
import numpy as np
from models import made, noise, plain, plain_video, some_state, tiny

from cwvae import rollout
from cwvae.cells import RSSMCell
from cwvae.clock import Clock

KEY = jr.key(0)
CLOCK, FRAMES = Clock(2, 3), 6
OTHER = made(RSSMCell, stoch_size=3, deter_size=4, hidden_size=5, feature_size=2, context_size=0)


def zeros(*shape: int, dtype=float):
    return jnp.zeros(shape, dtype)


MODEL, VIDEO = plain(CLOCK), plain_video(FRAMES)
NOISE = noise(MODEL.hierarchy, FRAMES)
CALLS = {
    "a context that ends between ticks": (
        lambda: rollout.forecast(MODEL, VIDEO[:4], 3, key=KEY),
        "got 4 frames, the slowest period is 3; use 3 or 6",
    ),
    "a state after a context that ends between ticks": (
        lambda: rollout.observe(MODEL, VIDEO[:4], noise(MODEL.hierarchy, 4)),
        "got 4 frames, the slowest period is 3; use 3 or 6",
    ),
    **{
        f"a forecast with {name} {wrong}": (
            partial(rollout.forecast, MODEL, VIDEO, **({"horizon": 3, name: wrong}), key=KEY),
            f"{name}'? must be .*got {wrong}",
        )
        for name in ("horizon", "samples", "chunk")
        for wrong in (0, -3, 2.5)
    },
    "a forecast without a model": (
        lambda: rollout.forecast(VIDEO, VIDEO, 3, key=KEY),
        "'model' must be AbstractClockwork, got float32.6,1,2,1.",
    ),
    "a forecast with a number for a key": (
        lambda: rollout.forecast(MODEL, VIDEO, 3, key=1),
        "'key' must be a random key, got 1; make one",
    ),
    "a forecast of bytes": (
        lambda: rollout.forecast(MODEL, np.zeros((6, 1, 2, 1), "uint8"), 3, key=KEY),
        "'context' must be floats .*got uint8.*; convert it to floats, bytes by dividing",
    ),
    "a forecast at no rate": (
        lambda: rollout.forecast(MODEL, VIDEO, 3, key=KEY, frame_rate=0),
        "frame_rate must be positive and finite, got 0",
    ),
    "a forecast with conditioning of the context alone": (
        lambda: rollout.forecast(
            MODEL, VIDEO, 3, key=KEY, conditioning=MODEL.hierarchy.conditioning(6)
        ),
        r"6 context frames and the 3 to predict, got .*; make it with .*conditioning\(9, ...\)",
    ),
    "a forecast with both times and a rate": (
        lambda: rollout.forecast(
            MODEL, VIDEO, 3, key=KEY, conditioning=MODEL.hierarchy.conditioning(9), frame_rate=1
        ),
        "give either the frame rate or the times .*, not both",
    ),
    "a forecast of a batch": (
        lambda: rollout.forecast(tiny(), zeros(2, 4, 32, 32, 1), 3, key=KEY),
        r"frames of .* \(32, 32, 1\), got \(4, 32, 32, 1\)",
    ),
    "a sample of no frame": (
        lambda: rollout.sample(MODEL, 0, key=KEY),
        "frames must be .* at least 1, got 0",
    ),
    "no sample": (
        lambda: rollout.sample(MODEL, 3, key=KEY, samples=0),
        "samples must be .* at least 1, got 0",
    ),
    "a reconstruction without noise": (
        lambda: rollout.reconstruct(MODEL, VIDEO, None),
        "'noise' must be .*got None; model.hierarchy makes it",
    ),
    "a reconstruction with noise of other frames": (
        lambda: rollout.reconstruct(MODEL, VIDEO, noise(MODEL.hierarchy, 4)),
        "noise .*4 frames.*(video|features).* 6|4 frames, the video has 6",
    ),
    "a prediction with noise of another level": (
        lambda: rollout.predict_one_step(MODEL, VIDEO, NOISE, NOISE[1]),
        r"prior_noise must have shape \(6, 4\), got \(2, 4\); draw it with",
    ),
    "latents of a picture": (
        lambda: rollout.latents(MODEL, zeros()),
        r"'video' must be floats with axes \(frames, \*frame\), got float32\[\]",
    ),
    "imagination from no states": (
        lambda: rollout.imagine(MODEL, None, NOISE),
        "'states' must be a tuple of State, got None",
    ),
    "imagination from states of another model": (
        lambda: rollout.imagine(MODEL, (some_state(OTHER),) * 2, NOISE),
        r"stoch of level 0 must have shape \(4,\), got \(3,\); begin with",
    ),
}
