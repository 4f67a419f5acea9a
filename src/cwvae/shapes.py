"""The legend of axis names, the named array types, and the check that enforces them.

======== ==================================================================
axis     meaning
======== ==================================================================
frames   level-0 time: the frames of the video
ticks    a level's own time; level 1 ticks once per frame
frame    axes of one frame: height, width and channels, or others
height   rows of a frame; `width`, `channels` likewise
feature  what the encoder says about one frame, or one window of frames
top_down what the level above says: its [stoch, deter], held for a window
action   what is done in a tick's window, known without inference
stoch    the stochastic part z of a latent state
deter    the deterministic part h of a latent state
hidden   the width of the dense layers inside a cell
levels   one entry per level, the fastest first
samples  independent draws from the model
======== ==================================================================

The core has no batch axis: `jax.vmap` adds it at the edge.
"""

import numpy as np
from beartype import BeartypeConf, beartype
from jaxtyping import Array, Float, PyTree, jaxtyped

__all__ = [
    "Features",
    "Frame",
    "LevelFeatures",
    "LevelNoise",
    "Noise",
    "TopDown",
    "Video",
    "checked",
]

Frame = Float[Array | np.ndarray, "*frame"]
"""One frame: (height, width, channels), values in [0, 1], or any other array."""

Video = Float[Array | np.ndarray, " frames *frame"]
"""A video: frames of one shape."""

Features = Float[Array, "ticks feature"]
"""What the encoder heard at each tick of one level."""

TopDown = Float[Array, "ticks top_down"]
"""What the level above says at each tick of one level (width 0 at the top)."""

Noise = Float[Array, "ticks stoch"]
"""The noise from which one level's states are sampled; zeros give the mean."""

LevelFeatures = PyTree[Float[Array, "?ticks ?feature"], " levels"]
"""`Features` of every level, the fastest level first."""

LevelNoise = PyTree[Float[Array | np.ndarray, "?ticks ?stoch"], " levels"]
"""`Noise` of every level, the fastest level first."""

# Where a float is asked for, an int will do.
checked = jaxtyped(typechecker=beartype(conf=BeartypeConf(is_pep484_tower=True)))
"""Check the shapes and dtypes of a public function's arguments when it is called or traced.

A violation raises `jaxtyping.TypeCheckError` (a `TypeError`) that names the argument, the axes
that were expected and what was given.
"""
