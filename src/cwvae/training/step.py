"""One pure optimisation step.

    state = init_train_state(model, config)
    for batch in batches:
        state, record = train_in_place(batch["video"], state, config)

The key of a step is `jax.random.fold_in(jax.random.key(config.seed), state.step)`, split once for
each video of the batch. Nothing else is random, so a run that was interrupted goes on as if it had
not been. With `config.pieces` videos go on from step to step: see `cwvae.training.carry`.

Any optimiser of optax does, made once, since another object is another program to the compiler:

    adamw = optax.adamw(3e-4)
    state = init_train_state(model, config, optimiser=adamw)
    state, record = train_in_place(videos, state, config, optimiser=adamw)
"""

from dataclasses import replace
from functools import partial
from typing import Any, Generic, TypeVar

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float, Int, PyTree, UInt8

from cwvae._extras import extra
from cwvae.cells.base import Conditioning
from cwvae.kernels.sharding import same_everywhere
from cwvae.shapes import checked
from cwvae.training import kl_schedules
from cwvae.training.average import averaged, copied
from cwvae.training.config import TrainConfig, check_pieces
from cwvae.training.optimiser import make_optimiser, relaxed_promotion
from cwvae.video_model import AbstractLoss, AbstractVideoModel, LossInputs

with extra("train"):
    import optax

__all__ = [
    "StepRecord",
    "TrainState",
    "init_train_state",
    "loss_inputs",
    "train_in_place",
    "train_step",
]

_Batch = (
    UInt8[Array | np.ndarray, "batch frames *frame"]
    | Float[Array | np.ndarray, "batch frames *frame"]
)

_Model = TypeVar("_Model", bound=AbstractVideoModel)


class TrainState(eqx.Module, Generic[_Model]):
    """All that recurs from step to step.

    **Arguments:** `model`, with the weights so far; `optimiser_state`, that of the optimiser which
    `init_train_state` was given; `step`, the number of steps taken; `average`, the model with the
    moving average of its weights, None without one; `past`, what the last videos left, from which
    the next go on, a leading batch axis on all its arrays; None where the next videos begin.
    """

    model: _Model
    optimiser_state: PyTree
    step: Int[Array, ""]
    average: _Model | None = None
    past: Any = None

    @property
    def result(self) -> _Model:
        """The model to evaluate and predict with: the average where there is one."""
        return self.model if self.average is None else self.average


class StepRecord(eqx.Module):
    """What one step computed besides the new state.

    **Arguments:** `loss` of the batch before the step, in nats per frame; `gradient_norm`, the
    global norm of its gradient before clipping.
    """

    loss: AbstractLoss
    gradient_norm: Float[Array, ""]

    @property
    def finite(self) -> Array:
        """Whether loss and gradient are finite, so that the new weights can be used."""
        return jnp.isfinite(self.loss.total) & jnp.isfinite(self.gradient_norm)


@checked
def init_train_state(
    model: _Model,
    config: TrainConfig,
    *,
    optimiser: optax.GradientTransformation | None = None,
) -> TrainState[_Model]:
    """Return the state before the first step, in arrays that it shares with nothing.

    **Arguments:** `model`, whose floating-point arrays are its weights; `config`; `optimiser`, the
    one that `train_step` will be given, by default the official one.
    """
    chosen = make_optimiser(config) if optimiser is None else optimiser

    def init(model: _Model) -> TrainState[_Model]:
        own, average = copied(model), copied(model) if config.average else None
        optimiser_state = chosen.init(eqx.filter(own, eqx.is_inexact_array))
        return TrainState(own, optimiser_state, jnp.zeros((), "int32"), average)

    with relaxed_promotion():
        return eqx.filter_jit(init)(model)


@checked
def train_step(
    state: TrainState[_Model],
    videos: _Batch,
    config: TrainConfig,
    conditioning: tuple[Conditioning, ...] | None = None,
    *,
    optimiser: optax.GradientTransformation | None = None,
) -> tuple[TrainState[_Model], StepRecord]:
    """Take one optimisation step on a batch of videos; `train_in_place` is the compiled one.

    **Arguments:**

    - `state`: from `init_train_state`, or from the step before.
    - `videos`: (batch, frames, height, width, channels), of NumPy or JAX. Frames of uint8 are
      divided by 255, floating-point ones are taken as they are.
    - `config`: loss, seed, average and the official optimiser's options, each of which may change
      between steps; with more than one of its `pieces` the new state has a past.
    - `conditioning`: with a leading batch axis, for models of times or actions; that of a piece is
      cut from that of its whole video.
    - `optimiser`: that of `init_train_state`, by default the official one. Another one has its own
      options in the place of those in `config`.

    Raises `TypeCheckError` for videos that are no such batch, `ValueError` for another optimiser's
    state, for pieces after which no other can follow, or a past of other videos.
    """
    chosen = make_optimiser(config) if optimiser is None else optimiser
    _check_optimiser(chosen, state)
    _check_videos(videos.shape, state, config)
    (_, parts), gradients = _loss_and_gradients(state, videos, config, conditioning)
    with relaxed_promotion():
        weights = eqx.filter(state.model, eqx.is_inexact_array)
        updates, optimiser_state = chosen.update(gradients, state.optimiser_state, weights)
        model = eqx.apply_updates(state.model.after_step(parts), updates)
        record = StepRecord(parts, jnp.linalg.norm(ravel_pytree(gradients)[0]))
    average = averaged(state.average, model, decay=config.average, steps=state.step)
    # The gradient of a step ends where its videos begin.
    past = jax.lax.stop_gradient(parts.past) if config.pieces > 1 else None
    after = same_everywhere(TrainState(model, optimiser_state, state.step + 1, average))
    return replace(after, past=past), record


@partial(eqx.filter_jit, donate="all-except-first")
def train_in_place(
    videos: _Batch,
    state: TrainState[_Model],
    config: TrainConfig,
    conditioning: tuple[Conditioning, ...] | None = None,
    *,
    optimiser: optax.GradientTransformation | None = None,
) -> tuple[TrainState[_Model], StepRecord]:
    """Take a compiled `train_step` that updates the state in place.

    Its arrays, those of the optimiser above all, are not copied: the state that it was given, and
    `conditioning`, cannot be used any more. The batch comes first, since it alone stays.
    """
    return train_step(state, videos, config, conditioning, optimiser=optimiser)


def loss_inputs(config: TrainConfig, step: Int[Array, ""]) -> LossInputs:
    """Return what the loss is given in the step that comes after `step` others."""
    return LossInputs(
        step=step,
        beta=kl_schedules.beta(config, step),
        free_nats=kl_schedules.free_nats(config, step),
        tick_free_nats=kl_schedules.tick_free_nats(config, step),
        kl_balance=config.kl_balance,
        hide=config.hide,
        compute_dtype=config.compute_dtype,
        accumulate=config.accumulate,
    )


def _loss_and_gradients(
    state: TrainState[_Model],
    videos: _Batch,
    config: TrainConfig,
    conditioning: tuple[Conditioning, ...] | None,
) -> tuple[tuple[Float[Array, ""], AbstractLoss], PyTree]:
    """Return the loss of a batch, its parts and its gradient with the structure of the model."""
    scaled, key = _scaled(videos), jr.fold_in(jr.key(config.seed), state.step)
    inputs = replace(loss_inputs(config, state.step), past=state.past, conditioning=conditioning)

    def objective(model: AbstractVideoModel) -> tuple[Float[Array, ""], AbstractLoss]:
        parts = model.loss(scaled, inputs, key=key)
        return parts.total, parts

    return eqx.filter_value_and_grad(objective, has_aux=True)(state.model)


def _check_optimiser(optimiser: optax.GradientTransformation, state: TrainState) -> None:
    """Raise `ValueError` for a state that is not this optimiser's."""
    weights = eqx.filter(state.model, eqx.is_inexact_array)
    with relaxed_promotion():
        expected = jax.eval_shape(optimiser.init, weights)
    if jax.tree.map(jnp.shape, expected) != jax.tree.map(jnp.shape, state.optimiser_state):
        raise ValueError(
            "the state must be that of the optimiser of this step, got that of another one; "
            "give init_train_state and train_step the same optimiser"
        )


def _check_videos(shape: tuple[int, ...], state: TrainState, config: TrainConfig) -> None:
    """Raise `ValueError` for videos that cannot go on, or before which nothing was."""
    check_pieces(shape[1], config, state.model.context_multiple)
    if state.past is not None and (rows := len(jax.tree.leaves(state.past)[0])) != shape[0]:
        raise ValueError(
            f"the state's past is that of {rows} videos, got {shape[0]} to go on; let new videos "
            "begin with cwvae.training.carry.begin_videos"
        )


def _scaled(videos: _Batch) -> Float[Array, "batch frames *frame"]:
    """Return floating-point frames; those of uint8 become 0 to 1."""
    frames = jnp.asarray(videos)
    return frames.astype(float) / (255 if frames.dtype == jnp.uint8 else 1)
