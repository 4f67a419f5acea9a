"""Frame -> vector with skip features, and back: what the networks of both kinds have in common.

A call is of one time step, whose batch gives the statistics of its normalisations; `over_steps`
takes a network over all of them.
"""

from collections.abc import Callable, Sequence
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PyTree

from cwvae.baselines.svg.maps import AbstractMap, Doubled, Same, Up
from cwvae.baselines.svg.norm import AnyImages, BatchNorm, Images, Mapped, Moments
from cwvae.kernels.choice import by_platform
from cwvae.nn.layers import leaky_relu

__all__ = ["Block", "Decoded", "Decoder", "Encoded", "Encoder", "Join", "Stage", "over_steps"]


class Encoded(eqx.Module):
    """Features of frames, their skip features, the finest first, and moments of every layer."""

    features: Float[Array, "*steps batch feature"]
    skips: tuple[Float[Array, "..."], ...]
    moments: tuple[Moments, ...]


class Decoded(eqx.Module):
    """Frames, the axis of images last, and moments of every layer."""

    frames: Float[Array, "*steps channels height width batch"]
    moments: tuple[Moments, ...]


class Block(eqx.Module):
    """A linear map and the normalisation of what comes out, before an activation."""

    linear: AbstractMap
    norm: BatchNorm

    def __call__(self, images: Images, *, running: bool) -> tuple[Mapped, Moments]:
        """Return normalised images, and their moments before that."""
        return self.norm(self.linear(images), running=running)


class Encoder(eqx.Module):
    """Stages of blocks with leaky ReLU, then one block with tanh.

    **Arguments:** `stages`, whose answers are the skip features; `last`, from images to vectors;
    `pooled`, whether edges are halved by 2 x 2 maxima between stages and after the last.
    """

    stages: tuple[tuple[Block, ...], ...]
    last: Block
    pooled: bool = eqx.field(static=True)

    def __call__(self, frames: Images, *, running: bool) -> Encoded:
        """Encode the frames of a batch at one time step."""
        images, skips, moments = frames, [], []
        for number, stage in enumerate(self.stages):
            if self.pooled and number:
                images = _pool(images)
            images = _through(stage, images, moments, running=running)
            skips.append(images)
        images, own = self.last(_pool(images) if self.pooled else images, running=running)
        features = jnp.tanh(images[:, 0, 0].T)
        return Encoded(features, tuple(skips), (*moments, own))


class Join(eqx.Module):
    """A convolution of what the decoder has so far, beside skip features: linear in both.

    In two halves, so that skip features that stay are convolved once: `across` maps them ahead.
    """

    up: Up | Doubled
    across: AbstractMap

    def __call__(self, images: Images, ahead: Mapped) -> Mapped:
        """Add what becomes of the images to what became of the skip features."""
        return self.up(images) + ahead


class Stage(eqx.Module):
    """A join, its normalisation, and further blocks, each with leaky ReLU."""

    join: Join
    norm: BatchNorm
    blocks: tuple[Block, ...] = ()


class Decoder(eqx.Module):
    """From vectors to images, stages, and a last map with a bias and a sigmoid.

    **Arguments:** `first`, from vectors to images; `stages`, the coarsest first; `last`, a join
    where there is one more skip feature than stages.
    """

    first: Block
    stages: tuple[Stage, ...]
    last: Join | Same
    bias: Float[Array, " channels"]

    def prepare(self, skips: Sequence[AnyImages]) -> tuple[AnyImages, ...]:
        """Map skip features, the finest first, to what the joins add, the coarsest first."""
        joins = [stage.join for stage in self.stages]
        joins += [self.last] if isinstance(self.last, Join) else []
        return tuple(join.across(s) for join, s in zip(joins, reversed(skips), strict=True))

    def __call__(
        self, features: Float[Array, "batch feature"], ahead: Sequence[AnyImages], *, running: bool
    ) -> Decoded:
        """Decode a batch at one time step; `ahead` is that of `prepare`."""
        vectors = features.T[:, None, None]
        moments: list[Moments] = []
        images = _through((self.first,), vectors, moments, running=running)
        for stage, of_skip in zip(self.stages, ahead, strict=False):
            images, own = stage.norm(stage.join(images, of_skip), running=running)
            moments.append(own)
            images = _through(stage.blocks, leaky_relu(images), moments, running=running)
        whole = self.last(images, ahead[-1]) if isinstance(self.last, Join) else self.last(images)
        return Decoded(jax.nn.sigmoid(whole + self.bias.reshape(-1, 1, 1, 1)), tuple(moments))


def over_steps(function: Callable[..., Any], *arrays: PyTree[Array], kernels: str) -> Any:
    """Apply a function of one time step to all: one after the other on a CPU, at once elsewhere.

    One time step of a batch is about what stays in the cache from layer to layer
    (`cwvae.kernels.chunks`).
    """
    weights, rest = eqx.partition(function, eqx.is_array)

    def stepped(weights: PyTree, *arrays: PyTree) -> PyTree:
        return jax.lax.map(lambda step: eqx.combine(weights, rest)(*step), arrays)

    def whole(weights: PyTree, *arrays: PyTree) -> PyTree:
        return jax.vmap(eqx.combine(weights, rest))(*arrays)

    return by_platform(kernels, stepped, whole, weights, *arrays)


def _through(
    blocks: Sequence[Block], images: Images, moments: list[Moments], *, running: bool
) -> Mapped:
    """Apply blocks with leaky ReLU, and append their moments to those so far."""
    for block in blocks:
        images, own = block(images, running=running)
        images = leaky_relu(images)
        moments.append(own)
    return images


def _pool(images: Images) -> Mapped:
    """Return the maxima of squares of 2 x 2 pixels; the gradient goes to the first of equals."""
    channels, height, width, count = images.shape
    squares = images.reshape(channels, height // 2, 2, width // 2, 2, count)
    # Unlike a maximum, whose gradient is shared among equals, as those of an even background are.
    of_rows = _larger(squares[:, :, :, :, 0], squares[:, :, :, :, 1])
    return _larger(of_rows[:, :, 0], of_rows[:, :, 1])


def _larger(first: Array, second: Array) -> Array:
    """Return the larger of two, the first of equals."""
    return jnp.where(second > first, second, first)
