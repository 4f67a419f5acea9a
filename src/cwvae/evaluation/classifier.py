"""Which digit a small picture shows."""

import equinox as eqx
import jax
import jax.random as jr
from jaxtyping import Array, Float, PRNGKeyArray

from cwvae.evaluation.grids import Grid, GridConv, GridDense, fold_blocks, halve

__all__ = ["Classifier"]


class Classifier(eqx.Module):
    """A network from pictures of one digit to its class: three convolutions, two dense layers.

    Pictures of 32 x 32 pixels are folded to 16 x 16 cells first, those of 16 x 16 are not.
    """

    convs: tuple[GridConv, ...]
    hidden: GridDense
    last: GridDense

    def __init__(
        self,
        edge: int,
        *,
        key: PRNGKeyArray,
        channels: tuple[int, int, int] = (32, 48, 64),
        hidden: int = 256,
    ):
        """Draw the weights for pictures of 16 or 32 pixels."""
        keys = jr.split(key, 5)
        sizes = ((edge // 16) ** 2, *channels)
        self.convs = tuple(
            GridConv(i, o, 3, key=k) for i, o, k in zip(sizes, sizes[1:], keys[:3], strict=False)
        )
        self.hidden = GridDense(16 * channels[-1], hidden, key=keys[3])
        self.last = GridDense(hidden, 10, key=keys[4])

    def __call__(self, pictures: Grid) -> Float[Array, "images 10"]:
        """Return the logarithm of the probability of every class, for each picture."""
        return jax.nn.log_softmax(self.last(self.features(pictures)))

    def features(self, pictures: Grid) -> Float[Array, "images hidden"]:
        """Return what the last layer decides by, for each picture."""
        grid = fold_blocks(pictures, pictures.shape[1] // 16)
        first, middle, final = self.convs
        grid = halve(jax.nn.relu(first(grid)))
        grid = halve(jax.nn.relu(final(jax.nn.relu(middle(grid)))))
        return jax.nn.relu(self.hidden(grid.reshape(len(grid), -1)))
