"""The legend of axis names, and the named array types made of them.

======== ==================================================================
axis     meaning
======== ==================================================================
frames   level-0 time: the frames of the video
ticks    a level's own time; level 0 ticks once per frame
frame    axes of one frame: height, width and channels, or others
height   rows of a frame; `width`, `channels` likewise
feature  the encoder's output for one frame, or its sum over a tick's window
top_down the output [stoch, deter] of the level above, held for its window
action   known inputs of a tick's window, such as a robot's commands
stoch    the stochastic part z of a latent state
deter    the deterministic part h of a latent state
output   [stoch, deter] of a level: input of the level below, or the decoder
hidden   the width of the dense layers inside a cell
levels   one entry per level, the fastest first
samples  independent draws from the model
======== ==================================================================

A name with a question mark, such as `?ticks`, has a length of its own for each level. The core
has no batch axis: `jax.vmap` adds it at the edge.

Randomness is an argument. A function that goes once through a video takes `noise`, an array for
each level, and draws nothing: `Hierarchy.noise` draws it from a key, and zeros (`zero_noise`)
give the mode of every belief. A function that draws samples takes `key`, by keyword only and
without a default.
"""

import numpy as np
from jaxtyping import Array, Float, PyTree

from cwvae.typechecking import TypeCheckError, checked

__all__ = [
    "BatchFeatures",
    "BatchNoise",
    "Features",
    "Frame",
    "FrameFeatures",
    "LevelFeatures",
    "LevelNoise",
    "Noise",
    "SampleNoise",
    "TickNoise",
    "TopDown",
    "TypeCheckError",
    "Video",
    "checked",
]

Frame = Float[Array | np.ndarray, "*frame"]
"""One frame: (height, width, channels), values in [0, 1], or any other array."""

Video = Float[Array | np.ndarray, " frames *frame"]
"""A video: frames of one shape."""

Features = Float[Array, "ticks feature"]
"""The encoder's features at each tick of one level."""

TopDown = Float[Array, "ticks top_down"]
"""The output of the level above at each tick of one level (width 0 at the top)."""

Noise = Float[Array | np.ndarray, "ticks stoch"]
"""The noise from which one level's states are sampled; zeros give the mode."""

FrameFeatures = PyTree[Float[Array, "frames ?feature"], " levels"]
"""The encoder's features of every frame, for every level, the fastest level first."""

BatchFeatures = PyTree[Float[Array, "batch frames ?feature"], " levels"]
"""`FrameFeatures` of every video of a batch."""

LevelFeatures = PyTree[Float[Array, "?ticks ?feature"], " levels"]
"""`Features` of every level, the fastest level first."""

LevelNoise = PyTree[Float[Array | np.ndarray, "?ticks ?stoch"], " levels"]
"""`Noise` of every level, the fastest level first."""

BatchNoise = PyTree[Float[Array | np.ndarray, "batch ?ticks ?stoch"], " levels"]
"""`LevelNoise` of every video of a batch."""

SampleNoise = PyTree[Float[Array | np.ndarray, "samples ?ticks ?stoch"], " levels"]
"""`LevelNoise` of several samples of one video."""

TickNoise = PyTree[Float[Array | np.ndarray, "?stoch"], " levels"]
"""The noise of one tick of every level, the fastest level first."""
