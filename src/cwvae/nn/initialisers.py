"""Weights before training, drawn as Keras draws them.

The numbers come from NumPy, seeded by the key, since XLA takes a third of a second to compile a
random generator for each new shape and a model has dozens. They are the same eagerly, under
`jax.jit` and under `jax.vmap`.
"""

import math
from collections.abc import Callable

import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

__all__ = ["glorot_uniform", "orthogonal", "zeros"]


def glorot_uniform(
    shape: tuple[int, ...], *, fans: tuple[int, int] | None = None, key: PRNGKeyArray
) -> Float[Array, "*shape"]:
    """Draw from the uniform distribution on +- sqrt(6 / (fan in + fan out)).

    `fans` default to those of a kernel (..., in, out): its last two axes times the window before
    them. They are given when the kernel is a part of a larger one. A kernel without entries, of
    a layer that hears nothing, is fine.
    """
    window = math.prod(shape[:-2])
    fan_in, fan_out = fans or (window * shape[-2], window * shape[-1])
    limit = math.sqrt(6 / (fan_in + fan_out))
    return _draw(lambda generator: generator.uniform(-limit, limit, shape), shape, key)


def orthogonal(shape: tuple[int, int], *, key: PRNGKeyArray) -> Float[Array, "rows columns"]:
    """Draw a matrix whose rows (or columns, if they are fewer) are orthonormal."""

    def orthonormal(generator: np.random.Generator) -> np.ndarray:
        tall = generator.standard_normal((max(shape), min(shape)))
        q, r = np.linalg.qr(tall)
        # Without the sign of r the distribution would depend on how qr is computed.
        q = q * np.sign(np.diagonal(r))
        return q if shape[0] >= shape[1] else q.T

    return _draw(orthonormal, shape, key)


def zeros(*shape: int) -> Float[Array, "*shape"]:
    """Return zeros without compiling anything."""
    return jnp.asarray(np.zeros(shape, _dtype()))


def _draw(
    sample: Callable[[np.random.Generator], np.ndarray], shape: tuple[int, ...], key: PRNGKeyArray
) -> Float[Array, "*shape"]:
    """Call `sample` with a NumPy generator that is seeded by the key."""
    dtype = _dtype()

    def draw(words: np.ndarray) -> np.ndarray:
        generator = np.random.Generator(np.random.Philox(np.asarray(words).tolist()))
        return sample(generator).astype(dtype)

    result = jax.ShapeDtypeStruct(shape, dtype)
    return jax.pure_callback(draw, result, jr.key_data(key), vmap_method="sequential")


def _dtype() -> np.dtype:
    """Return the float that JAX computes with by default."""
    return jax.dtypes.canonicalize_dtype(float)
