"""What the tests of the bound and of its gradients share."""

import jax
import pytest
from hypothesis import strategies as st
from models import (
    CELLS,
    conditioning,
    draw,
    noise,
    plain_video,
    stacked,
)

from cwvae.clock import Clock
from cwvae.model import CWVAE

seeds = st.integers(0, 2**31)
kinds = pytest.mark.parametrize("kind", CELLS)
# Of laws about the bound and not about the cell: one of each belief.
beliefs = pytest.mark.parametrize("kind", ["rssm", "categorical"])

CLOCK = Clock(2, 3)
FRAMES, BATCH = 5, 3


def batch(model: CWVAE, frames: int = FRAMES):
    """Draw videos, noise, and conditioning with irregular times and actions."""
    videos = stacked([plain_video(frames, seed=row) for row in range(BATCH)])
    noises, known = (
        stacked([draw(model.hierarchy, frames, seed=row) for row in range(BATCH)])
        for draw in (noise, conditioning)
    )
    return videos, noises, known


def row_of(arrays, row: int):
    """Cut one row out of a batch."""
    return jax.tree.map(lambda array: array[row], arrays)


def samples(model: CWVAE, frames: int, count: int):
    """Draw noise for several samples of one video."""
    ticks = model.hierarchy.clock.ticks(frames)
    stoch = [cell.stoch_size for cell in model.hierarchy.cells]
    return tuple(
        draw(level, count, n, width)
        for level, (n, width) in enumerate(zip(ticks, stoch, strict=True))
    )
