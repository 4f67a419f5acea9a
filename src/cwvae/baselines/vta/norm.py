"""Batch normalisation over everything but channels, and the moments that it is made of."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

__all__ = ["Affine", "BatchNorm", "Moments", "elu", "moments", "pooled"]

_EPSILON = 1e-5
_MOMENTUM = 0.1  # the share of a batch in the running statistics


class Moments(eqx.Module):
    """Mean and variance of every channel, and of how many numbers each is."""

    mean: Float[Array, "*parts channels"]
    variance: Float[Array, "*parts channels"]
    count: int = eqx.field(static=True)


class Affine(eqx.Module):
    """What normalisation comes to once the moments are known: a factor and a sum a channel."""

    scale: Float[Array, " channels"]
    shift: Float[Array, " channels"]

    def __call__(self, values: Float[Array, " channels *axes"]) -> Float[Array, " channels *axes"]:
        """Normalise values."""
        shape = (-1, *(1,) * (values.ndim - 1))
        return self.scale.reshape(shape) * values + self.shift.reshape(shape)


class BatchNorm(eqx.Module):
    """Learned scale and shift of numbers of mean 0 and variance 1 (Ioffe and Szegedy 2015).

    `mean` and `variance` are the running statistics, which have no gradient: `following` moves
    them. Epsilon is 1e-5, the share of a batch in the running statistics .1.
    """

    scale: Float[Array, " channels"]
    shift: Float[Array, " channels"]
    mean: Float[Array, " channels"]
    variance: Float[Array, " channels"]

    def __init__(self, channels: int):
        """Start from 1 and 0, of weights and statistics."""
        ones, zeros = (np.full(channels, value, jnp.result_type(float)) for value in (1, 0))
        self.scale, self.shift = jnp.asarray(ones), jnp.asarray(zeros)
        self.mean, self.variance = jnp.asarray(zeros), jnp.asarray(ones)

    def of(self, batch: Moments | None) -> Affine:
        """Return the normalisation by the moments of a batch; None: by the running statistics."""
        if batch is None:
            mean, variance = jax.lax.stop_gradient((self.mean, self.variance))
        else:
            mean, variance = batch.mean, batch.variance
        scale = self.scale / jnp.sqrt(variance + _EPSILON)
        return Affine(scale, self.shift - mean * scale)

    def following(self, batch: Moments) -> "BatchNorm":
        """Return the layer, its running statistics a tenth of the way to those of a batch.

        The variance that is kept is that without bias.
        """
        unbiased = batch.variance * (batch.count / max(batch.count - 1, 1))
        moved = tuple(
            (1 - _MOMENTUM) * old + _MOMENTUM * jax.lax.stop_gradient(new)
            for old, new in ((self.mean, batch.mean), (self.variance, unbiased))
        )
        return eqx.tree_at(lambda norm: (norm.mean, norm.variance), self, moved)


def moments(values: Float[Array, " channels *axes"]) -> Moments:
    """Return the moments of the numbers of every channel."""
    flat = values.reshape(values.shape[0], -1)
    mean = jnp.mean(flat, axis=1)
    variance = jnp.mean((flat - mean[:, None]) ** 2, axis=1)
    return Moments(mean, variance, flat.shape[1])


def pooled(parts: Moments) -> Moments:
    """Return the moments of numbers in equal parts, (parts, channels), from those of the parts."""
    mean = jnp.mean(parts.mean, axis=0)
    variance = jnp.mean(parts.variance + (parts.mean - mean[None]) ** 2, axis=0)
    return Moments(mean, variance, parts.count * parts.mean.shape[0])


def elu(values: Float[Array, "*axes"]) -> Float[Array, "*axes"]:
    """Return x above 0, exp(x) - 1 below."""
    return jnp.where(values > 0, values, jnp.exp(jnp.minimum(values, 0)) - 1)
