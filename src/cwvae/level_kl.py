"""The KL of one level over a batch: how much it is, and how much of it the loss takes."""

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from cwvae.shapes import checked

__all__ = ["ACTIVE", "LevelKL", "level_kl"]

ACTIVE = 0.01
"""A unit is active when its KL, mean over batch and ticks, exceeds so many nats."""


class LevelKL(eqx.Module):
    """The KL of a level; a leading levels axis makes it that of all of them.

    **Arguments:**

    - `nats`: the KL summed over ticks, mean over the batch, nats per video.
    - `counted`: the same with no part of the latent vector below its free nats at any tick.
    - `per_tick`: mean over batch and ticks, nats per tick; NaN without ticks.
    - `active_units`: how many parts of the latent vector (dimensions, or groups of classes) have a
      KL of more than `ACTIVE` nats per tick. Burda et al. (2016) count the dimensions whose
      posterior mean has a variance of more than 0.01 over the data; what the prior predicts counts
      there and not here, and the KL does not depend on the scale of the latent vector.
    """

    nats: Float[Array, "*levels"]
    counted: Float[Array, "*levels"]
    per_tick: Float[Array, "*levels"]
    active_units: Int[Array, "*levels"]


@checked
def level_kl(parts: Float[Array, "batch ticks parts"], free_nats: Float[Array, ""]) -> LevelKL:
    """Return what a batch's KL of a level amounts to, in nats.

    **Arguments:** `parts`, the KL of every tick and each independent part of the latent vector, as
    `AbstractBelief.kl_parts` returns it; `free_nats`, those of a tick, at least 0, spread evenly
    over the parts: max(KL_d, free nats / parts) of each part d at each tick (the free bits of
    Kingma et al. 2016, as Havtorn et al. 2022 spread them).
    """
    share = free_nats / parts.shape[-1]
    # Without free nats it is the KL to the last bit, which rounding may leave below 0.
    counted = jnp.where(share > 0, jnp.maximum(parts, share), parts)
    of_parts = parts.mean((0, 1))
    return LevelKL(
        nats=_per_video(parts),
        counted=_per_video(counted),
        per_tick=of_parts.sum(),
        active_units=jnp.sum(of_parts > ACTIVE),
    )


def _per_video(parts: Float[Array, "batch ticks parts"]) -> Float[Array, ""]:
    """Sum over parts and ticks, and take the mean over the batch."""
    return jnp.mean(parts.sum(-1).sum(-1))
