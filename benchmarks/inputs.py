"""What the cases work on: models, videos, noise, all from fixed seeds."""

import functools
from typing import Any

import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np

from cwvae.training.methods import build_any


# The weights of two models at most are kept in memory.
@functools.lru_cache(maxsize=2)
def seeded_model(config: Any) -> Any:
    """Return a model of any method with random weights."""
    return build_any(config, key=jr.key(0))


def videos(config: Any, batch: int, frames: int) -> jax.Array:
    """Return uint8 videos of noise, (batch, frames, height, width, channels)."""
    shape = (batch, frames, config.size, config.size, config.channels)
    return jnp.asarray(np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8))


def normal(*shape: int, seed: int = 0) -> jax.Array:
    """Return standard normal numbers."""
    return jnp.asarray(np.random.default_rng(seed).standard_normal(shape, dtype=np.float32))


def moments(array: jax.Array) -> dict[str, float]:
    """Return the mean and the mean square of what was computed."""
    return {"mean": float(jnp.mean(array)), "mean_square": float(jnp.mean(jnp.square(array)))}
