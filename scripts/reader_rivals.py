"""A classifier of another architecture, which the reader that ships has to agree with."""

import equinox as eqx
import jax
import jax.random as jr
from jaxtyping import Array, Float, PRNGKeyArray

from cwvae.evaluation.grids import Grid, GridConv, GridDense, fold_blocks, halve

__all__ = ["OtherClassifier"]


class OtherClassifier(eqx.Module):
    """Two convolutions of 5 x 5 cells and two dense layers, after LeNet-5 (LeCun et al. 1998)."""

    convs: tuple[GridConv, GridConv]
    hidden: GridDense
    last: GridDense

    def __init__(self, edge: int, *, key: PRNGKeyArray, channels: tuple[int, int] = (20, 56)):
        """Draw the weights for pictures of 16 or 32 pixels."""
        keys = jr.split(key, 4)
        self.convs = (
            GridConv((edge // 16) ** 2, channels[0], 5, key=keys[0]),
            GridConv(*channels, 5, key=keys[1]),
        )
        self.hidden = GridDense(16 * channels[1], 192, key=keys[2])
        self.last = GridDense(192, 10, key=keys[3])

    def __call__(self, pictures: Grid) -> Float[Array, "images 10"]:
        """Return the logarithm of the probability of every class, for each picture."""
        grid = fold_blocks(pictures, pictures.shape[1] // 16)
        for conv in self.convs:
            grid = halve(jax.nn.relu(conv(grid)))
        hidden = jax.nn.relu(self.hidden(grid.reshape(len(grid), -1)))
        return jax.nn.log_softmax(self.last(hidden))
