"""The two levels of VTA: a state of segments, z, and a state of frames, s.

What does not wait for a recurrence is computed for all frames at once: in the scans are the four
memories and nothing else.
"""

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
from jaxtyping import Array, Float, PRNGKeyArray

from cwvae.baselines.vta.config import VTAConfig
from cwvae.baselines.vta.layers import dense, gru
from cwvae.beliefs import Gaussian
from cwvae.nn.layers import GRU, Dense

__all__ = ["Head", "Level", "Levels", "Summary", "summary"]

_Beliefs = Float[Array, "frames belief"]
_Reads = Float[Array, " frames"]


class Head(eqx.Module):
    """A normal distribution over a state: a linear mean, and the sigmoid of a linear map."""

    mean: Dense
    stddev: Dense

    def __init__(self, in_size: int, state_size: int, *, key: PRNGKeyArray):
        """Draw the weights."""
        mean_key, stddev_key = jr.split(key)
        self.mean = dense(in_size, state_size, key=mean_key)
        self.stddev = dense(in_size, state_size, key=stddev_key)

    def __call__(self, *parts: Float[Array, " _"]) -> Gaussian:
        """Return the belief given what is known, the parts of it one after the other."""
        known = jnp.concatenate(parts)
        return Gaussian(self.mean(known), jax.nn.sigmoid(self.stddev(known)))


class Level(eqx.Module):
    """One of the two levels: its memory, its beliefs, and what it shows of both."""

    memory: GRU
    prior: Head
    posterior: Head
    feature: Dense

    def __init__(
        self, in_size: int, evidence: int, feature: int, config: VTAConfig, *, key: PRNGKeyArray
    ):
        """Draw the weights; the memory reads `in_size` numbers, the posterior `evidence`."""
        keys = jr.split(key, 4)
        belief, state = config.belief_size, config.state_size
        self.memory = gru(in_size, belief, key=keys[0])
        self.prior = Head(belief, state, key=keys[1])
        self.posterior = Head(evidence, state, key=keys[2])
        self.feature = dense(belief + state, feature, key=keys[3])

    def shown(
        self, belief: Float[Array, " belief"], state: Float[Array, " state"]
    ) -> Float[Array, " feature"]:
        """Return what a memory and a state are to what is below them."""
        return self.feature(jnp.concatenate([belief, state]))


class Summary(eqx.Module):
    """What the posterior reads of a video's encodings.

    **Arguments:** `past`, of all frames up to each; `ahead`, of the frames from each to the end of
    its segment; `segment`, of the frames from the beginning of its segment to each.
    """

    past: _Beliefs
    ahead: _Beliefs
    segment: _Beliefs


class Levels(eqx.Module):
    """The two levels, the memories that summarise encodings for them, and the prior of boundaries.

    `slow` shows what the memory of `fast` begins a segment with.
    """

    slow: Level
    fast: Level
    past: GRU
    ahead: GRU
    segment: GRU
    boundary: Dense

    def __init__(self, config: VTAConfig, *, key: PRNGKeyArray):
        """Draw the weights."""
        keys = jr.split(key, 6)
        belief, state, feature = config.belief_size, config.state_size, config.feature_size
        self.slow = Level(state, 2 * belief, belief, config, key=keys[0])
        self.fast = Level(state + belief, 2 * belief, feature, config, key=keys[1])
        self.past, self.ahead, self.segment = (gru(feature, belief, key=k) for k in keys[2:5])
        self.boundary = dense(feature, 2, key=keys[5])

    def slow_beliefs(
        self, first: Float[Array, " belief"], states: Float[Array, "frames state"], read: _Reads
    ) -> tuple[_Beliefs, Float[Array, "frames state"]]:
        """Return the slow memory and the slow state at every frame: both change at boundaries only.

        **Arguments:** `first`, the memory at the first frame, a boundary; `states`, the state that
        each frame would have if a segment began there; `read`, 1 where one does.
        """

        def step(carry: tuple[Array, Array], frame: tuple[Array, Array]) -> tuple:
            belief, state = carry
            drawn, read = frame
            belief = read * self.slow.memory(state, belief) + (1 - read) * belief
            state = read * drawn + (1 - read) * state
            return (belief, state), (belief, state)

        _, (beliefs, kept) = jax.lax.scan(step, (first, states[0]), (states[1:], read[1:]))
        return jnp.concatenate([first[None], beliefs]), jnp.concatenate([states[:1], kept])

    def fast_beliefs(
        self, above: _Beliefs, states: Float[Array, "frames state"], read: _Reads
    ) -> _Beliefs:
        """Return the fast memory at every frame: what is above it where a segment begins.

        **Arguments:** `above`, what the slow level shows; `states`, the fast state at every frame.
        """

        def step(belief: Array, frame: tuple[Array, Array, Array]) -> tuple[Array, Array]:
            before, above, read = frame
            advanced = self.fast.memory(jnp.concatenate([before, above]), belief)
            belief = read * above + (1 - read) * advanced
            return belief, belief

        _, beliefs = jax.lax.scan(step, above[0], (states[:-1], above[1:], read[1:]))
        return jnp.concatenate([above[:1], beliefs])


def summary(levels: Levels, encodings: Float[Array, "frames feature"], read: _Reads) -> Summary:
    """Summarise the encodings of a video, given where segments begin."""
    copy = 1 - read
    zeros = jnp.zeros(levels.past.size, encodings.dtype)

    def forward(carry: tuple[Array, Array], frame: tuple[Array, Array]) -> tuple:
        past, segment = carry
        encoding, copy = frame
        kept = levels.past(encoding, past), levels.segment(encoding, copy * segment)
        return kept, kept

    def backward(ahead: Array, frame: tuple[Array, Array]) -> tuple[Array, Array]:
        encoding, copy = frame
        ahead = levels.ahead(encoding, ahead)
        # Not of frames before a boundary: theirs is another segment.
        return copy * ahead, ahead

    _, (past, segment) = jax.lax.scan(forward, (zeros, zeros), (encodings, copy))
    _, ahead = jax.lax.scan(backward, zeros, (encodings, copy), reverse=True)
    return Summary(past, ahead, segment)
