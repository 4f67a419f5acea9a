"""Wrong calls of the reader and of the identity protocol."""

from functools import partial

import jax.numpy as jnp
import numpy as np

from cwvae.evaluation.action_reader import load_action_reader
from cwvae.evaluation.bootstrap import estimate
from cwvae.evaluation.identity import measure, summarise
from cwvae.evaluation.reader import load_reader
from cwvae.evaluation.video_reading import window_ends

FRAMES = jnp.zeros((2, 32, 32, 1))


def read(frames, num_digits):
    """Read frames with the reader that ships."""
    return load_reader(32)(frames, num_digits)


def videos(horizon=10, frames=14, size=32, digits=1):
    """Measure blank forecasts of one video."""
    return measure(
        np.zeros((1, 1, horizon, size, size, 1), np.float32),
        np.zeros((1, frames, size, size, 1), np.float32),
        np.zeros((1, digits), np.int32),
        np.zeros((1, frames, digits, 2), np.float32),
    )


CALLS = {
    **{
        f"actions in windows of shape {shape}": (
            lambda shape=shape: load_action_reader()(np.zeros(shape, np.float32)),
            r"expected windows of 16 frames of 32 x 32 or 64 x 64 pixels, got .*; cut them",
        )
        for shape in ((1, 15, 32, 32, 1), (1, 16, 48, 48, 1), (1, 16, 32, 64, 1))
    },
    **{
        f"a reader for {wrong} pixels": (
            partial(load_reader, wrong),
            f"size must be .*got {wrong}",
        )
        for wrong in (0, 48, 128, 32.5)
    },
    "no digits": (partial(read, FRAMES, 0), "num_digits must be .*got 0"),
    "three digits": (partial(read, FRAMES, 3), "num_digits must be 1 or 2, got 3"),
    "frames of 28 pixels": (
        partial(read, jnp.zeros((1, 28, 28, 1)), 1),
        "32 x 32 or 64 x 64 pixels, got 28 x 28; resize",
    ),
    "frames that are no squares": (
        partial(read, jnp.zeros((1, 32, 64, 1)), 1),
        "got 32 x 64; resize",
    ),
    "frames in colour": (partial(read, jnp.zeros((1, 32, 32, 3)), 1), "'frames' must be .*got"),
    "bytes": (partial(read, jnp.zeros((1, 32, 32, 1), "uint8"), 1), "'frames' must be .*got"),
    "a forecast of 9 frames": (partial(videos, horizon=9), "at least 10 frames .*got 9; predict"),
    "no context": (partial(videos, horizon=14), "must begin with the context, got 14 frames"),
    "videos of 48 pixels": (partial(videos, size=48), "size must be 32 or 64, got 48"),
    "videos of three digits": (partial(videos, digits=3), "num_digits must be 1 or 2, got 3"),
    "windows of a short video": (partial(window_ends, 36, 40), "at least 10 frames .*got 4"),
    "no readings": (partial(summarise, [], context=36, size=32), "at least one video, got none"),
    "no videos": (partial(estimate, np.zeros((0, 1, 3))), "at least one video .*got shape"),
    "values without samples": (partial(estimate, np.zeros((4, 3))), "must have axes .*got shape"),
    "a negative seed": (partial(estimate, np.zeros((4, 1, 3)), seed=-1), "seed must be .*got -1"),
}
