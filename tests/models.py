"""Small cells, hierarchies and models with random weights, drawn without compiling anything."""

import dataclasses
import math
from collections.abc import Callable, Sequence
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np

from cwvae.cells import AbstractCell, RSSMCell
from cwvae.clock import Clock, pool
from cwvae.config import ModelConfig, build
from cwvae.hierarchy import Hierarchy
from cwvae.likelihoods import FixedNormal
from cwvae.model import CWVAE

STOCH, DETER, FEATURE = 3, 4, 2
OUTPUT = STOCH + DETER
"""Sizes of every cell below."""


def rssm(*, top_down: int, key) -> RSSMCell:
    """Make the paper's cell."""
    return RSSMCell(stoch=STOCH, deter=DETER, hidden=5, feature=FEATURE, top_down=top_down, key=key)


CELLS: dict[str, Callable[..., AbstractCell]] = {"rssm": rssm}
"""Constructors of every cell that can be a level; the laws are tested for each."""

TINY = ModelConfig(
    levels=2,
    factors=2,
    stoch=STOCH,
    deter=DETER,
    hidden=5,
    size=32,
    channel_multiplier=1 / 32,
    dense_layers=2,
    dense_hidden=4,
    dec_stddev=0.5,
)
"""A whole model that compiles fast."""


def draw(seed: int, *shape: int) -> jax.Array:
    """Draw standard normal numbers."""
    return jnp.asarray(np.random.default_rng(seed).standard_normal(shape), dtype=float)


def made(constructor: Callable[..., eqx.Module], *args, seed: int = 0, **sizes):
    """Construct a module and draw all its weights, the biases too, from the seed."""
    # A new shape of JAX's generator costs a compilation, so the constructor is only traced.
    structure = eqx.filter_eval_shape(constructor, *args, **sizes, key=jr.key(0))
    random = np.random.default_rng(seed)

    def weight(leaf):
        if not isinstance(leaf, jax.ShapeDtypeStruct):
            return leaf
        scale = 0.3 if leaf.ndim == 1 else (1.5 / max(1, math.prod(leaf.shape[:-1]))) ** 0.5
        return jnp.asarray(scale * random.standard_normal(leaf.shape), dtype=leaf.dtype)

    return jax.tree.map(weight, structure)


def hierarchy(
    clock: Clock, *, kind: str = "rssm", seed: int = 0, blind: Sequence[int] = ()
) -> Hierarchy:
    """Make a hierarchy of one kind of cell."""
    top = clock.levels - 1
    cells = (
        made(CELLS[kind], top_down=0 if level == top else OUTPUT, seed=seed + level)
        for level in range(clock.levels)
    )
    return Hierarchy(tuple(cells), clock, blind)


def tiny(seed: int = 0, **changes) -> CWVAE:
    """Make the tiny model, some fields of its configuration changed."""
    return made(build, dataclasses.replace(TINY, **changes), seed=seed)


class PlainEncoder(eqx.Module):
    """Frames as they are, pooled."""

    clock: Clock = eqx.field(static=True)

    def __call__(self, video) -> tuple[jax.Array, ...]:
        """Return every level's features."""
        frames = jnp.asarray(video).reshape(-1, FEATURE)
        return tuple(pool(frames, period) for period in self.clock.periods)


class PlainDecoder(eqx.Module):
    """A linear map to a frame of two pixels."""

    kernel: jax.Array

    def __call__(self, output) -> jax.Array:
        """Return the frame's mean."""
        return (output @ self.kernel).reshape(1, FEATURE, 1)


def plain(clock: Clock, *, kind: str = "rssm", seed: int = 0, **options) -> CWVAE:
    """Make a model of frames of 1 x 2 pixels, without convolutions."""
    return CWVAE(
        encoder=PlainEncoder(clock),
        hierarchy=hierarchy(clock, kind=kind, seed=seed, **options),
        decoder=PlainDecoder(draw(seed + 99, OUTPUT, FEATURE)),
        likelihood=FixedNormal(0.5),
    )


def plain_video(frames: int, *, seed: int = 0) -> jax.Array:
    """Draw a video for the plain model."""
    return draw(seed + 77, frames, 1, FEATURE, 1)


def stacked(rows: Sequence[Any]) -> Any:
    """Stack pytrees along a new leading axis."""
    return jax.tree.map(lambda *arrays: jnp.stack(arrays), *rows)


def features(hierarchy: Hierarchy, frames: int, *, seed: int = 0) -> tuple[jax.Array, ...]:
    """Draw features of every level for so many frames."""
    ticks = hierarchy.clock.ticks(frames)
    return tuple(draw(seed + 100 * level, n, FEATURE) for level, n in enumerate(ticks))


def noise(hierarchy: Hierarchy, frames: int, *, seed: int = 0) -> tuple[jax.Array, ...]:
    """Draw noise of every level for so many frames."""
    ticks = hierarchy.clock.ticks(frames)
    return tuple(draw(seed + 100 * level + 1, n, STOCH) for level, n in enumerate(ticks))
