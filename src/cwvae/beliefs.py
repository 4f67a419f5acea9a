"""Families of latent distributions: sample from noise, log-density, entropy, KL.

A belief holds the parameters of a distribution over one latent vector; its arrays may carry
leading axes (ticks), and then so do the answers.
"""

import abc
import math

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from cwvae.shapes import checked

__all__ = ["AbstractBelief", "Categorical", "Gaussian", "balanced_kl", "kl"]


class AbstractBelief(eqx.Module):
    """A distribution over a latent vector."""

    @abc.abstractmethod
    def sample(self, noise: Float[Array, "*ticks stoch"]) -> Float[Array, "*ticks stoch"]:
        """Transform noise of the family's own kind into a sample; zero noise gives the mode."""

    @property
    @abc.abstractmethod
    def mode(self) -> Float[Array, "*ticks stoch"]:
        """The most probable latent vector."""

    @abc.abstractmethod
    def log_prob(self, stoch: Float[Array, "*ticks stoch"]) -> Float[Array, "*ticks"]:
        """Return the log-density of a latent vector, in nats."""

    @abc.abstractmethod
    def entropy(self) -> Float[Array, "*ticks"]:
        """Return the entropy, in nats."""

    @abc.abstractmethod
    def kl(self, other: "AbstractBelief") -> Float[Array, "*ticks"]:
        """Return KL(self || other) in nats; raise `ValueError` if `other` is of another family."""


class Gaussian(AbstractBelief):
    """A normal distribution with a diagonal covariance.

    **Arguments:** `mean` and `stddev`, (..., stoch); standard deviations are positive.
    """

    mean: Float[Array, "*ticks stoch"]
    stddev: Float[Array, "*ticks stoch"]

    @checked
    def sample(self, noise: Float[Array, "*ticks stoch"]) -> Float[Array, "*ticks stoch"]:
        """Return mean + stddev * noise, for standard normal noise."""
        return self.mean + self.stddev * noise

    @property
    def mode(self) -> Float[Array, "*ticks stoch"]:
        """The mean."""
        return self.mean

    @checked
    def log_prob(self, stoch: Float[Array, "*ticks stoch"]) -> Float[Array, "*ticks"]:
        """Return the log-density of a latent vector, in nats."""
        standard = (stoch - self.mean) / self.stddev
        constant = 0.5 * math.log(2 * math.pi)
        return -jnp.sum(0.5 * standard**2 + jnp.log(self.stddev) + constant, axis=-1)

    def entropy(self) -> Float[Array, "*ticks"]:
        """Return the differential entropy, in nats."""
        return jnp.sum(jnp.log(self.stddev) + 0.5 * math.log(2 * math.pi * math.e), axis=-1)

    def kl(self, other: AbstractBelief) -> Float[Array, "*ticks"]:
        """Return KL(self || other) in nats, summed over the latent vector."""
        if not isinstance(other, Gaussian):
            raise _of_another_family(self, other)
        ratio = self.stddev / other.stddev
        distance = (self.mean - other.mean) / other.stddev
        return jnp.sum(0.5 * (ratio**2 + distance**2 - 1) - jnp.log(ratio), axis=-1)


class Categorical(AbstractBelief):
    """Independent groups of one-hot vectors, laid end to end in the latent vector.

    **Arguments:** `log_probs`, (..., groups, classes), the normalised log-probabilities.

    Gradients pass a sample straight through, as if it were the probabilities (Bengio et al.
    2013; Hafner et al. 2021, DreamerV2).
    """

    log_probs: Float[Array, "*ticks groups classes"]

    @checked
    def sample(self, noise: Float[Array, "*ticks stoch"]) -> Float[Array, "*ticks stoch"]:
        """Return the classes that win with standard Gumbel noise added, one-hot."""
        raised = self.log_probs + noise.reshape(self.log_probs.shape)
        probs = jnp.exp(self.log_probs)
        # The parentheses keep the sample one-hot to the last bit.
        sample = _one_hot(raised) + (probs - jax.lax.stop_gradient(probs))
        return sample.reshape(noise.shape)

    @property
    def mode(self) -> Float[Array, "*ticks stoch"]:
        """The most probable class of each group, one-hot."""
        return _one_hot(self.log_probs).reshape(*self.log_probs.shape[:-2], -1)

    @checked
    def log_prob(self, stoch: Float[Array, "*ticks stoch"]) -> Float[Array, "*ticks"]:
        """Return the log-probability of one-hot vectors, in nats."""
        return jnp.sum(stoch.reshape(self.log_probs.shape) * self.log_probs, axis=(-2, -1))

    def entropy(self) -> Float[Array, "*ticks"]:
        """Return the entropy, in nats."""
        return -jnp.sum(jnp.exp(self.log_probs) * self.log_probs, axis=(-2, -1))

    def kl(self, other: AbstractBelief) -> Float[Array, "*ticks"]:
        """Return KL(self || other) in nats, summed over the groups."""
        if not isinstance(other, Categorical):
            raise _of_another_family(self, other)
        ratio = self.log_probs - other.log_probs
        return jnp.sum(jnp.exp(self.log_probs) * ratio, axis=(-2, -1))


def _one_hot(scores: Float[Array, "*groups classes"]) -> Float[Array, "*groups classes"]:
    """Mark the highest score of each group."""
    return jax.nn.one_hot(jnp.argmax(scores, axis=-1), scores.shape[-1], dtype=scores.dtype)


def _of_another_family(belief: AbstractBelief, other: AbstractBelief) -> ValueError:
    """Say that a KL is asked for between families."""
    family = type(belief).__name__
    return ValueError(
        f"the KL of a {family} is known to a {family} only, got {type(other).__name__}; "
        "let a cell's prior and posterior be of one family"
    )


def kl(posterior: AbstractBelief, prior: AbstractBelief) -> Float[Array, "*ticks"]:
    """Return KL(posterior || prior) in nats."""
    return posterior.kl(prior)


def balanced_kl(
    posterior: AbstractBelief, prior: AbstractBelief, *, kl_balance: float
) -> Float[Array, "*ticks"]:
    """Return KL(posterior || prior) in nats, its gradient shared out unequally.

    The value is that of `kl`. Of the gradient, `kl_balance` (in [0, 1]) goes to the
    posterior and the rest to the prior: the official `kl_grad_post_perc`, without the fault by
    which the official helper stops the gradient of both.
    """
    to_prior = jax.lax.stop_gradient(posterior).kl(prior)
    to_posterior = posterior.kl(jax.lax.stop_gradient(prior))
    return (1 - kl_balance) * to_prior + kl_balance * to_posterior
