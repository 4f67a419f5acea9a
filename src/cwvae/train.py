"""One pure optimisation step."""

from contextlib import AbstractContextManager
from dataclasses import replace
from functools import partial

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import optax
from jaxtyping import Array, Float, Int, PyTree, UInt8

from cwvae.cells.base import Given
from cwvae.config import TrainConfig
from cwvae.model import CWVAE
from cwvae.objective import Loss, loss
from cwvae.shapes import checked

__all__ = [
    "StepRecord",
    "TrainState",
    "init_train_state",
    "make_optimiser",
    "train_in_place",
    "train_step",
]

BETA2 = 0.999


class TrainState(eqx.Module):
    """All that recurs from step to step; the step's own key is derived from seed and step."""

    model: CWVAE
    optimiser_state: PyTree
    step: Int[Array, ""]


class StepRecord(eqx.Module):
    """What one step has to say: its loss (nats per frame) and gradient norm before clipping."""

    loss: Loss
    gradient_norm: Float[Array, ""]

    @property
    def finite(self) -> Array:
        """Whether the step was numerically sound."""
        return jnp.isfinite(self.loss.total) & jnp.isfinite(self.gradient_norm)


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


def init_train_state(model: CWVAE, config: TrainConfig) -> TrainState:
    """Return the state before the first step, in arrays that it shares with nothing."""
    optimiser = make_optimiser(config)

    def init(model: CWVAE) -> tuple[CWVAE, PyTree]:
        # Steps in place use up what they are given, and no array can be used up twice.
        own = jax.tree.map(lambda leaf: jnp.copy(leaf) if eqx.is_array(leaf) else leaf, model)
        return own, optimiser.init(eqx.filter(own, eqx.is_inexact_array))

    with _relaxed_promotion():
        return TrainState(*eqx.filter_jit(init)(model), jnp.asarray(0))


@checked
def train_step(
    state: TrainState,
    videos: UInt8[Array, "batch frames *frame"] | Float[Array, "batch frames *frame"],
    config: TrainConfig,
    given: tuple[Given, ...] | None = None,
) -> tuple[TrainState, StepRecord]:
    """Take one optimisation step on a batch of videos.

    Frames of uint8 are divided by 255, others are taken as they are. `given`, with a leading
    batch axis, is for models that hear times or actions. The noise is drawn from the seed and the
    number of the step alone, so a run that was interrupted goes on as if it had not been.
    """
    batch, frames = videos.shape[:2]
    key = jr.fold_in(jr.key(config.seed), state.step)
    noise = jax.vmap(lambda k: state.model.hierarchy.noise(frames, key=k))(jr.split(key, batch))
    scaled = videos.astype(float) / (255 if videos.dtype == jnp.uint8 else 1)

    def objective(model: CWVAE) -> tuple[Float[Array, ""], Loss]:
        parts = loss(
            _in_precision(model, config),
            scaled,
            noise,
            given,
            beta=config.beta,
            free_nats=config.free_nats,
            posterior_share=config.posterior_share,
        )
        return parts.total, parts

    (_, parts), gradients = eqx.filter_value_and_grad(objective, has_aux=True)(state.model)
    weights = eqx.filter(state.model, eqx.is_inexact_array)
    with _relaxed_promotion():
        updates, optimiser_state = make_optimiser(config).update(
            gradients, state.optimiser_state, weights
        )
        model = eqx.apply_updates(state.model, updates)
        record = StepRecord(parts, optax.tree.norm(gradients))
    return TrainState(model, optimiser_state, state.step + 1), record


@partial(eqx.filter_jit, donate="all-except-first")
def train_in_place(
    videos: UInt8[Array, "batch frames *frame"] | Float[Array, "batch frames *frame"],
    state: TrainState,
    config: TrainConfig,
    given: tuple[Given, ...] | None = None,
) -> tuple[TrainState, StepRecord]:
    """Take a compiled `train_step` that updates the state in place.

    Its arrays, those of the optimiser above all, are not copied: the state that it was given, and
    `given`, cannot be used any more. The batch comes first, since it alone stays.
    """
    return train_step(state, videos, config, given)


def _in_precision(model: CWVAE, config: TrainConfig) -> CWVAE:
    """Let a model compute with fewer bits, if so configured; else it stays as it was made."""
    return model if config.precision == "float32" else replace(model, precision=config.precision)


def _relaxed_promotion() -> AbstractContextManager:
    """Let optax mix its int32 count of steps with floats, which strict promotion forbids."""
    return jax.numpy_dtype_promotion("standard")
