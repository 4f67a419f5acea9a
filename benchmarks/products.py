"""The matrix-vector products of ticks and nothing else: what no faster tick can leave out.

One scan for each level, as many ticks as the level has, each with the products that wait for the
tick before: latent to hidden, both products of the GRU, and those of the belief that is sampled.
"""

from typing import Any

import jax
import jax.numpy as jnp
import jax.random as jr

from cwvae.training.config import ModelConfig

__all__ = ["latents", "matrices"]

SCALE = 0.01  # so small that nothing grows without activations


def matrices(config: ModelConfig) -> dict[str, jax.Array]:
    """Return a matrix of each product of a tick, drawn at random."""
    stoch, deter, hidden = config.stoch_size, config.deter_size, config.hidden_size
    shapes = {
        "stoch": (stoch, hidden),
        "gates": (hidden, 3 * deter),
        "recurrent": (deter, 3 * deter),
        "deter": (deter, hidden),
        "belief": (hidden, 2 * stoch),
    }
    keys = jr.split(jr.key(0), len(shapes))
    return {
        name: SCALE * jr.normal(key, shape)
        for key, (name, shape) in zip(keys, shapes.items(), strict=True)
    }


def latents(
    matrices: Any, vectors: tuple[jax.Array, jax.Array], config: ModelConfig, frames: int
) -> jax.Array:
    """Run the products of the ticks in which so many frames are predicted; return what is left.

    **Arguments:** `vectors`, stoch and deter, with a leading batch axis.
    """
    # One after another, as the levels wait for each other, each from where the last one ended.
    for ticks in reversed(config.clock.ticks(frames)):
        vectors = _scan(matrices, vectors, ticks)
    return vectors[0]


def _scan(
    matrices: Any, vectors: tuple[jax.Array, jax.Array], ticks: int
) -> tuple[jax.Array, jax.Array]:
    """Multiply so many times."""

    def tick(vectors, _):
        stoch, deter = vectors
        gates = (stoch @ matrices["stoch"]) @ matrices["gates"] + deter @ matrices["recurrent"]
        # All of a product is used, and something is added, or the compiler would shorten it and
        # the numbers would become too small to be computed at full speed.
        deter = 1 + sum(jnp.split(gates, 3, axis=-1))
        stoch = 1 + sum(jnp.split((deter @ matrices["deter"]) @ matrices["belief"], 2, axis=-1))
        return (stoch, deter), None

    return jax.lax.scan(tick, vectors, length=ticks)[0]
