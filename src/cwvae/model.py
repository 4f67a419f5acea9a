"""The Clockwork Variational Autoencoder: its parts, and what it is as a video model."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
from jaxtyping import Array, Float, Key, PRNGKeyArray

from cwvae import objective, rollout
from cwvae.clockwork import AbstractClockwork, Past
from cwvae.hiding import hide_frames
from cwvae.hierarchy import Hierarchy
from cwvae.likelihoods import AbstractLikelihood
from cwvae.nn.compute_dtype import InDtype
from cwvae.video_model import Bounds, LossInputs

__all__ = ["CWVAE"]

_Videos = Float[Array | np.ndarray, "batch frames *frame"]


class CWVAE(AbstractClockwork):
    """A Clockwork Variational Autoencoder (Saxena et al. 2021).

    **Arguments:**

    - `encoder`: a module that turns one frame into a vector for each level.
    - `hierarchy`: the levels' cells and their clock.
    - `decoder`: a module that turns the output of the lowest level into the parameters of a
      frame's distribution.
    - `likelihood`: the distribution of a frame given those parameters.

    A frame is an array of any shape that the four agree on. `cwvae.build` makes a model from a
    `ModelConfig`.
    """

    encoder: Callable[[Array], tuple[Array, ...]]
    hierarchy: Hierarchy
    decoder: Callable[[Array], Array]
    likelihood: AbstractLikelihood

    def loss(self, videos: _Videos, inputs: LossInputs, *, key: PRNGKeyArray) -> objective.Loss:
        """Return the training loss of a batch: `cwvae.loss` with the noise of `key`."""
        batch, frames = videos.shape[:2]
        # A static level, which ticks where a video begins, needs no noise after that.
        start = 0 if inputs.past is None else self.hierarchy.clock.slowest
        keys = jr.split(key, batch)
        noise = jax.vmap(lambda k: self.hierarchy.noise(frames, key=k, start=start))(keys)
        conditioning = inputs.conditioning
        if inputs.hide:
            conditioning = hide_frames(
                self.hierarchy, conditioning, inputs.past, frames, share=inputs.hide, keys=keys
            )
        return objective.loss(
            self._computing_in(inputs.compute_dtype),
            videos,
            noise,
            conditioning,
            past=inputs.past,
            beta=inputs.beta,
            free_nats=inputs.free_nats,
            tick_free_nats=inputs.tick_free_nats,
            kl_balance=inputs.kl_balance,
            parts=inputs.accumulate,
        )

    def forecasts(
        self,
        contexts: _Videos,
        horizon: int,
        *,
        keys: Key[Array, " batch"],
        samples: int = 1,
    ) -> Float[Array, "batch samples horizon *frame"]:
        """Return `cwvae.forecast` of every context."""

        def one(context: Float[Array, " frames *frame"], key: PRNGKeyArray) -> Array:
            return rollout.forecast(self, context, horizon, key=key, samples=samples)

        return jax.vmap(one)(jnp.asarray(contexts), keys)

    @property
    def context_multiple(self) -> int:
        """The period of the slowest level, on whose ticks a context and a piece end."""
        return self.hierarchy.clock.slowest

    @property
    def latents(self) -> int:
        """The number of levels."""
        return self.hierarchy.clock.levels

    @property
    def fewest_frames(self) -> int:
        """The window that a static level is inferred from, else 1."""
        return self.hierarchy.clock.static_window or 1

    @property
    def has_levels(self) -> bool:
        """True: it has levels."""
        return True

    def reconstructions(
        self, videos: _Videos, *, keys: Key[Array, " batch"]
    ) -> Float[Array, "batch frames *frame"]:
        """Return `cwvae.reconstruct` of every video."""

        def one(video: Float[Array, " frames *frame"], key: PRNGKeyArray) -> Array:
            noise = self.hierarchy.noise(video.shape[0], key=key)
            return jnp.asarray(rollout.reconstruct(self, video, noise))

        return jax.vmap(one)(jnp.asarray(videos), keys)

    def bounds(self, videos: _Videos, *, keys: Key[Array, " batch"]) -> Bounds:
        """Return `cwvae.elbo` of every video, the KL of a level as one latent's."""

        def one(video: Float[Array, " frames *frame"], key: PRNGKeyArray) -> Bounds:
            bound = objective.elbo(self, video, self.hierarchy.noise(video.shape[0], key=key))
            return Bounds(bound.log_likelihood, jnp.stack([level.sum() for level in bound.kl]))

        return jax.vmap(one)(jnp.asarray(videos), keys)

    def after_step(self, loss: Any) -> "CWVAE":
        """Return the model whose likelihood follows the standard deviation of the batch."""
        # What a likelihood takes from the batch is no weight: its update is zero.
        return replace(self, likelihood=self.likelihood.follow(loss.stddev))

    def begun_as(self, fresh: Any) -> "CWVAE":
        """Return this model with the likelihood as it is configured, before any batch."""
        return replace(self, likelihood=fresh.likelihood)

    def first_past(self, batch: int) -> Past:
        """Return the past of so many videos before their first frame."""
        features = tuple(jnp.zeros((1, cell.feature_size)) for cell in self.hierarchy.cells)
        one = self.past(features, self.hierarchy.init())
        return jax.tree.map(lambda a: jnp.broadcast_to(a, (batch, *a.shape)), one)

    def _computing_in(self, dtype: str) -> "CWVAE":
        """Return the model with its networks in the type, if that is not the usual one."""
        if dtype == "float32":
            return self
        encoder, decoder = (InDtype(net, dtype) for net in (self.encoder, self.decoder))
        return replace(self, encoder=encoder, decoder=decoder)
