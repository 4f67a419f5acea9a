"""Weights before training, drawn as Keras draws them, or PyTorch.

All numbers come from one generator of a fixed size, called as often as is needed, since XLA takes a
third of a second to compile a generator for each new shape and a model has dozens. They are the
same eagerly, under `jax.jit` and under `jax.vmap`, on every device (orthogonal matrices to
rounding).
"""

import math
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
from jax.core import Tracer
from jaxtyping import Array, Float, PRNGKeyArray

__all__ = ["constants", "glorot_uniform", "normal", "ones", "orthogonal", "uniform", "zeros"]

_BLOCK = 2**16
"""Numbers that one call of the generator draws."""


def glorot_uniform(
    shape: tuple[int, ...], *, fans: tuple[int, int] | None = None, key: PRNGKeyArray
) -> Float[Array, "*shape"]:
    """Draw from the uniform distribution on +- sqrt(6 / (fan in + fan out)).

    **Arguments:** `shape` of the kernel, (..., in, out), which may hold no entries; `fans`, by
    default the last two axes times the window before them, of the larger kernel that this one is a
    part of.
    """
    window = math.prod(shape[:-2])
    fan_in, fan_out = fans or (window * shape[-2], window * shape[-1])
    limit = math.sqrt(6 / (fan_in + fan_out))
    drawn = _uniform(math.prod(shape), key).reshape(shape)
    return _as_jax(drawn.dtype.type(limit) * drawn)


def orthogonal(shape: tuple[int, int], *, key: PRNGKeyArray) -> Float[Array, "rows columns"]:
    """Draw a matrix whose rows (or columns, if they are fewer) are orthonormal.

    The distribution is that of Haar: the Q of a Gaussian matrix whose R has a positive diagonal
    (Mezzadri 2007, section 5).
    """
    drawn = _drawn(_gaussian_block, math.prod(shape), key).reshape(max(shape), min(shape))
    if isinstance(drawn, Tracer):
        return _orthonormal(drawn, shape, jnp)
    # On the host nothing is compiled; in float64, so that the float32 of all machines are the same.
    return _as_jax(_orthonormal(np.float64(drawn), shape, np).astype(drawn.dtype))


def uniform(shape: tuple[int, ...], *, limit: float, key: PRNGKeyArray) -> Float[Array, "*shape"]:
    """Draw from the uniform distribution on +- limit."""
    drawn = _uniform(math.prod(shape), key).reshape(shape)
    return _as_jax(drawn.dtype.type(limit) * drawn)


def normal(shape: tuple[int, ...], *, stddev: float, key: PRNGKeyArray) -> Float[Array, "*shape"]:
    """Draw from the normal distribution with mean 0."""
    drawn = _drawn(_normal_block, math.prod(shape), key).reshape(shape)
    return _as_jax(drawn.dtype.type(stddev) * drawn)


def ones(*shape: int) -> Float[Array, "*shape"]:
    """Return ones without compiling anything."""
    return _as_jax(np.ones(shape, _dtype()))


def constants(values: np.ndarray) -> Float[Array, "..."]:
    """Return given numbers without compiling anything."""
    return _as_jax(values.astype(_dtype()))


def zeros(*shape: int) -> Float[Array, "*shape"]:
    """Return zeros without compiling anything."""
    return _as_jax(np.zeros(shape, _dtype()))


def _uniform(count: int, key: PRNGKeyArray) -> Float[Array | np.ndarray, " count"]:
    """Draw numbers uniformly from [-1, 1)."""
    return _drawn(_block, count, key)


def _drawn(
    block: Callable[[PRNGKeyArray, int | Array], Array], count: int, key: PRNGKeyArray
) -> Float[Array | np.ndarray, " count"]:
    """Draw numbers, block by block."""
    blocks = max(1, -(-count // _BLOCK))
    first = block(key, 0)
    if isinstance(first, Tracer):
        drawn = jax.vmap(block, (None, 0))(key, jnp.arange(blocks)).reshape(-1)
        return drawn[:count].astype(_dtype())
    # Cut on the host, where no new shape is compiled.
    drawn = [np.asarray(first), *(np.asarray(block(key, n)) for n in range(1, blocks))]
    return np.concatenate(drawn)[:count].astype(_dtype())


@jax.jit
def _block(key: PRNGKeyArray, number: int | Array) -> Float[Array, " block"]:
    """Draw a block of numbers; float32 whatever the weights, so that they do not depend on that."""
    return 2 * jr.uniform(jr.fold_in(key, number), (_BLOCK,), "float32") - 1


@jax.jit
def _normal_block(key: PRNGKeyArray, number: int | Array) -> Float[Array, " block"]:
    """Draw a block of normal numbers, likewise."""
    return jr.normal(jr.fold_in(key, number), (_BLOCK,), "float32")


@jax.jit
def _gaussian_block(key: PRNGKeyArray, number: int | Array) -> Float[Array, " block"]:
    """Draw normal numbers of variance 1 / 2, whose quantiles are the same key's `_block`."""
    # The inverse of the normal distribution function; at -1 it is infinite.
    return jax.lax.erf_inv(jnp.maximum(_block(key, number), -1 + 2.0**-23))


def _orthonormal(drawn: Any, shape: tuple[int, int], xp: Any) -> Any:
    """Return the Q of a Gaussian matrix, by `jax.numpy` or by NumPy."""
    q, r = xp.linalg.qr(drawn)
    # Without the sign of r the distribution would depend on how qr is computed.
    q = q * xp.sign(xp.diagonal(r))[None]
    return q if shape[0] >= shape[1] else q.T


def _as_jax(values: Array | np.ndarray) -> Array:
    """Return values as an array of JAX, for which `jnp.asarray` would compile a program a shape."""
    return jax.device_put(values)


def _dtype() -> np.dtype:
    """Return the float that JAX computes with by default."""
    return jax.dtypes.canonicalize_dtype(float)
