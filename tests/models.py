"""Small cells, hierarchies and models with random weights, drawn without compiling anything."""

import dataclasses
import math
from collections.abc import Callable, Sequence
from functools import cache, partial
from typing import Any

import diffrax
import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
from readers_cell import ReadersCell

from cwvae.cells import (
    AbstractCell,
    CategoricalHead,
    Conditioned,
    Conditioning,
    FlowCell,
    MinGRUCell,
    Resetting,
    Residual,
    RSSMCell,
    State,
)
from cwvae.clock import Clock
from cwvae.hierarchy import Hierarchy
from cwvae.likelihoods import FixedNormal
from cwvae.model import CWVAE
from cwvae.nn.layers import LSTM
from cwvae.training.build import build
from cwvae.training.config import ModelConfig

STOCH, DETER, FEATURE, ACTION = 4, 5, 2, 3
OUTPUT = STOCH + DETER
"""Sizes of every cell below; a memory's state may be longer than its output, `DETER`."""


def rssm(*, context_size: int, key, **options) -> RSSMCell:
    """Make the paper's cell, or one with another memory or belief."""
    sizes = {
        "stoch_size": STOCH,
        "deter_size": DETER,
        "hidden_size": 6,
        "feature_size": FEATURE,
    }
    return RSSMCell(**sizes, context_size=context_size, **options, key=key)


def min_gru(*, context_size: int, key) -> MinGRUCell:
    """Make a cell whose memory is linear in what it holds."""
    sizes = {"stoch_size": STOCH, "deter_size": DETER, "hidden_size": 6, "feature_size": FEATURE}
    return MinGRUCell(**sizes, context_size=context_size, key=key)


def flow(cell: AbstractCell, *, key) -> FlowCell:
    """Make a cell flow, with a solver that compiles fast."""
    return FlowCell(
        cell,
        hidden_size=6,
        solver=diffrax.Midpoint(),
        controller=diffrax.ConstantStepSize(),
        first_step=0.5,
        key=key,
    )


def conditioned(cell: Callable[..., AbstractCell], *, context_size: int, key) -> Conditioned:
    """Make a cell take actions."""
    return Conditioned(cell(context_size=context_size + ACTION, key=key), ACTION)


def all_at_once(*, context_size: int, key) -> AbstractCell:
    """Make a cell that is all that a cell can be, but for a flow, which is slow to compile."""
    head = partial(CategoricalHead, classes=2)
    inner = Resetting(rssm(context_size=context_size + ACTION, memory=LSTM, head=head, key=key))
    return Conditioned(inner, ACTION)


CELLS: dict[str, Callable[..., AbstractCell]] = {
    "rssm": rssm,
    "lstm": partial(rssm, memory=LSTM),
    "min_gru": min_gru,
    "categorical": partial(rssm, head=partial(CategoricalHead, classes=2)),
    "flow": lambda *, context_size, key: flow(rssm(context_size=context_size, key=key), key=key),
    "resetting": lambda *, context_size, key: Resetting(rssm(context_size=context_size, key=key)),
    "residual": lambda *, context_size, key: Residual(rssm(context_size=context_size, key=key)),
    "conditioned": partial(conditioned, rssm),
    "all_at_once": all_at_once,
    "readers_own": ReadersCell,
}
"""Constructors of every cell that can be a level; the laws are tested for each."""

STRAIGHT_THROUGH = {"categorical", "all_at_once"}
"""Cells whose samples are discrete, so that their gradients are not those of their values."""

TINY = ModelConfig(
    levels=2,
    factors=2,
    stoch_size=STOCH,
    deter_size=DETER,
    hidden_size=5,
    size=32,
    channel_multiplier=1 / 32,
    dense_layers=2,
    dense_hidden=4,
    decoder_stddev=0.5,
)
"""A whole model that compiles fast."""


def draw(seed: int, *shape: int) -> jax.Array:
    """Draw standard normal numbers."""
    drawn = np.random.default_rng(seed).standard_normal(shape)
    # Converted before it is an array of JAX's, which would dispatch a program for that.
    return jax.device_put(drawn.astype(jnp.zeros(()).dtype))


@cache
def structure(dtype: np.dtype, constructor: Callable[..., eqx.Module], *args, **sizes):
    """Construct a module with the shapes of its weights, of the dtype of now, for their values."""
    # A new shape of JAX's generator costs a compilation, so the constructor is only traced.
    return eqx.filter_eval_shape(constructor, *args, **sizes, key=jr.key(0))


def made(constructor: Callable[..., eqx.Module], *args, seed: int = 0, **sizes):
    """Construct a module and draw all its weights, the biases too, from the seed."""
    random, dtype = np.random.default_rng(seed), jnp.zeros(()).dtype

    def weight(leaf):
        if not isinstance(leaf, jax.ShapeDtypeStruct):
            return leaf
        scale = 0.3 if leaf.ndim == 1 else (1.5 / max(1, math.prod(leaf.shape[:-1]))) ** 0.5
        return np.asarray(scale * random.standard_normal(leaf.shape), dtype=leaf.dtype)

    drawn = jax.tree.map(weight, structure(dtype, constructor, *args, **sizes))
    # All at once: array by array this takes longer than what is tested.
    weights, rest = eqx.partition(drawn, lambda leaf: isinstance(leaf, np.ndarray))
    return eqx.combine(jax.device_put(weights), rest)


def hierarchy(
    clock: Clock, *, kind: str = "rssm", seed: int = 0, blind: Sequence[int] = ()
) -> Hierarchy:
    """Make a hierarchy of one kind of cell."""
    top = clock.levels - 1
    cells = (
        made(CELLS[kind], context_size=0 if level == top else OUTPUT, seed=seed + level)
        for level in range(clock.levels)
    )
    return Hierarchy(tuple(cells), clock, blind)


def tiny(seed: int = 0, **changes) -> CWVAE:
    """Make the tiny model, some fields of its configuration changed."""
    return made(build, dataclasses.replace(TINY, **changes), seed=seed)


class PlainEncoder(eqx.Module):
    """Frames as they are, for every level."""

    levels: int = eqx.field(static=True)

    def __call__(self, frame) -> tuple[jax.Array, ...]:
        """Return every level's features."""
        return (jnp.asarray(frame).reshape(FEATURE),) * self.levels


class PlainDecoder(eqx.Module):
    """A linear map to a frame of two pixels."""

    kernel: jax.Array

    def __call__(self, output) -> jax.Array:
        """Return the frame's mean."""
        return (output @ self.kernel).reshape(1, FEATURE, 1)


def plain(clock: Clock, *, kind: str = "rssm", seed: int = 0, **options) -> CWVAE:
    """Make a model of frames of 1 x 2 pixels, without convolutions."""
    return CWVAE(
        encoder=PlainEncoder(clock.levels),
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


_known: dict[tuple, tuple[Conditioning, ...]] = {}


def conditioning(hierarchy: Hierarchy, frames: int, *, seed: int = 0) -> tuple[Conditioning, ...]:
    """Draw irregular times, and actions, and put them on the clock of every level.

    Laws ask for the same ones again and again: they are kept for every kind of hierarchy.
    """
    key = (jax.tree.structure(hierarchy), jnp.zeros(()).dtype, frames, seed)
    if key not in _known:
        random = np.random.default_rng(seed + 7)
        times = np.cumsum(random.uniform(0.2, 2.0, frames))
        actions = jnp.asarray(random.standard_normal((frames, ACTION)), dtype=float)
        _known[key] = hierarchy.conditioning(frames, times=times, actions=actions)
    return _known[key]


def some_state(cell: AbstractCell, seed: int = 0) -> State:
    """Draw a state, at time 0."""
    return State(draw(seed, cell.stoch_size), draw(seed + 50, cell.deter_size), jnp.zeros(()))
