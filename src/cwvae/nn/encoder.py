"""Bottom-up: one frame becomes a vector of features for every level.

Without a time axis: `CWVAE.features` runs it on all frames and sums each level's windows.
"""

from collections.abc import Callable

from jaxtyping import Array, Float, PyTree

from cwvae.nn.frame_networks import AbstractFrameNetwork, map_frames
from cwvae.shapes import FrameFeatures

__all__ = ["Encoder"]


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
