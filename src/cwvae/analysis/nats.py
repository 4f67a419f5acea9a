"""The KL of every level, and the entropy of its prior."""

import equinox as eqx
import numpy as np
from jaxtyping import Float, Int

from cwvae.analysis.latents import LevelLatents
from cwvae.level_kl import ACTIVE

__all__ = ["LevelNats", "level_nats"]


class LevelNats(eqx.Module):
    """The nats of one level, means over videos.

    **Arguments:** `kl` of each observed tick and `entropy` of the prior at every tick, with the
    `frames` at which they begin; `per_video`, the KL of all ticks together; `active_units`, the
    parts of the latent vector that have more than .01 nats a tick.
    """

    frames: Int[np.ndarray, " ticks"]
    kl: Float[np.ndarray, " observed"]
    entropy: Float[np.ndarray, " ticks"]
    per_video: float
    active_units: int

    @property
    def per_tick(self) -> float:
        """The mean KL of a tick."""
        return float(self.kl.mean())


def level_nats(latents: LevelLatents, context: int) -> LevelNats:
    """Return the nats of a level.

    **Arguments:** `latents` of several videos, as `jax.vmap` of `follow` returns them; the number
    of `context` frames that were observed.
    """
    observed = latents.tick_at(context - 1) + 1
    parts = np.asarray(latents.kl_parts, dtype=float)[:, :observed].mean(0)
    return LevelNats(
        frames=np.asarray(latents.frames)[0],
        kl=parts.sum(-1),
        entropy=np.asarray(latents.entropy, dtype=float).mean(0),
        per_video=float(parts.sum()),
        active_units=int(np.sum(parts.mean(0) > ACTIVE)),
    )
