"""From a hidden vector to a belief: the last layer of a prior or posterior."""

import abc
from typing import SupportsIndex

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
from jaxtyping import Array, Float, PRNGKeyArray

from cwvae.arguments import check_shape, whole_number
from cwvae.beliefs import AbstractBelief, Categorical, Gaussian
from cwvae.nn.layers import Dense
from cwvae.shapes import checked

__all__ = ["STDDEV_SHIFT", "AbstractHead", "CategoricalHead", "GaussianHead"]

# The official cell adds this to the hidden vector that its standard deviation head reads
# (cells.py of the official implementation, where it is not explained).
STDDEV_SHIFT = 0.54

_REMEDY = "its length is the hidden_size of the head"


class AbstractHead(eqx.Module):
    """A map from a hidden vector to a belief over a latent vector of length `stoch_size`."""

    @abc.abstractmethod
    def noise(self, *, key: PRNGKeyArray) -> Float[Array, " stoch"]:
        """Draw noise of the kind that the belief is sampled from."""

    @abc.abstractmethod
    def __call__(self, hidden: Float[Array, " hidden"]) -> AbstractBelief:
        """Return the belief; raise `ValueError` for a vector of another length."""


class GaussianHead(AbstractHead):
    """A linear mean and a softplus standard deviation.

    **Arguments:** `hidden_size`, the length of the hidden vector; `stoch_size`, that of the latent
    vector; `min_stddev`, what is added to every standard deviation. Raises `ValueError` for a size
    below 1 or a negative `min_stddev`.
    """

    mean: Dense
    stddev: Dense
    min_stddev: float = eqx.field(static=True)

    @checked
    def __init__(
        self,
        hidden_size: SupportsIndex,
        stoch_size: SupportsIndex,
        *,
        min_stddev: float = 1e-4,
        key: PRNGKeyArray,
    ):
        """Draw the weights of the two linear layers."""
        if not 0 <= min_stddev < float("inf"):
            raise ValueError(f"min_stddev must be finite and not negative, got {min_stddev}")
        sizes = _sizes(hidden_size, stoch_size)
        mean_key, stddev_key = jr.split(key)
        self.mean = Dense(*sizes, key=mean_key)
        self.stddev = Dense(*sizes, key=stddev_key)
        self.min_stddev = min_stddev

    def noise(self, *, key: PRNGKeyArray) -> Float[Array, " stoch"]:
        """Draw standard normal noise."""
        return jr.normal(key, self.mean.bias.shape)

    def __call__(self, hidden: Float[Array, " hidden"]) -> Gaussian:
        """Return Gaussian(mean, softplus(stddev layer of hidden + shift) + min_stddev)."""
        check_shape("hidden", hidden, self.mean.kernel.shape[:1], _REMEDY)
        # One product for both layers, the shift in its bias: fewer operations in every tick.
        kernel = jnp.concatenate([self.mean.kernel, self.stddev.kernel], axis=1)
        shift = STDDEV_SHIFT * self.stddev.kernel.sum(0)
        bias = jnp.concatenate([self.mean.bias, self.stddev.bias + shift])
        mean, stddev = jnp.split(hidden @ kernel + bias, 2)
        return Gaussian(mean, jax.nn.softplus(stddev) + self.min_stddev)


class CategoricalHead(AbstractHead):
    """Linear logits of groups of one-hot vectors (Hafner et al. 2021, DreamerV2).

    **Arguments:**

    - `hidden_size`, `stoch_size`: the lengths of the hidden and of the latent vector.
    - `classes`: the length of each one-hot vector, at least 2, which divides `stoch_size`.
    - `mix`: in [0, 1), the share of a uniform distribution in every belief, which keeps the KL
      finite (DreamerV3: 1 %).

    Raises `ValueError` for sizes, classes or a mix outside their ranges.
    """

    logits: Dense
    classes: int = eqx.field(static=True)
    mix: float = eqx.field(static=True)

    @checked
    def __init__(
        self,
        hidden_size: SupportsIndex,
        stoch_size: SupportsIndex,
        *,
        classes: SupportsIndex,
        mix: float = 0.01,
        key: PRNGKeyArray,
    ):
        """Draw the weights of the linear layer."""
        hidden_size, stoch_size = _sizes(hidden_size, stoch_size)
        classes = whole_number("classes", classes, least=2)
        if stoch_size % classes:
            raise ValueError(
                f"stoch_size must be a multiple of the {classes} classes of a group, "
                f"got {stoch_size}"
            )
        if not 0 <= mix < 1:
            raise ValueError(f"mix must be at least 0 and below 1, got {mix}")
        self.logits = Dense(hidden_size, stoch_size, key=key)
        self.classes, self.mix = classes, mix

    def noise(self, *, key: PRNGKeyArray) -> Float[Array, " stoch"]:
        """Draw standard Gumbel noise."""
        return jr.gumbel(key, self.logits.bias.shape)

    def __call__(self, hidden: Float[Array, " hidden"]) -> Categorical:
        """Return Categorical((1 - mix) softmax(logits) + mix / classes)."""
        check_shape("hidden", hidden, self.logits.kernel.shape[:1], _REMEDY)
        log_probs = jax.nn.log_softmax(self.logits(hidden).reshape(-1, self.classes))
        if self.mix:
            uniform = jnp.log(self.mix / self.classes)
            log_probs = jnp.logaddexp(log_probs + jnp.log1p(-self.mix), uniform)
        return Categorical(log_probs)


def _sizes(hidden_size: SupportsIndex, stoch_size: SupportsIndex) -> tuple[int, int]:
    """Return both sizes; raise `ValueError` for one below 1."""
    return whole_number("hidden_size", hidden_size), whole_number("stoch_size", stoch_size)
