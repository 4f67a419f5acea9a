"""One pure optimisation step."""

from dataclasses import replace
from functools import partial

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import optax
from jaxtyping import Array, Float, Int, PyTree, UInt8

from cwvae.cells.base import Conditioning
from cwvae.model import CWVAE
from cwvae.objective import Loss, loss
from cwvae.shapes import checked
from cwvae.training.config import TrainConfig
from cwvae.training.optimiser import make_optimiser, relaxed_promotion

__all__ = [
    "StepRecord",
    "TrainState",
    "init_train_state",
    "train_in_place",
    "train_step",
]


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


def init_train_state(model: CWVAE, config: TrainConfig) -> TrainState:
    """Return the state before the first step, in arrays that it shares with nothing."""
    optimiser = make_optimiser(config)

    def init(model: CWVAE) -> tuple[CWVAE, PyTree]:
        # Steps in place use up what they are given, and no array can be used up twice.
        own = jax.tree.map(lambda leaf: jnp.copy(leaf) if eqx.is_array(leaf) else leaf, model)
        return own, optimiser.init(eqx.filter(own, eqx.is_inexact_array))

    with relaxed_promotion():
        return TrainState(*eqx.filter_jit(init)(model), jnp.asarray(0))


@checked
def train_step(
    state: TrainState,
    videos: UInt8[Array, "batch frames *frame"] | Float[Array, "batch frames *frame"],
    config: TrainConfig,
    conditioning: tuple[Conditioning, ...] | None = None,
) -> tuple[TrainState, StepRecord]:
    """Take one optimisation step on a batch of videos.

    Frames of uint8 are divided by 255, others are taken as they are. `conditioning`, with a leading
    batch axis, is for models that hear times or actions. The noise is drawn from the seed and the
    number of the step alone, so a run that was interrupted goes on as if it had not been.
    """
    batch, frames = videos.shape[:2]
    key = jr.fold_in(jr.key(config.seed), state.step)
    noise = jax.vmap(lambda k: state.model.hierarchy.noise(frames, key=k))(jr.split(key, batch))
    scaled = videos.astype(float) / (255 if videos.dtype == jnp.uint8 else 1)

    def objective(model: CWVAE) -> tuple[Float[Array, ""], Loss]:
        parts = loss(
            _in_compute_dtype(model, config),
            scaled,
            noise,
            conditioning,
            beta=config.beta,
            free_nats=config.free_nats,
            kl_balance=config.kl_balance,
        )
        return parts.total, parts

    (_, parts), gradients = eqx.filter_value_and_grad(objective, has_aux=True)(state.model)
    weights = eqx.filter(state.model, eqx.is_inexact_array)
    with relaxed_promotion():
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
    conditioning: tuple[Conditioning, ...] | None = None,
) -> tuple[TrainState, StepRecord]:
    """Take a compiled `train_step` that updates the state in place.

    Its arrays, those of the optimiser above all, are not copied: the state that it was given, and
    `conditioning`, cannot be used any more. The batch comes first, since it alone stays.
    """
    return train_step(state, videos, config, conditioning)


def _in_compute_dtype(model: CWVAE, config: TrainConfig) -> CWVAE:
    """Let a model compute with fewer bits, if so configured; else it stays as it was made."""
    if config.compute_dtype == "float32":
        return model
    return replace(model, compute_dtype=config.compute_dtype)
