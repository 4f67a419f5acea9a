"""Read a window of 16 frames of the simulated `humans` data: what the person does.

The network ships with the package, trained on persons 1 to 20 of `cwvae data make humans` alone,
and is frozen: `scripts/train_action_reader.py` made it and wrote how well it reads the persons of
the test split, the ceiling of every accuracy that is measured with it. Both splits play the same
recordings, so the ceiling is 1; of real videos, or other recordings, it knows nothing.
"""

import functools

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from cwvae.evaluation.grids import GridConv, GridDense, fold_blocks, halve
from cwvae.evaluation.shipped import load_shipped
from cwvae.shapes import checked

__all__ = ["ACTIONS", "FRAMES", "SIZES", "ActionReader", "load_action_reader"]

ACTIONS = ("walking", "running", "boxing", "jumping", "kicking", "dancing")
"""The actions, in the order of their classes: those of the simulator."""

FRAMES = 16
"""Frames of a window that is read, .64 seconds."""

SIZES = (32, 64)
"""Edges of frames that are read, in pixels."""


class ActionReader(eqx.Module):
    """A network from windows of frames to the action: frames by themselves, then all together.

    Where nothing moves or nobody is seen, no class gets much more than a sixth, or walking and
    running, in which a person leaves the view, about a half each.
    """

    convs: tuple[GridConv, ...]
    frame: GridDense
    hidden: GridDense
    last: GridDense

    def __init__(self, *, key: PRNGKeyArray):
        """Draw the weights."""
        keys = jr.split(key, 5)
        self.convs = (GridConv(4, 24, 3, key=keys[0]), GridConv(24, 32, 3, key=keys[1]))
        self.frame = GridDense(16 * 32, 48, key=keys[2])
        self.hidden = GridDense(FRAMES * 48, 128, key=keys[3])
        self.last = GridDense(128, len(ACTIONS), key=keys[4])

    @checked
    def __call__(
        self, windows: Float[Array | np.ndarray, "videos frames height width 1"]
    ) -> Float[Array, "videos 6"]:
        """Return the logarithm of the probability of each of the `ACTIONS`, for each window.

        **Arguments:** `windows` of 16 frames, 25 a second, of 32 x 32 or 64 x 64 pixels, gray,
        clipped to [0, 1] first. Frames of 64 pixels are halved.

        Raises `ValueError` for windows or frames of another size.
        """
        count, frames, height, width, _ = windows.shape
        if frames != FRAMES or height != width or height not in SIZES:
            raise ValueError(
                f"expected windows of {FRAMES} frames of 32 x 32 or 64 x 64 pixels, got {frames} "
                f"of {height} x {width}; cut them, as in videos[:, :{FRAMES}], or resize them"
            )
        pixels = jnp.clip(jnp.asarray(windows, jnp.float32), 0, 1)
        block = height // 32
        small = pixels.reshape(-1, 32, block, 32, block, 1).mean((2, 4))
        grid = fold_blocks(small, 2)
        for conv in self.convs:
            grid = halve(jax.nn.relu(conv(grid)))
        each = jax.nn.relu(self.frame(grid.reshape(len(grid), -1)))
        hidden = jax.nn.relu(self.hidden(each.reshape(count, -1)))
        return jax.nn.log_softmax(self.last(hidden))


@functools.cache
def load_action_reader() -> ActionReader:
    """Return the reader that ships with the package."""
    return load_shipped(ActionReader, "action_reader")
