"""Families of latent distributions: sample from noise, log-density, entropy, KL.

A belief holds the parameters of a distribution over one latent vector; its arrays may carry
leading axes (ticks), and then so do the results.
"""

import abc
import math

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from cwvae.arguments import check_shape, check_share
from cwvae.shapes import checked

__all__ = [
    "AbstractBelief",
    "Categorical",
    "Gaussian",
    "balanced_kl",
    "balanced_kl_parts",
    "kl",
]

_REMEDY = "`jax.vmap` maps a belief over further axes"


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
    def kl_parts(self, other: "AbstractBelief") -> Float[Array, "*ticks parts"]:
        """Return KL(self || other) of each independent part of the latent vector, in nats.

        Raises `ValueError` for a belief of another family or shape.
        """

    def kl(self, other: "AbstractBelief") -> Float[Array, "*ticks"]:
        """Return KL(self || other) in nats, the sum of `kl_parts`, and raise as that does."""
        return jnp.sum(self.kl_parts(other), axis=-1)


class Gaussian(AbstractBelief):
    """A normal distribution with a diagonal covariance.

    **Arguments:** `mean` and `stddev`, (..., stoch); standard deviations are positive. Raises
    `ValueError` where the two, or an argument of a method, differ in shape.
    """

    mean: Float[Array, "*ticks stoch"]
    stddev: Float[Array, "*ticks stoch"]

    def __check_init__(self) -> None:
        """Raise `ValueError` for a mean and a standard deviation of different shapes."""
        check_shape("stddev", self.stddev, jnp.shape(self.mean), "give it the shape of the mean")

    @checked
    def sample(self, noise: Float[Array, "*ticks stoch"]) -> Float[Array, "*ticks stoch"]:
        """Return mean + stddev * noise, for standard normal noise."""
        check_shape("noise", noise, self.mean.shape, _REMEDY)
        return self.mean + self.stddev * noise

    @property
    def mode(self) -> Float[Array, "*ticks stoch"]:
        """The mean."""
        return self.mean

    @checked
    def log_prob(self, stoch: Float[Array, "*ticks stoch"]) -> Float[Array, "*ticks"]:
        """Return the log-density of a latent vector, in nats."""
        check_shape("stoch", stoch, self.mean.shape, _REMEDY)
        standard = (stoch - self.mean) / self.stddev
        constant = 0.5 * math.log(2 * math.pi)
        return -jnp.sum(0.5 * standard**2 + jnp.log(self.stddev) + constant, axis=-1)

    def entropy(self) -> Float[Array, "*ticks"]:
        """Return the differential entropy, in nats."""
        return jnp.sum(jnp.log(self.stddev) + 0.5 * math.log(2 * math.pi * math.e), axis=-1)

    def kl_parts(self, other: AbstractBelief) -> Float[Array, "*ticks stoch"]:
        """Return KL(self || other) of each dimension of the latent vector, in nats.

        Raises `ValueError` for a belief of another family or shape.
        """
        if not isinstance(other, Gaussian):
            raise _of_another_family(self, other)
        check_shape("the other mean", other.mean, self.mean.shape, _REMEDY)
        ratio = self.stddev / other.stddev
        distance = (self.mean - other.mean) / other.stddev
        return 0.5 * (ratio**2 + distance**2 - 1) - jnp.log(ratio)


class Categorical(AbstractBelief):
    """Independent groups of one-hot vectors, laid end to end in the latent vector.

    **Arguments:** `log_probs`, (..., groups, classes), the normalised log-probabilities.

    Raises `ValueError` for fewer axes, and where an argument of a method has another shape.
    Gradients pass a sample straight through, as if it were the probabilities (Bengio et al.
    2013; Hafner et al. 2021, DreamerV2).
    """

    log_probs: Float[Array, "*ticks groups classes"]

    def __check_init__(self) -> None:
        """Raise `ValueError` for log-probabilities without an axis of groups and of classes."""
        if len(jnp.shape(self.log_probs)) < 2:
            raise ValueError(
                "log_probs must have shape (..., groups, classes), got "
                f"{jnp.shape(self.log_probs)}; give a single group an axis of length 1"
            )

    @property
    def _shape(self) -> tuple[int, ...]:
        """The shape of a latent vector."""
        *ticks, groups, classes = self.log_probs.shape
        return (*ticks, groups * classes)

    @checked
    def sample(self, noise: Float[Array, "*ticks stoch"]) -> Float[Array, "*ticks stoch"]:
        """Return the classes that win with standard Gumbel noise added, one-hot."""
        check_shape("noise", noise, self._shape, _REMEDY)
        perturbed = self.log_probs + noise.reshape(self.log_probs.shape)
        probs = jnp.exp(self.log_probs)
        # The parentheses keep the sample one-hot to the last bit.
        sample = _one_hot(perturbed) + (probs - jax.lax.stop_gradient(probs))
        return sample.reshape(self._shape)

    @property
    def mode(self) -> Float[Array, "*ticks stoch"]:
        """The most probable class of each group, one-hot."""
        return _one_hot(self.log_probs).reshape(self._shape)

    @checked
    def log_prob(self, stoch: Float[Array, "*ticks stoch"]) -> Float[Array, "*ticks"]:
        """Return the log-probability of one-hot vectors, in nats."""
        check_shape("stoch", stoch, self._shape, _REMEDY)
        return jnp.sum(stoch.reshape(self.log_probs.shape) * self.log_probs, axis=(-2, -1))

    def entropy(self) -> Float[Array, "*ticks"]:
        """Return the entropy, in nats."""
        return -jnp.sum(jnp.exp(self.log_probs) * self.log_probs, axis=(-2, -1))

    def kl_parts(self, other: AbstractBelief) -> Float[Array, "*ticks groups"]:
        """Return KL(self || other) of each group, in nats.

        Raises `ValueError` for a belief of another family or shape.
        """
        if not isinstance(other, Categorical):
            raise _of_another_family(self, other)
        check_shape("the other log_probs", other.log_probs, self.log_probs.shape, _REMEDY)
        ratio = self.log_probs - other.log_probs
        return jnp.sum(jnp.exp(self.log_probs) * ratio, axis=-1)


def _one_hot(scores: Float[Array, "*groups classes"]) -> Float[Array, "*groups classes"]:
    """Mark the highest score of each group."""
    return jax.nn.one_hot(jnp.argmax(scores, axis=-1), scores.shape[-1], dtype=scores.dtype)


def _of_another_family(belief: AbstractBelief, other: AbstractBelief) -> ValueError:
    """Return the error for a KL between families."""
    family = type(belief).__name__
    return ValueError(
        f"the KL of a {family} must be to a {family}, got {type(other).__name__}; "
        "let a cell's prior and posterior be of one family"
    )


@checked
def kl(posterior: AbstractBelief, prior: AbstractBelief) -> Float[Array, "*ticks"]:
    """Return KL(posterior || prior) in nats.

    Raises `ValueError` for beliefs of different families or shapes.
    """
    return posterior.kl(prior)


@checked
def balanced_kl(
    posterior: AbstractBelief, prior: AbstractBelief, *, kl_balance: float
) -> Float[Array, "*ticks"]:
    """Return KL(posterior || prior) in nats, its gradient shared out unequally.

    The value is that of `kl`. Of the gradient, `kl_balance` (in [0, 1]) goes to the posterior and
    the rest to the prior: the official `kl_grad_post_perc`, without the fault by which the
    official helper stops the gradient of both. Raises `ValueError` for a `kl_balance` outside
    its range, and for beliefs of different families or shapes.
    """
    return jnp.sum(balanced_kl_parts(posterior, prior, kl_balance=kl_balance), axis=-1)


@checked
def balanced_kl_parts(
    posterior: AbstractBelief, prior: AbstractBelief, *, kl_balance: float
) -> Float[Array, "*ticks parts"]:
    """Return `balanced_kl` of each independent part of the latent vector, in nats.

    A part is a dimension of a `Gaussian`, a group of a `Categorical`. Raises as `balanced_kl`.
    """
    check_share("kl_balance", kl_balance)
    to_prior = jax.lax.stop_gradient(posterior).kl_parts(prior)
    to_posterior = posterior.kl_parts(jax.lax.stop_gradient(prior))
    return (1 - kl_balance) * to_prior + kl_balance * to_posterior
