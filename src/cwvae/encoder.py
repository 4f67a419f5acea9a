"""Bottom-up: a video becomes, for every level, features on the level's own clock."""

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
from jaxtyping import Array, Float, PRNGKeyArray

from cwvae.clock import Clock, pool
from cwvae.layers import Dense
from cwvae.shapes import LevelFeatures, Video, checked
from cwvae.vision import FrameEncoder

__all__ = ["DenseStack", "Encoder"]


class DenseStack(eqx.Module):
    """Dense layers, ReLU between them, linear at the end, that keep the length of a vector."""

    layers: tuple[Dense, ...]

    def __init__(self, feature: int, *, hidden: int, depth: int, key: PRNGKeyArray):
        """Make `depth` layers (at least 1) of width `hidden` from and to `feature`."""
        if depth < 1:
            raise ValueError(f"a stack needs at least 1 dense layer, got {depth}")
        sizes = (feature, *(depth - 1) * (hidden,), feature)
        self.layers = tuple(
            Dense(i, o, key=k)
            for i, o, k in zip(sizes[:-1], sizes[1:], jr.split(key, depth), strict=True)
        )

    def __call__(self, inputs: Float[Array, "feature"]) -> Float[Array, "feature"]:
        """Apply the layers to one vector."""
        for layer in self.layers[:-1]:
            inputs = jax.nn.relu(layer(inputs))
        return self.layers[-1](inputs)


class Encoder(eqx.Module):
    """A frame encoder, and chained dense stacks for the upper levels (official cnns.py, Encoder).

    **Arguments:** `frame` encodes one frame; `stacks`, one for each level above the first, run
    at frame rate on the output of the stack below; `clock` pools each level's output to its own
    ticks, summing the frames from a tick to the end of its window (so an upper level's features
    look ahead by up to its period).
    """

    frame: FrameEncoder
    stacks: tuple[DenseStack, ...]
    clock: Clock = eqx.field(static=True)

    def __check_init__(self) -> None:
        """Refuse a number of stacks that does not fit the clock."""
        if len(self.stacks) != self.clock.levels - 1:
            raise ValueError(
                f"{self.clock.levels} levels need {self.clock.levels - 1} dense stacks, one for "
                f"each level above the first, got {len(self.stacks)}"
            )

    @checked
    def __call__(self, video: Video) -> LevelFeatures:
        """Return each level's features, (ticks, feature), the fastest level first."""
        if video.shape[0] < 1:
            raise ValueError("a video needs at least 1 frame, got none")
        with jax.named_scope("encode"):
            features = [jax.vmap(self.frame)(jnp.asarray(video))]
            for stack in self.stacks:
                features.append(jax.vmap(stack)(features[-1]))
            return tuple(
                pool(f, period) for f, period in zip(features, self.clock.periods, strict=True)
            )
