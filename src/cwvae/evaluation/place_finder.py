"""Where digits are: a network gives the density of their places, and the density is taken apart."""

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
from jaxtyping import Array, Float, PRNGKeyArray

from cwvae.evaluation.grids import Grid, GridConv, GridDense, double, fold_blocks, halve

__all__ = ["CELLS", "PlaceFinder", "places", "splat"]

CELLS = 10
"""Rows and columns of the grid of places: cell n stands for n ninths of the room to move."""

_FOLLOWING = 8  # rounds of dividing the density between two digits


class PlaceFinder(eqx.Module):
    """A network from frames of 32 x 32 pixels to the density of the places of digits.

    A digit's place is that of its top-left corner. Two scales of features: 3 x 3 convolutions on
    a grid of 16 x 16 cells, and on one of 8 x 8, which see all of a digit.
    """

    fine: GridConv
    coarse: tuple[GridConv, ...]
    across: GridDense
    merged: GridConv
    last: GridDense

    def __init__(self, *, key: PRNGKeyArray, fine: int = 16, coarse: int = 32):
        """Draw the weights for so many channels of each scale."""
        keys = jr.split(key, 6)
        self.fine = GridConv(4, fine, 3, key=keys[0])
        self.coarse = (
            GridConv(fine, coarse, 3, key=keys[1]),
            GridConv(coarse, coarse, 3, key=keys[2]),
        )
        self.across = GridDense(coarse, fine, key=keys[3])
        self.merged = GridConv(fine, fine, 3, key=keys[4])
        self.last = GridDense(fine, 1, key=keys[5])

    def __call__(self, frames: Grid) -> Float[Array, "images cells"]:
        """Return the logarithm of the density over `CELLS` x `CELLS` cells, row by row."""
        fine = jax.nn.relu(self.fine(fold_blocks(frames, 2)))
        coarse = halve(fine)
        for layer in self.coarse:
            coarse = jax.nn.relu(layer(coarse))
        both = jax.nn.relu(fine + double(self.across(coarse)))
        merged = jax.nn.relu(self.merged(both[:, 2:14, 2:14]))
        density = self.last(merged)[:, 1:-1, 1:-1]
        return jax.nn.log_softmax(density.reshape(len(frames), -1))


def splat(place: Float[Array, "2"]) -> Float[Array, "cells cells"]:
    """Divide the weight 1 of a place between the four cells around it, so that it is their mean.

    **Arguments:** `place`, row and column in cells, from 0 to `CELLS` - 1.
    """
    cells = jnp.arange(CELLS, dtype=place.dtype)
    rows, columns = (jnp.maximum(0.0, 1.0 - jnp.abs(cells - along)) for along in place)
    return jnp.outer(rows, columns)


def places(density: Float[Array, "cells cells"], num_digits: int) -> Float[Array, "num_digits 2"]:
    """Take the density of one or two digits apart: row and column of each, in cells.

    One digit is where the density is centred. Of two, the first is where it is highest, the second
    where it is highest without the first; then each follows its share of the density, by the
    rounds of a mixture of two equal and round parts.
    """
    cells = jnp.arange(CELLS, dtype=density.dtype)
    grid = jnp.stack(jnp.meshgrid(cells, cells, indexing="ij"), axis=-1)
    first = _peak(density, grid)
    if num_digits == 1:
        return first.reshape(1, 2)
    second = _peak(jnp.maximum(0.0, density - splat(first) / 2), grid)

    def follow(_: Array, centres: Float[Array, "2 2"]) -> Float[Array, "2 2"]:
        distance = jnp.square(grid[jnp.newaxis] - centres.reshape(2, 1, 1, 2)).sum(-1)
        share = jax.nn.softmax(-distance, axis=0) * density[jnp.newaxis]
        return jnp.einsum("dij,ijk->dk", share, grid) / (share.sum((1, 2)).reshape(2, 1) + 1e-6)

    return jax.lax.fori_loop(0, _FOLLOWING, follow, jnp.stack([first, second]))


def _peak(
    density: Float[Array, "cells cells"], grid: Float[Array, "cells cells 2"]
) -> Float[Array, "2"]:
    """Return the centre of the 3 x 3 cells that have the most."""
    padded = jnp.pad(density, 1)
    around = sum(padded[i : i + CELLS, j : j + CELLS] for i in range(3) for j in range(3))
    best = grid.reshape(-1, 2)[jnp.argmax(around)]
    near = jnp.where(jnp.abs(grid - best.reshape(1, 1, 2)).max(-1) <= 1, density, 0.0)
    return jnp.einsum("ij,ijk->k", near, grid) / (near.sum() + 1e-6)
