"""Frames hidden from inference at random, so that what comes is learned from what came before."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import jax.random as jr
from jaxtyping import Array, Key, PRNGKeyArray

from cwvae.cells.base import LevelConditioning
from cwvae.clockwork import Past
from cwvae.conditioning import following
from cwvae.hierarchy import Hierarchy

__all__ = ["hide_frames"]


def hide_frames(
    levels: Hierarchy,
    conditioning: LevelConditioning | None,
    past: Past | None,
    frames: int,
    *,
    share: float,
    keys: Key[Array, " batch"],
) -> LevelConditioning:
    """Return the conditioning of videos of which frames are hidden, each with a probability.

    A hidden frame is no evidence at any level: where a level has no other in its window its state
    is imagined, and its KL is 0. Its likelihood still counts, so that the bound stays one, with a
    posterior that does not look at everything (as dropped inputs in Bowman et al. 2016).

    **Arguments:** `conditioning` of the videos, None for frames at intervals of 1; `past`, what
    earlier frames left; `frames`, their number; `share`, the probability, in [0, 1); `keys`, one
    for each video. All that is of videos, and the result, has a leading batch axis.
    """

    def one(
        known: LevelConditioning | None, past: Past | None, key: PRNGKeyArray
    ) -> LevelConditioning:
        if known is None and past is not None:
            known = following(levels.clock, past.states, frames)
        # Not the stream that the noise of the ticks is drawn from, which counts from 0.
        observed = jr.bernoulli(jr.fold_in(key, 2**32 - 1), 1 - share, (frames,))
        hidden = levels.conditioning(frames, observed=observed)
        ticks = [jnp.asarray(level.observed) for level in hidden]
        if past is not None and not levels.clock.lookahead:
            # The window of an upper level's first tick began in the frames before.
            ticks = [ticks[0], *(level.at[:1].set(True) for level in ticks[1:])]
        return tuple(
            replace(level, observed=seen[: level.time.shape[0]])
            for level, seen in zip(hidden if known is None else known, ticks, strict=True)
        )

    return jax.vmap(one)(conditioning, past, keys)
