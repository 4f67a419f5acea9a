"""From a hidden vector to a belief: the last layer of a prior or posterior."""

import abc

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
from jaxtyping import Array, Float, PRNGKeyArray

from cwvae.beliefs import AbstractBelief, Categorical, Gaussian
from cwvae.nn.layers import Dense

__all__ = ["AbstractHead", "CategoricalHead", "GaussianHead"]

# The official cell adds this to the hidden vector that its standard deviation head reads
# (cells.py of the official implementation, where it is not explained).
STDDEV_SHIFT = 0.54


class AbstractHead(eqx.Module):
    """What turns a hidden vector into a belief over a latent vector of length `stoch`."""

    @abc.abstractmethod
    def noise(self, *, key: PRNGKeyArray) -> Float[Array, " stoch"]:
        """Draw noise of the kind that the belief is sampled from."""

    @abc.abstractmethod
    def __call__(self, hidden: Float[Array, " hidden"]) -> AbstractBelief:
        """Return the belief."""


class GaussianHead(AbstractHead):
    """A linear mean and a softplus standard deviation, to which `min_stddev` is added."""

    mean: Dense
    stddev: Dense
    min_stddev: float = eqx.field(static=True)

    def __init__(self, hidden: int, stoch: int, *, min_stddev: float = 1e-4, key: PRNGKeyArray):
        """Make the two linear layers."""
        mean_key, stddev_key = jr.split(key)
        self.mean = Dense(hidden, stoch, key=mean_key)
        self.stddev = Dense(hidden, stoch, key=stddev_key)
        self.min_stddev = min_stddev

    def noise(self, *, key: PRNGKeyArray) -> Float[Array, " stoch"]:
        """Draw standard normal noise."""
        return jr.normal(key, self.mean.bias.shape)

    def __call__(self, hidden: Float[Array, " hidden"]) -> Gaussian:
        """Return Gaussian(mean, softplus(stddev layer of hidden + shift) + min_stddev)."""
        # Both layers in one product, and the shift in the bias: products are what a tick takes.
        kernel = jnp.concatenate([self.mean.kernel, self.stddev.kernel], axis=1)
        shift = STDDEV_SHIFT * self.stddev.kernel.sum(0)
        bias = jnp.concatenate([self.mean.bias, self.stddev.bias + shift])
        mean, stddev = jnp.split(hidden @ kernel + bias, 2)
        return Gaussian(mean, jax.nn.softplus(stddev) + self.min_stddev)


class CategoricalHead(AbstractHead):
    """Linear logits of groups of one-hot vectors (Hafner et al. 2021, DreamerV2).

    **Arguments:** `classes`, the length of each one-hot vector, which divides `stoch`; `mix`, in
    [0, 1), the share of a uniform distribution in every belief, which keeps the KL finite
    (DreamerV3: 1 %). Raises `ValueError` for others.
    """

    logits: Dense
    classes: int = eqx.field(static=True)
    mix: float = eqx.field(static=True)

    def __init__(
        self, hidden: int, stoch: int, *, classes: int, mix: float = 0.01, key: PRNGKeyArray
    ):
        """Make the linear layer."""
        if classes < 2 or stoch % classes:
            raise ValueError(
                f"stoch must be a multiple of the classes of a group, at least 2 of them, "
                f"got stoch {stoch} and {classes} classes"
            )
        if not 0 <= mix < 1:
            raise ValueError(f"mix must be at least 0 and below 1, got {mix}")
        self.logits = Dense(hidden, stoch, key=key)
        self.classes, self.mix = classes, mix

    def noise(self, *, key: PRNGKeyArray) -> Float[Array, " stoch"]:
        """Draw standard Gumbel noise."""
        return jr.gumbel(key, self.logits.bias.shape)

    def __call__(self, hidden: Float[Array, " hidden"]) -> Categorical:
        """Return Categorical((1 - mix) softmax(logits) + mix / classes)."""
        log_probs = jax.nn.log_softmax(self.logits(hidden).reshape(-1, self.classes))
        if self.mix:
            uniform = jnp.log(self.mix / self.classes)
            log_probs = jnp.logaddexp(log_probs + jnp.log1p(-self.mix), uniform)
        return Categorical(log_probs)
