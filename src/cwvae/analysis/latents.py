"""What every level was, tick by tick, in a context and in the forecast after it."""

from typing import SupportsIndex

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from cwvae.arguments import whole_number
from cwvae.cells.base import LevelConditioning, Trace
from cwvae.conditioning import cut_conditioning
from cwvae.model import CWVAE
from cwvae.rollout import check_context
from cwvae.shapes import LevelNoise, Video, checked

__all__ = ["LevelLatents", "follow"]


class LevelLatents(eqx.Module):
    """One level at each of its ticks.

    **Arguments:** `frames`, the first frame of each tick; `stoch` and `deter`, the parts z and h of
    its state; `kl_parts`, the KL of posterior from prior for each independent part of z, in nats, 0
    where the level imagined; `entropy` of the prior, in nats.

    Of several videos, as `jax.vmap` returns them, all have a leading axis; `frames` are the same.
    """

    frames: Int[Array | np.ndarray, "*videos ticks"]
    stoch: Float[Array | np.ndarray, "*videos ticks stoch"]
    deter: Float[Array | np.ndarray, "*videos ticks deter"]
    kl_parts: Float[Array | np.ndarray, "*videos ticks parts"]
    entropy: Float[Array | np.ndarray, "*videos ticks"]

    @property
    def kl(self) -> Float[Array | np.ndarray, "*videos ticks"]:
        """The KL of each tick, in nats."""
        return self.kl_parts.sum(-1)

    @property
    def states(self) -> Float[Array | np.ndarray, "*videos ticks state"]:
        """The state, z and h one after the other."""
        return jnp.concatenate([self.stoch, self.deter], -1)

    def tick_at(self, frame: SupportsIndex) -> int:
        """Return the number of the tick in force at a frame: the last one that began by then.

        Raises `ValueError` for a frame before the first tick.
        """
        frame, begun = whole_number("frame", frame, least=0), np.asarray(self.frames)
        tick = int(np.sum(begun.reshape(-1, begun.shape[-1])[0] <= frame)) - 1
        if tick < 0:
            raise ValueError(f"frame must be one at which the level has ticked, got {frame}")
        return tick


@checked
def follow(
    model: CWVAE,
    context: Video,
    noise: LevelNoise,
    conditioning: LevelConditioning | None = None,
) -> tuple[LevelLatents, ...]:
    """Return every level's latents, the fastest first, nothing decoded.

    The frames of `context` are observed, and the others for which there is noise imagined.

    **Arguments:** `noise` of `model.hierarchy.noise(frames, key=key)`, or `zero_noise` for the
    modes, for at least the frames of the context, which ends on a tick of every level if any are
    imagined; `conditioning` of all these frames. `jax.vmap` does many videos.

    Raises `ValueError` for noise for fewer frames than the context has, or a context that ends
    elsewhere.
    """
    seen, frames = context.shape[0], noise[0].shape[0]
    levels, counts = model.hierarchy, model.hierarchy.clock.ticks(seen)
    if frames < seen:
        raise ValueError(
            f"noise must be for at least the {seen} frames of the context, got {frames}; draw it "
            f"with model.hierarchy.noise({seen}, key=...)"
        )
    known = levels.conditioning(frames) if conditioning is None else conditioning
    if frames == seen:
        _, traces = model.infer(context, noise, known)
        return _latents(model, traces)
    check_context(model, context)
    before, after = cut_conditioning(levels.clock, known, seen)
    first = tuple(part[:count] for part, count in zip(noise, counts, strict=True))
    rest = tuple(part[count:] for part, count in zip(noise, counts, strict=True))
    states, observed = model.infer(context, first, before)
    _, imagined = levels.imagine(states, rest, after)
    both = zip(observed, imagined, strict=True)
    return _latents(model, [jax.tree.map(lambda *x: jnp.concatenate(x), *pair) for pair in both])


def _latents(model: CWVAE, traces: tuple[Trace, ...] | list[Trace]) -> tuple[LevelLatents, ...]:
    """Return what is kept of the levels' records."""
    periods = model.hierarchy.clock.periods
    return tuple(
        LevelLatents(
            # A static level ticks once, so that its endless period does not matter.
            frames=jnp.arange(len(trace.output)) * (period if len(trace.output) > 1 else 0),
            stoch=trace.states.stoch,
            deter=trace.states.deter,
            kl_parts=trace.posterior.kl_parts(trace.prior),
            entropy=trace.prior.entropy(),
        )
        for trace, period in zip(traces, periods, strict=True)
    )
