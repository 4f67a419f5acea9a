"""What a method of predicting videos is to those who train, measure, show and keep it.

Everything is of batches, since the frames of a batch may share statistics. A model of your own is
a class with two methods, `loss` and `forecasts`; the others have defaults.
"""

import abc
import math
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, Key, PRNGKeyArray

from cwvae.level_kl import PerLevel

__all__ = ["AbstractLoss", "AbstractVideoModel", "Bounds", "LossInputs", "PlainLoss"]

_Videos = Float[Array | np.ndarray, "batch frames *frame"]


class LossInputs(eqx.Module):
    """What a training step gives the loss of a batch besides the videos.

    **Arguments:**

    - `step`: the steps taken before this one.
    - `beta`, `free_nats`, `tick_free_nats`, `kl_balance`: as in `cwvae.loss`, at this step.
    - `hide`: the share of frames that inference does not see, in [0, 1).
    - `compute_dtype`: the type in which networks of frames compute.
    - `accumulate`: how many parts the batch is divided into, to take the memory of one of them.
    - `past`: what the pieces of videos before these left, as in the loss's record, or None.
    - `conditioning`: times or actions, for models that take them, or None.
    """

    step: Int[Array, ""] = eqx.field(default_factory=lambda: jnp.zeros((), "int32"))
    beta: PerLevel = 1.0
    free_nats: PerLevel = 0.0
    tick_free_nats: PerLevel = 0.0
    kl_balance: float | None = eqx.field(default=None, static=True)
    hide: float = eqx.field(default=0.0, static=True)
    compute_dtype: str = eqx.field(default="float32", static=True)
    accumulate: int = eqx.field(default=1, static=True)
    past: Any = None
    conditioning: Any = None


class AbstractLoss(eqx.Module):
    """The training loss of a batch, and what is logged of it.

    `past` is what the videos leave to pieces that follow them, None where a method carries nothing.
    """

    past: eqx.AbstractVar[Any]

    @property
    @abc.abstractmethod
    def total(self) -> Float[Array, ""]:
        """What is minimised."""

    @property
    @abc.abstractmethod
    def scalars(self) -> dict[str, Float[Array, ""] | Int[Array, ""]]:
        """The parts of the loss by name, as the logs of training show them; NaN is left out."""


class PlainLoss(AbstractLoss):
    """A loss with its parts by name, of a method that carries nothing from piece to piece."""

    value: Float[Array, ""]
    parts: dict[str, Float[Array, ""]] = eqx.field(default_factory=dict)
    past: None = None

    @property
    def total(self) -> Float[Array, ""]:
        """What is minimised."""
        return self.value

    @property
    def scalars(self) -> dict[str, Float[Array, ""] | Int[Array, ""]]:
        """The parts by name."""
        return dict(self.parts)


class Bounds(eqx.Module):
    """A bound on the log-probability of every video of a batch, term by term, in nats.

    **Arguments:** `log_likelihood`, (batch, frames); `kl`, (batch, latents), that of each latent
    summed over time.
    """

    log_likelihood: Float[Array | np.ndarray, "*batch frames"]
    kl: Float[Array | np.ndarray, "*batch latents"]


class AbstractVideoModel(eqx.Module):
    """A method that learns from videos and predicts how they go on.

    Frames have values in [0, 1]. A subclass is an `equinox.Module` whose floating-point arrays are
    its weights.
    """

    @abc.abstractmethod
    def loss(self, videos: _Videos, inputs: LossInputs, *, key: PRNGKeyArray) -> AbstractLoss:
        """Return the training loss of a batch of videos, its mean over the batch."""

    @abc.abstractmethod
    def forecasts(
        self,
        contexts: _Videos,
        horizon: int,
        *,
        keys: Key[Array, " batch"],
        samples: int = 1,
    ) -> Float[Array, "batch samples horizon *frame"]:
        """Return how videos go on after their context frames, open loop, each `samples` times."""

    @property
    def context_multiple(self) -> int:
        """What the number of context frames, and of a piece of a video, is a multiple of."""
        return 1

    @property
    def forecast_batch(self) -> int:
        """Videos to forecast at a time in an evaluation: more than 1 if they share statistics."""
        return 1

    @property
    def latents(self) -> int:
        """How many KL divergences the loss weighs, each with a beta and free nats of its own."""
        return 1

    @property
    def fewest_frames(self) -> int:
        """How many frames a training video has at least."""
        return 1

    @property
    def has_levels(self) -> bool:
        """Whether it is a `cwvae.CWVAE`, with levels to look at one by one."""
        return False

    @property
    def num_parameters(self) -> int:
        """The number of weights, of the model or of its shapes (`eqx.filter_eval_shape`)."""
        leaves = [leaf for leaf in jax.tree.leaves(self) if hasattr(leaf, "dtype")]
        return sum(math.prod(a.shape) for a in leaves if jnp.issubdtype(a.dtype, jnp.inexact))

    def reconstructions(
        self, videos: _Videos, *, keys: Key[Array, " batch"]
    ) -> Float[Array, "batch frames *frame"]:
        """Return videos as the method shows frames that it has seen; by default as they are."""
        return jnp.asarray(videos)

    def bounds(self, videos: _Videos, *, keys: Key[Array, " batch"]) -> Bounds:
        """Return a bound on the log-probability of videos; NaN, by default, where none is known."""
        batch, frames = videos.shape[:2]
        return Bounds(jnp.full((batch, frames), jnp.nan), jnp.zeros((batch, 0)))

    def after_step(self, loss: Any) -> "AbstractVideoModel":
        """Return the model with what it takes from a batch besides gradients; by default itself.

        **Arguments:** `loss`, what `loss` returned.
        """
        return self

    def begun_as(self, fresh: Any) -> "AbstractVideoModel":
        """Return this trained model to begin a training with; `fresh` is as it is configured.

        By default it is this model; one that takes more from the data than weights begins that
        anew.
        """
        return self

    def first_past(self, batch: int) -> Any:
        """Return what a batch of videos leaves, of any values; None where nothing is carried."""
        return None
