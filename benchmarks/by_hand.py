"""One level's scan as one would write it by hand, for sizes and a batch that are known.

The same arithmetic with the weights of an `RSSMCell`, as plain as `jax.lax.scan` allows: arrays
are (ticks, batch, size), so nothing is transposed, and what does not recur stays outside.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from cwvae.cells.heads import STDDEV_SHIFT
from cwvae.cells.rssm import RSSMCell

__all__ = ["Ticks", "imagine", "observe"]


class Ticks(NamedTuple):
    """What a scan returns of every tick, (ticks, batch, size)."""

    stoch: Float[Array, "ticks batch stoch"]
    deter: Float[Array, "ticks batch deter"]
    mean: Float[Array, "ticks batch stoch"]
    stddev: Float[Array, "ticks batch stoch"]
    prior_mean: Float[Array, "ticks batch stoch"]
    prior_stddev: Float[Array, "ticks batch stoch"]


def observe(
    cell: RSSMCell,
    top_down: Float[Array, "ticks batch top_down"],
    features: Float[Array, "ticks batch feature"],
    noise: Float[Array, "ticks batch stoch"],
) -> Ticks:
    """Tick through features, sampling from the posterior."""
    above = top_down @ cell.prior_in.ahead_kernel + cell.prior_in.bias
    evidence = features @ cell.posterior_in.ahead_kernel + cell.posterior_in.bias

    def tick(carry, inputs):
        stoch, deter = carry
        above, evidence, noise = inputs
        deter = _gru(cell, stoch, above, deter)
        hidden = jax.nn.relu(deter @ cell.posterior_in.recurrent_kernel + evidence)
        hidden = jax.nn.relu(hidden @ cell.posterior_hidden.kernel + cell.posterior_hidden.bias)
        mean, stddev = _gaussian(cell.posterior_head, hidden)
        stoch = mean + stddev * noise
        return (stoch, deter), (stoch, deter, mean, stddev)

    _, (stoch, deter, mean, stddev) = jax.lax.scan(
        tick, _start(cell, noise), (above, evidence, noise)
    )
    return Ticks(stoch, deter, mean, stddev, *_prior(cell, deter))


def imagine(
    cell: RSSMCell,
    top_down: Float[Array, "ticks batch top_down"],
    noise: Float[Array, "ticks batch stoch"],
) -> Ticks:
    """Tick without features, sampling from the prior."""
    above = top_down @ cell.prior_in.ahead_kernel + cell.prior_in.bias

    def tick(carry, inputs):
        stoch, deter = carry
        above, noise = inputs
        deter = _gru(cell, stoch, above, deter)
        mean, stddev = _prior(cell, deter)
        stoch = mean + stddev * noise
        return (stoch, deter), (stoch, deter, mean, stddev)

    _, (stoch, deter, mean, stddev) = jax.lax.scan(tick, _start(cell, noise), (above, noise))
    return Ticks(stoch, deter, mean, stddev, mean, stddev)


def _start(cell: RSSMCell, noise: Array) -> tuple[Array, Array]:
    """Return zeros for the state before the first tick."""
    batch = noise.shape[1]
    return jnp.zeros((batch, cell.stoch_size)), jnp.zeros((batch, cell.deter_size))


def _gru(cell: RSSMCell, stoch: Array, above: Array, deter: Array) -> Array:
    """Return the next deterministic state."""
    gru = cell.memory
    hidden = jax.nn.relu(stoch @ cell.prior_in.recurrent_kernel + above)
    update_in, reset_in, candidate_in = jnp.split(hidden @ gru.kernel + gru.bias, 3, axis=-1)
    update_rec, reset_rec, candidate_rec = jnp.split(
        deter @ gru.recurrent_kernel + gru.recurrent_bias, 3, axis=-1
    )
    update = jax.nn.sigmoid(update_in + update_rec)
    candidate = jnp.tanh(candidate_in + jax.nn.sigmoid(reset_in + reset_rec) * candidate_rec)
    return update * deter + (1 - update) * candidate


def _prior(cell: RSSMCell, deter: Array) -> tuple[Array, Array]:
    """Return the mean and standard deviation of the prior."""
    hidden = jax.nn.relu(deter @ cell.prior_hidden.kernel + cell.prior_hidden.bias)
    return _gaussian(cell.prior_head, hidden)


def _gaussian(head, hidden: Array) -> tuple[Array, Array]:
    """Return a head's mean and standard deviation."""
    kernel = jnp.concatenate([head.mean.kernel, head.stddev.kernel], axis=1)
    shifted = head.stddev.bias + STDDEV_SHIFT * head.stddev.kernel.sum(0)
    both = hidden @ kernel + jnp.concatenate([head.mean.bias, shifted])
    mean, stddev = jnp.split(both, 2, axis=-1)
    return mean, jax.nn.softplus(stddev) + head.min_stddev
