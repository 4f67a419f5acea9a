"""The official optimiser: clipping by global norm, then Adam as Keras computes it."""

from contextlib import AbstractContextManager
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, PyTree

from cwvae._extras import extra
from cwvae.training.config import TrainConfig

with extra("train"):
    import optax

__all__ = ["learning_rate", "make_optimiser", "relaxed_promotion"]

_BETA1, _BETA2 = 0.9, 0.999


class _AdamState(NamedTuple):
    """The steps taken, and the moving averages of the gradient and of its square."""

    steps: Int[Array, ""]
    mean: PyTree
    square: PyTree
    most: PyTree | None = None
    """With AMSGrad, the largest average of the square so far."""


def make_optimiser(config: TrainConfig) -> optax.GradientTransformation:
    """Return the official optimiser: clipping by global norm, then Keras's Adam.

    Everything that `config` sets is read at every update and nothing of it is kept in the state, so
    a state goes on with another configuration's learning rate, schedule, epsilon and clipping.
    """
    # They see one vector, since XLA takes seconds to compile the same for each array by itself.
    return optax.flatten(
        optax.chain(optax.clip_by_global_norm(config.clip_norm), _keras_adam(config))
    )


def learning_rate(config: TrainConfig, count: Int[Array, ""]) -> Float[Array, ""]:
    """Return the learning rate of the step that comes after `count` others.

    It rises linearly from 0 over the first `config.warmup` steps, and falls linearly to 0 over the
    last `config.decay` of all steps.
    """
    done = count.astype(float)
    rate = jnp.asarray(config.learning_rate, dtype=float)
    if config.warmup:
        rate = rate * jnp.minimum(done / config.warmup, 1)
    if config.decay:
        left = (config.steps - done) / config.steps
        rate = rate * jnp.clip(left / config.decay, 0, 1)
    return rate


def relaxed_promotion() -> AbstractContextManager:
    """Return a context in which optax may mix integers and floats, as strict promotion forbids."""
    return jax.numpy_dtype_promotion("standard")


def _keras_adam(config: TrainConfig) -> optax.GradientTransformation:
    """Return Adam with epsilon beside the root of the *uncorrected* second moment, as in Keras.

    The correction of both moments goes into the learning rate (Kingma and Ba 2015, end of section
    2), where textbooks add epsilon after the second moment is corrected. AMSGrad (Reddi et al.
    2018) takes the largest of the second moments so far, uncorrected, as PyTorch does.
    """

    def init(params: PyTree) -> Any:
        mean, square, most = (jax.tree.map(jnp.zeros_like, params) for _ in range(3))
        return _AdamState(jnp.zeros((), "int32"), mean, square, most if config.amsgrad else None)

    def update(updates: PyTree, state: Any, params: PyTree | None = None) -> tuple[PyTree, Any]:
        t = (state.steps + 1).astype(float)
        rate = learning_rate(config, state.steps) * jnp.sqrt(1 - _BETA2**t) / (1 - _BETA1**t)
        mean = jax.tree.map(lambda m, g: _BETA1 * m + (1 - _BETA1) * g, state.mean, updates)
        square = jax.tree.map(lambda v, g: _BETA2 * v + (1 - _BETA2) * g**2, state.square, updates)
        most = jax.tree.map(jnp.maximum, state.most, square) if config.amsgrad else None

        def move(mean: Array, square: Array) -> Array:
            return -rate.astype(mean.dtype) * mean / (jnp.sqrt(square) + config.epsilon)

        moves = jax.tree.map(move, mean, most if config.amsgrad else square)
        return moves, _AdamState(state.steps + 1, mean, square, most)

    return optax.GradientTransformation(init, update)
