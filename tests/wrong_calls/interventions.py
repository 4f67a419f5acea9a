"""Wrong calls of reset, swap, clamp, blind and resample, and of their pictures."""

from dataclasses import replace

import jax.numpy as jnp
import jax.random as jr
import numpy as np
from models import plain, plain_video

from cwvae.analysis import blind, clamp, resample, reset, swap
from cwvae.analysis.pictures import every_so_many, swap_forecasts
from cwvae.clock import Clock

MODEL = plain(Clock(2, 2))
STATES, OTHER = MODEL.hierarchy.init(), plain(Clock(1)).hierarchy.init()
WIDE = tuple(replace(state, stoch=jnp.zeros(7)) for state in STATES)
VIDEO, NOISE = plain_video(4), MODEL.hierarchy.zero_noise(4)
LATENT = np.zeros(4, "float32")
CONTEXTS, KEY = np.zeros((1, 4, 1, 2, 1), "float32"), jr.key(0)
NO_LEVEL = r"levels must be among \[0, 1\] \(0 is the fastest\), got .*; choose one"

CALLS = {
    "reset a level that does not exist": (lambda: reset(MODEL, STATES, 2), NO_LEVEL),
    "reset the states of fewer levels": (
        lambda: reset(MODEL, OTHER, 0),
        r"states must have sizes .* got \[\(4, 5\)\]; take them from",
    ),
    "reset states of other sizes": (
        lambda: reset(MODEL, WIDE, 0),
        r"states must have sizes .* got \[\(7, 5\), \(7, 5\)\]; take them from",
    ),
    "reset no states": (lambda: reset(MODEL, None, 0), "'states' must be a tuple of State"),
    "swap a level that does not exist": (lambda: swap(STATES, STATES, {-1}), NO_LEVEL),
    "swap with another model": (
        lambda: swap(STATES, WIDE, 0),
        "both videos must have states of the same shapes, got .*; take both from one model",
    ),
    "pictures of swaps of a single video": (
        lambda: swap_forecasts(MODEL, CONTEXTS, 4, key=KEY),
        "contexts must be of at least 2 videos to be swapped, got 1; give more",
    ),
    "pictures of every 0 frames": (
        lambda: every_so_many(MODEL, CONTEXTS, 4, 0, key=KEY),
        "every must be a whole number of at least 1, got 0",
    ),
    "blind a level that does not exist": (lambda: blind(MODEL, [0, 3]), NO_LEVEL),
    "resample a level that does not exist": (
        lambda: resample(MODEL, VIDEO, 2, NOISE, NOISE),
        NO_LEVEL,
    ),
    "resample with noise for other frames": (
        lambda: resample(MODEL, VIDEO, 0, NOISE, MODEL.hierarchy.zero_noise(2)),
        "noise",
    ),
    "clamp a level that does not exist": (lambda: clamp(MODEL, {2: LATENT}), NO_LEVEL),
    "clamp to a latent of another length": (
        lambda: clamp(MODEL, {1: LATENT[:2]}),
        r"the latent of a level must have shape \(4,\), got \(2,\); give one vector",
    ),
}
