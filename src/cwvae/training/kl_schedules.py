"""How beta and the free nats of the KL change over training: functions of the steps taken.

Nothing of them is kept in a state, so a run that goes on follows the schedule that its options now
describe. A schedule that is off leaves the option the constant that it is.
"""

import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from cwvae.level_kl import PerLevel
from cwvae.training.config import TrainConfig

__all__ = ["beta", "free_nats", "tick_free_nats"]


def beta(config: TrainConfig, count: Int[Array, ""]) -> PerLevel:
    """Return the weight of each level's KL at the step that comes after `count` others.

    It goes from `config.beta_start` to `config.beta` over the first `config.beta_steps` steps,
    along half a cosine (KL annealing, Bowman et al. 2016; a cosine as in Havtorn et al. 2022).
    """
    if not config.beta_steps:
        return config.beta
    start, end = (jnp.asarray(value, dtype=float) for value in (config.beta_start, config.beta))
    left = _falling(count.astype(float) / config.beta_steps)
    return left * start + (1 - left) * end


def free_nats(config: TrainConfig, count: Int[Array, ""]) -> PerLevel:
    """Return each level's free nats of a video at the step that comes after `count` others.

    They are `config.free_nats` for the first `config.free_nats_steps` steps, and fall to 0 over
    as many along half a cosine (Havtorn et al. 2022).
    """
    return _left(config.free_nats, config, count)


def tick_free_nats(config: TrainConfig, count: Int[Array, ""]) -> PerLevel:
    """Return each level's free nats of a tick's frame, as `free_nats` does of a video."""
    return _left(config.tick_free_nats, config, count)


def _left(value: PerLevel, config: TrainConfig, count: Int[Array, ""]) -> PerLevel:
    """Return what is left of some free nats."""
    if not config.free_nats_steps:
        return value
    share = _falling(count.astype(float) / config.free_nats_steps - 1)
    return share * jnp.asarray(value, dtype=float)


def _falling(done: Float[Array, ""]) -> Float[Array, ""]:
    """Return 1 up to 0, 0 from 1 on, and half a cosine between."""
    # Exactly 0 and 1 outside, whatever rounding makes of the cosine.
    between = (1 + jnp.cos(jnp.pi * done)) / 2
    return jnp.where(done <= 0, 1.0, jnp.where(done >= 1, 0.0, between))
