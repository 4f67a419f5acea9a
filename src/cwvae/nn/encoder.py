"""Bottom-up: one frame becomes a vector of features for every level.

Without a time axis: `CWVAE.features` runs it on all frames and sums each level's windows.
"""

from collections.abc import Callable

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float, PyTree

from cwvae.nn.frame_networks import (
    AbstractFrameNetwork,
    AbstractVideoNetwork,
    map_frames,
    map_videos,
)
from cwvae.shapes import FrameFeatures

__all__ = ["CoarseEncoder", "Encoder"]


class Encoder(AbstractFrameNetwork):
    """A frame encoder, and chained dense stacks for the upper levels (official cnns.py, Encoder).

    **Arguments:** `frame` turns one frame into a vector; `stacks`, one for each level above the
    first, each turn the vector of the level below into that of their level.
    """

    frame: Callable[[Array], Array]
    stacks: tuple[Callable[[Array], Array], ...]

    def __call__(self, frame: Float[Array, "*frame"], /) -> PyTree[Float[Array, " _"]]:
        """Return the frame's features for each level, the fastest level first."""
        features = [self.frame(frame)]
        for stack in self.stacks:
            features.append(stack(features[-1]))
        return tuple(features)

    def batch(self, frames: Float[Array, " frames *frame"], /) -> FrameFeatures:
        """Return every frame's features for each level, the fastest level first."""
        features = [map_frames(self.frame, frames)]
        for stack in self.stacks:
            features.append(map_frames(stack, features[-1]))
        return tuple(features)


class CoarseEncoder(AbstractVideoNetwork):
    """An encoder that shows the slowest level the frame, and the others a coarse one.

    What is fine, such as the shape of a digit, then reaches the decoder through the slowest level
    alone, where it costs nats once a tick, and cannot be sent anew at every frame below; where
    things are is known from the coarse frame.

    **Arguments:** `fine` turns one frame into the slowest level's vector; `coarse`, one for each
    other level, the fastest first, each turn the means of all square blocks of the frame into that
    of their level; `block`, the edge of a block in pixels, which divides height and width.
    """

    fine: Callable[[Array], Array]
    coarse: tuple[Callable[[Array], Array], ...]
    block: int = eqx.field(static=True)

    def __call__(
        self, frame: Float[Array, "height width channels"], /
    ) -> PyTree[Float[Array, " _"]]:
        """Return the frame's features for each level, the fastest level first."""
        means = self._means(frame[None])[0]
        return (*(stack(means) for stack in self.coarse), self.fine(frame))

    def batch(self, frames: Float[Array, "frames height width channels"], /) -> FrameFeatures:
        """Return every frame's features for each level, the fastest level first."""
        means = self._means(frames)
        return (*(map_frames(stack, means) for stack in self.coarse), map_frames(self.fine, frames))

    def videos(
        self, videos: Float[Array, "batch frames height width channels"], read: int | None, /
    ) -> PyTree[Float[Array, "batch frames feature"]]:
        """Return `batch` of each video; the slowest level's features are 0 after what is read."""
        count, frames = videos.shape[:2]
        means = self._means(videos.reshape(-1, *videos.shape[2:])).reshape(count, frames, -1)
        fine = map_videos(self.fine, videos[:, :read])
        fine = jnp.pad(fine, [(0, 0), (0, frames - fine.shape[1]), (0, 0)])
        return (*(map_videos(stack, means) for stack in self.coarse), fine)

    def _means(
        self, frames: Float[Array, "frames height width channels"]
    ) -> Float[Array, "frames blocks"]:
        """Return the means of the blocks of every frame, as one vector."""
        count, height, width, channels = frames.shape
        if height % self.block or width % self.block:
            raise ValueError(
                f"blocks of {self.block} pixels must divide the frame, got {height} x {width}; use "
                "a power of two"
            )
        rows, columns = height // self.block, width // self.block
        split = frames.reshape(count, rows, self.block, columns, self.block, channels)
        return split.mean((2, 4)).reshape(count, -1)
