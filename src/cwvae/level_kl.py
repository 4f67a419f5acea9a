"""The KL of one level over a batch: how much it is, and how much of it the loss takes."""

from collections.abc import Sequence

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer
from jaxtyping import Array, Float, Int

from cwvae.shapes import checked

__all__ = ["ACTIVE", "LevelKL", "PerLevel", "by_level", "level_kl", "level_kls", "per_level"]

PerLevel = float | Sequence[float] | Float[Array, ""] | Float[Array, " levels"]
"""One number for all levels, or one a level, the fastest first."""

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


@checked
def level_kls(
    parts: tuple[Float[Array, "batch _ _"], ...], free_nats: Float[Array, " levels"]
) -> LevelKL:
    """Return what a batch's KL of every level amounts to: `level_kl` of each, stacked."""
    levels = [level_kl(of_level, free_nats[level]) for level, of_level in enumerate(parts)]
    return jax.tree.map(lambda *each: jnp.stack(each), *levels)


def _per_video(parts: Float[Array, "batch ticks parts"]) -> Float[Array, ""]:
    """Sum over parts and ticks, and take the mean over the batch."""
    return jnp.mean(parts.sum(-1).sum(-1))


def per_level(name: str, value: PerLevel, levels: int) -> Float[Array, " levels"]:
    """Turn one value for all levels, or one a level, into an array.

    Raises `ValueError` that begins with the `name` for another number of values, or negative ones.
    """
    shape = np.shape(value)
    if shape not in ((), (levels,)):
        got = shape[0] if len(shape) == 1 else f"an array of shape {shape}"
        raise ValueError(f"{name} must be one number or {levels}, one a level, got {got}")
    # What a traced array holds is not known yet.
    if not isinstance(value, Tracer) and not np.all(np.asarray(value) >= 0):
        raise ValueError(f"{name} must not be negative, got {value}")
    return jnp.broadcast_to(jnp.asarray(value, dtype=float), (levels,))


def by_level(
    kl: Float[Array, " levels"],
    per_tick: Float[Array, " levels"],
    active_units: Int[Array, " levels"],
) -> dict[str, Float[Array, ""]]:
    """Return the numbers of each level by name, as logs have them; NaN of levels without ticks.

    **Arguments:** nats per frame, nats per tick (NaN without ticks), and the active units.
    """
    ticked = jnp.isfinite(per_tick)
    known = {
        "kl": jnp.where(ticked, kl, jnp.nan),
        "kl_per_tick": per_tick,
        "active_units": jnp.where(ticked, active_units.astype(kl.dtype), jnp.nan),
    }
    return {f"{n}/level_{level}": v[level] for n, v in known.items() for level in range(len(v))}
