"""The official optimiser: clipping by global norm, then Adam as Keras computes it."""

from contextlib import AbstractContextManager

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Float, Int

from cwvae.training.config import TrainConfig

__all__ = ["make_optimiser", "relaxed_promotion"]

BETA2 = 0.999


def make_optimiser(config: TrainConfig) -> optax.GradientTransformation:
    """Return the official optimiser: clipping by global norm, then Keras's Adam.

    With a decay the learning rate is constant at first and falls linearly to 0 at the last step.

    Keras adds epsilon to the root of the *uncorrected* second moment, which is the textbook form
    with an epsilon that falls by 1 / sqrt(1 - beta2^t).
    """

    def epsilon(count: Int[Array, ""]) -> Float[Array, ""]:
        return config.epsilon / jnp.sqrt(1 - BETA2 ** (count.astype(float) + 1))

    def learning_rate(count: Int[Array, ""]) -> Float[Array, ""]:
        left = (config.steps - count) / config.steps
        return config.learning_rate * jnp.clip(left / config.decay, 0, 1)

    adam = optax.inject_hyperparams(optax.adam)(
        learning_rate=learning_rate if config.decay else config.learning_rate,
        b2=BETA2,
        eps=epsilon,
    )
    # Adam sees one vector, since XLA takes seconds to compile the update of each array by itself.
    return optax.chain(optax.clip_by_global_norm(config.clip_norm), optax.flatten(adam))


def relaxed_promotion() -> AbstractContextManager:
    """Let optax mix its int32 count of steps with floats, which strict promotion forbids."""
    return jax.numpy_dtype_promotion("standard")
