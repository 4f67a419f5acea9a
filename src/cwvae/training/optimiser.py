"""The official optimiser: clipping by global norm, then Adam as Keras computes it."""

from contextlib import AbstractContextManager
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree
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

    Adam here has epsilon beside the root of the *uncorrected* second moment, as Keras does. The
    correction of both moments goes into the learning rate (Kingma and Ba 2015, end of section 2),
    where textbooks add epsilon after the second moment is corrected. AMSGrad (Reddi et al. 2018)
    takes the largest of the second moments so far, uncorrected, as PyTorch does.

    The moments are one vector each, since XLA takes seconds to compile the same for each array by
    itself; the moves are made array by array, so that each is added to its weights where it is
    computed, and no vector of them goes to memory and back.
    """

    def init(params: PyTree) -> Any:
        mean, square, most = (jnp.zeros_like(ravel_pytree(params)[0]) for _ in range(3))
        return optax.EmptyState(), _AdamState(
            jnp.zeros((), "int32"), mean, square, most if config.amsgrad else None
        )

    def update(updates: PyTree, state: Any, params: PyTree | None = None) -> tuple[PyTree, Any]:
        clipping, adam = state
        gradient, by_array = ravel_pytree(updates)
        gradient = _clipped(gradient, config.clip_norm)
        mean = _BETA1 * adam.mean + (1 - _BETA1) * gradient
        square = _BETA2 * adam.square + (1 - _BETA2) * gradient**2
        largest = jnp.maximum(adam.most, square) if config.amsgrad else square
        t = (adam.steps + 1).astype(float)
        rate = learning_rate(config, adam.steps) * jnp.sqrt(1 - _BETA2**t) / (1 - _BETA1**t)

        def move(mean: Array, square: Array) -> Array:
            return -rate.astype(mean.dtype) * mean / (jnp.sqrt(square) + config.epsilon)

        moves = jax.tree.map(move, by_array(mean), by_array(largest))
        most = largest if config.amsgrad else None
        return moves, (clipping, _AdamState(adam.steps + 1, mean, square, most))

    return optax.GradientTransformation(init, update)


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


def _clipped(gradient: Float[Array, " weights"], most: float) -> Float[Array, " weights"]:
    """Return a gradient whose norm is at most `most`."""
    # One factor for all, as in TensorFlow: a quotient of each number would be written to memory.
    return gradient * (most / jnp.maximum(jnp.linalg.norm(gradient), most))
