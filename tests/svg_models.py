"""Tiny models of SVG-LP, and videos of noise."""

import jax
import jax.numpy as jnp
import numpy as np
from models import made

from cwvae.baselines.svg import SVG, SVGConfig, build_svg
from cwvae.baselines.svg.norm import Moments

TINY = SVGConfig(size=32, filters=2, feature_size=3, stoch_size=2, memory_size=4, known_frames=4)


def drawn(config: SVGConfig) -> SVG:
    """Draw a model none of whose arrays is as it is at first: no bias is 0, no variance 1."""

    def positive(node):
        return Moments(node.mean, abs(node.variance)) if isinstance(node, Moments) else node

    model = made(build_svg, config)
    return jax.tree.map(positive, model, is_leaf=lambda node: isinstance(node, Moments))


def videos(batch: int, frames: int) -> np.ndarray:
    """Return videos of noise, of the type that JAX computes with."""
    numbers = np.random.default_rng(0).uniform(size=(batch, frames, 32, 32, 1))
    return numbers.astype(jnp.zeros(()).dtype)
