"""Batch normalisation (Ioffe and Szegedy 2015) of one time step, statistics in and out.

Nothing is changed in place: a call returns the moments of what it saw, and `followed` returns the
normalisation whose running statistics have followed those of many calls.
"""

from collections.abc import Sequence
from typing import TypeVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from cwvae.nn.initialisers import normal, ones, zeros

__all__ = [
    "AnyImages",
    "BatchNorm",
    "Images",
    "Mapped",
    "Moments",
    "all_followed",
    "with_running",
    "without_running",
]

Images = Float[Array, "channels height width images"]
"""The images of a batch at one time step; the last axis counts them, as in `cwvae.kernels`."""

Mapped = Float[Array, "filters rows columns images"]
"""What becomes of them."""

AnyImages = Float[Array, "_ _ _ images"]
"""Images of any size, of several in a tuple."""

_Network = TypeVar("_Network", bound=eqx.Module)

_EPSILON, _MOMENTUM = 1e-5, 0.1  # PyTorch's


class Moments(eqx.Module):
    """Mean and unbiased variance of each channel; of several calls with a leading axis."""

    mean: Float[Array, "*calls channels"]
    variance: Float[Array, "*calls channels"]


class BatchNorm(eqx.Module):
    """Normalise each channel, after the bias of the convolution before it.

    **Arguments:** `offset`, that bias; `scale` and `shift` of what is normalised; `running`, the
    statistics that follow those of training, which are no weights.
    """

    offset: Float[Array, " channels"]
    scale: Float[Array, " channels"]
    shift: Float[Array, " channels"]
    running: Moments

    def __init__(self, channels: int, *, key: PRNGKeyArray):
        """Draw scales from N(1, 0.02); biases are zeros, running variances ones."""
        self.offset, self.shift = zeros(channels), zeros(channels)
        self.scale = ones(channels) + normal((channels,), stddev=0.02, key=key)
        self.running = Moments(zeros(channels), ones(channels))

    def __call__(self, images: Images, *, running: bool) -> tuple[Images, Moments]:
        """Return normalised images and the moments of the images, by their own or running ones."""
        if running:
            moments = jax.lax.stop_gradient(self.running)
            return self._by(moments.mean - self.offset, moments.variance, images), moments
        # Nothing is kept for the gradient but the images.
        return jax.checkpoint(BatchNorm._by_their_own)(self, images)

    def _by_their_own(self, images: Images) -> tuple[Images, Moments]:
        """Return normalised images and their moments."""
        # The offset moves the mean and nothing else, so that it need not be added.
        centre = images.mean((1, 2, 3))
        variance = jnp.mean((images - _of_channels(centre)) ** 2, (1, 2, 3))
        count = images[0].size
        unbiased = variance * (count / max(count - 1, 1))
        moments = jax.lax.stop_gradient(Moments(centre + self.offset, unbiased))
        return self._by(centre, variance, images), moments

    def _by(
        self, centre: Float[Array, " channels"], variance: Float[Array, " channels"], images: Images
    ) -> Images:
        """Return images normalised by a mean, without the offset, and a variance."""
        factor = self.scale / jnp.sqrt(variance + _EPSILON)
        return _of_channels(factor) * images + _of_channels(self.shift - factor * centre)

    def followed(self, moments: Moments) -> Moments:
        """Return the running statistics after these moments, (calls, channels), in their order."""
        calls = moments.mean.shape[0]
        shares = _MOMENTUM * (1 - _MOMENTUM) ** np.arange(calls - 1, -1, -1)

        def follow(old: Array, new: Array) -> Array:
            return (1 - _MOMENTUM) ** calls * old + jnp.asarray(shares, new.dtype) @ new

        return jax.tree.map(follow, self.running, moments)


def all_followed(network: eqx.Module, moments: Sequence[Moments]) -> tuple[Moments, ...]:
    """Return the running statistics of all normalisations of a network, in their order."""
    return tuple(norm.followed(new) for norm, new in zip(_norms(network), moments, strict=True))


def with_running(network: _Network, running: Sequence[Moments | None]) -> _Network:
    """Return a network with these running statistics, one for each normalisation in their order."""
    return eqx.tree_at(lambda network: [norm.running for norm in _norms(network)], network, running)


def without_running(network: _Network) -> _Network:
    """Return the weights of a network alone."""
    return with_running(network, [None] * len(_norms(network)))


def _norms(network: eqx.Module) -> list[BatchNorm]:
    """Return the normalisations of a network in the order of its fields."""
    leaves = jax.tree.leaves(network, is_leaf=lambda node: isinstance(node, BatchNorm))
    return [leaf for leaf in leaves if isinstance(leaf, BatchNorm)]


def _of_channels(values: Float[Array, " channels"]) -> Float[Array, "channels 1 1 1"]:
    """Return values that broadcast over the pixels of images."""
    return values.reshape(-1, 1, 1, 1)
