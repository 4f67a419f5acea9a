"""The paper's cell: a recurrent state-space model with a GRU and a diagonal Gaussian."""

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
from jaxtyping import Array, Float, PRNGKeyArray

from cwvae.beliefs import Gaussian
from cwvae.cells.base import AbstractCell, State
from cwvae.layers import GRU, Dense, SplitDense

__all__ = ["RSSMCell"]

# The official cell adds this to the hidden vector that its standard deviation head reads
# (cells.py of the official implementation, where it is not explained).
STDDEV_SHIFT = 0.54


class GaussianHead(eqx.Module):
    """Turn a hidden vector into a Gaussian: a linear mean, a softplus standard deviation."""

    mean: Dense
    stddev: Dense
    min_stddev: float = eqx.field(static=True)

    def __init__(self, hidden: int, stoch: int, min_stddev: float, *, key: PRNGKeyArray):
        """Make the two linear heads."""
        mean_key, stddev_key = jr.split(key)
        self.mean = Dense(hidden, stoch, key=mean_key)
        self.stddev = Dense(hidden, stoch, key=stddev_key)
        self.min_stddev = min_stddev

    def __call__(self, hidden: Float[Array, "hidden"]) -> Gaussian:
        """Return Gaussian(mean, softplus(stddev head) + min_stddev)."""
        stddev = jax.nn.softplus(self.stddev(hidden + STDDEV_SHIFT)) + self.min_stddev
        return Gaussian(self.mean(hidden), stddev)


class RSSMCell(AbstractCell):
    """The cell of Saxena et al. 2021 as the official implementation computes it (cells.py).

    **Arguments:**

    - `stoch`, `deter`: sizes of the stochastic and the deterministic part.
    - `hidden`: width of the dense layers (official `cell_embed_size`).
    - `feature`: size of what the encoder says at each tick.
    - `top_down`: size of the output of the level above, 0 at the top.
    - `min_stddev`: added to every standard deviation (official: 1e-4).

    The prior is stoch' + top-down -> hidden (ReLU) -> GRU -> hidden (ReLU) -> Gaussian; the
    posterior reads the same new deter beside the feature, through two ReLU layers of its own.
    """

    prior_in: SplitDense
    gru: GRU
    prior_hidden: Dense
    prior_head: GaussianHead
    posterior_in: SplitDense
    posterior_hidden: Dense
    posterior_head: GaussianHead
    stoch: int = eqx.field(static=True)
    deter: int = eqx.field(static=True)
    top_down: int = eqx.field(static=True)
    feature: int = eqx.field(static=True)

    def __init__(
        self,
        *,
        stoch: int,
        deter: int,
        hidden: int,
        feature: int,
        top_down: int,
        min_stddev: float = 1e-4,
        key: PRNGKeyArray,
    ):
        """Draw the weights: Glorot uniform, orthogonal recurrent kernel, zero biases."""
        keys = jr.split(key, 7)
        self.prior_in = SplitDense(stoch, top_down, hidden, key=keys[0])
        self.gru = GRU(hidden, deter, key=keys[1])
        self.prior_hidden = Dense(deter, hidden, key=keys[2])
        self.prior_head = GaussianHead(hidden, stoch, min_stddev, key=keys[3])
        self.posterior_in = SplitDense(deter, feature, hidden, key=keys[4])
        self.posterior_hidden = Dense(hidden, hidden, key=keys[5])
        self.posterior_head = GaussianHead(hidden, stoch, min_stddev, key=keys[6])
        self.stoch, self.deter = stoch, deter
        self.top_down, self.feature = top_down, feature

    def init(self) -> State:
        """Return zeros."""
        return State(stoch=jnp.zeros(self.stoch), deter=jnp.zeros(self.deter))

    def noise(self, *, key: PRNGKeyArray) -> Float[Array, "stoch"]:
        """Draw standard normal noise."""
        return jr.normal(key, (self.stoch,))

    def hear_above(self, top_down: Float[Array, "top_down"]) -> Float[Array, "hidden"]:
        """Project the top-down context."""
        return self.prior_in.ahead(top_down)

    def hear_frames(self, feature: Float[Array, "feature"]) -> Float[Array, "hidden"]:
        """Project the features."""
        return self.posterior_in.ahead(feature)

    def advance(self, state: State, above: Float[Array, "hidden"]) -> Float[Array, "deter"]:
        """Return h_t = GRU(relu(dense[z_{t-1}, top-down]), h_{t-1})."""
        return self.gru(jax.nn.relu(self.prior_in(state.stoch, above)), state.deter)

    def prior(self, deter: Float[Array, "deter"]) -> Gaussian:
        """Return p(z_t | h_t)."""
        return self.prior_head(jax.nn.relu(self.prior_hidden(deter)))

    def posterior(self, deter: Float[Array, "deter"], evidence: Float[Array, "hidden"]) -> Gaussian:
        """Return q(z_t | h_t, e_t)."""
        hidden = jax.nn.relu(self.posterior_in(deter, evidence))
        return self.posterior_head(jax.nn.relu(self.posterior_hidden(hidden)))
