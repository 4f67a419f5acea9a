"""How videos go on: the levels of VTA by their priors, open loop, and frames a few at a time."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import jax.random as jr
from jaxtyping import Array, Bool, Float, Int, Key, PRNGKeyArray

from cwvae.baselines.vta.boundaries import COPY, READ
from cwvae.baselines.vta.levels import Levels
from cwvae.baselines.vta.passing import Networks, encoded

__all__ = ["imagined"]

_Videos = Float[Array, "batch frames height width channels"]


def imagined(
    networks: Networks,
    contexts: _Videos,
    horizon: int,
    samples: int,
    *,
    keys: Key[Array, " batch"],
    jumpy: bool,
) -> Float[Array, "batch samples horizon height width channels"]:
    """Imagine frames in [-1, 1] after contexts in [-1, 1].

    **Arguments:** `jumpy`: a segment begins at every frame; else, where the prior of boundaries
    makes it more probable than not. Normalisation is by running statistics.
    """
    levels = networks.levels
    encodings, _ = encoded(networks, contexts, running=True)
    known = jax.vmap(lambda one: _past(levels, one))(encodings)
    sample_keys = jax.vmap(lambda key: jr.split(key, samples))(keys)

    def one(belief: Array, key: PRNGKeyArray) -> Array:
        return _imagine(levels, belief, horizon, jumpy, key=key)

    features = jax.vmap(jax.vmap(one, (None, 0)))(known, sample_keys)
    frames, _ = networks.decoder(features.reshape(-1, features.shape[-1]), running=True)
    return frames.reshape(*features.shape[:3], *frames.shape[1:])


def _past(levels: Levels, encodings: Float[Array, "frames feature"]) -> Float[Array, " belief"]:
    """Return the memory of the context, the slow memory at the first frame after it."""

    def step(past: Array, encoding: Array) -> tuple[Array, None]:
        return levels.past(encoding, past), None

    return jax.lax.scan(step, jnp.zeros(levels.past.size, encodings.dtype), encodings)[0]


class _State(NamedTuple):
    """What recurs: both memories and states, and whether a segment begins at the next frame."""

    slow_belief: Float[Array, " belief"]
    slow_state: Float[Array, " state"]
    fast_belief: Float[Array, " belief"]
    fast_state: Float[Array, " state"]
    read: Bool[Array, ""]


def _imagine(
    levels: Levels, belief: Float[Array, " belief"], horizon: int, jumpy: bool, *, key: PRNGKeyArray
) -> Float[Array, "horizon feature"]:
    """Return what the fast level shows at every frame, from the slow memory at the first."""

    def step(state: _State, frame: Int[Array, ""]) -> tuple[_State, Array]:
        # A key for every frame, so that no frame depends on how many are imagined.
        noise = jr.normal(jr.fold_in(key, frame), (2, *state.slow_state.shape))
        first, read = frame == 0, state.read
        advanced = levels.slow.memory(state.slow_state, state.slow_belief)
        slow_belief = jnp.where(read & ~first, advanced, state.slow_belief)
        drawn = levels.slow.prior(slow_belief).sample(noise[0])
        slow_state = jnp.where(read, drawn, state.slow_state)
        above = levels.slow.shown(slow_belief, slow_state)
        inputs = jnp.concatenate([state.fast_state, above])
        fast_belief = jnp.where(read, above, levels.fast.memory(inputs, state.fast_belief))
        fast_state = levels.fast.prior(fast_belief).sample(noise[1])
        feature = levels.fast.shown(fast_belief, fast_state)
        logits = levels.boundary(feature)
        following = jnp.asarray(True) if jumpy else logits[READ] >= logits[COPY]
        return _State(slow_belief, slow_state, fast_belief, fast_state, following), feature

    zeros = jnp.zeros(levels.slow.prior.mean.bias.shape, belief.dtype)
    begin = _State(belief, zeros, jnp.zeros_like(belief), zeros, jnp.asarray(True))
    return jax.lax.scan(step, begin, jnp.arange(horizon))[1]
