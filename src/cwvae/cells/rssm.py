"""The paper's cell: a recurrent state-space model, by default with a GRU and a Gaussian."""

from collections.abc import Callable
from typing import SupportsIndex

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
from jaxtyping import Array, Float, PRNGKeyArray

from cwvae.arguments import check_shape, whole_number
from cwvae.beliefs import AbstractBelief
from cwvae.cells.base import AbstractCell, Conditioning, State
from cwvae.cells.checks import check_state
from cwvae.cells.heads import AbstractHead, GaussianHead
from cwvae.nn.layers import GRU, LSTM, Dense, SplitDense
from cwvae.shapes import checked

__all__ = ["RSSMCell"]


class RSSMCell(AbstractCell):
    """The cell of Saxena et al. 2021 as the official implementation computes it (cells.py).

    **Arguments:**

    - `stoch_size`, `deter_size`: sizes of the stochastic part, and of the memory's output.
    - `hidden_size`: width of the dense layers (official `cell_embed_size`).
    - `feature_size`: size of the encoder's summary of a tick's window.
    - `context_size`: size of the output of the level above, 0 at the top.
    - `memory`: constructor of the deterministic memory, `GRU` or `LSTM`.
    - `head`: constructor of the last layers, `GaussianHead` or
      `functools.partial(CategoricalHead, classes=...)`.

    The prior is stoch' + top-down -> hidden (ReLU) -> memory -> hidden (ReLU) -> belief; the
    posterior reads the same new deter beside the feature, through two ReLU layers of its own.
    The attribute `deter_size` is the size of the memory's whole state: with an LSTM twice the
    argument. Raises `ValueError` for a size below 1 (`feature_size`, `context_size`: below 0), and
    its methods for vectors of other lengths.
    """

    prior_in: SplitDense
    memory: GRU | LSTM
    prior_hidden: Dense
    prior_head: AbstractHead
    posterior_in: SplitDense
    posterior_hidden: Dense
    posterior_head: AbstractHead
    stoch_size: int = eqx.field(static=True)
    deter_size: int = eqx.field(static=True)
    context_size: int = eqx.field(static=True)
    feature_size: int = eqx.field(static=True)

    @checked
    def __init__(
        self,
        *,
        stoch_size: SupportsIndex,
        deter_size: SupportsIndex,
        hidden_size: SupportsIndex,
        feature_size: SupportsIndex,
        context_size: SupportsIndex,
        memory: Callable[..., GRU | LSTM] = GRU,
        head: Callable[..., AbstractHead] = GaussianHead,
        key: PRNGKeyArray,
    ):
        """Draw the weights: Glorot uniform, orthogonal recurrent kernel, zero biases."""
        stoch_size = whole_number("stoch_size", stoch_size)
        deter_size = whole_number("deter_size", deter_size)
        hidden_size = whole_number("hidden_size", hidden_size)
        feature_size = whole_number("feature_size", feature_size, least=0)
        context_size = whole_number("context_size", context_size, least=0)
        keys = jr.split(key, 7)
        self.prior_in = SplitDense(stoch_size, context_size, hidden_size, key=keys[0])
        self.memory = memory(hidden_size, deter_size, key=keys[1])
        self.prior_hidden = Dense(deter_size, hidden_size, key=keys[2])
        self.prior_head = head(hidden_size, stoch_size, key=keys[3])
        self.posterior_in = SplitDense(deter_size, feature_size, hidden_size, key=keys[4])
        self.posterior_hidden = Dense(hidden_size, hidden_size, key=keys[5])
        self.posterior_head = head(hidden_size, stoch_size, key=keys[6])
        self.stoch_size, self.deter_size = stoch_size, self.memory.size
        self.context_size, self.feature_size = context_size, feature_size

    @property
    def output_size(self) -> int:
        """The length of [stoch, output of the memory]."""
        return self.stoch_size + self.memory.width

    def noise(self, *, key: PRNGKeyArray) -> Float[Array, " stoch"]:
        """Draw noise of the head's kind."""
        return self.prior_head.noise(key=key)

    def output(self, state: State) -> Float[Array, " output"]:
        """Return [stoch, output of the memory]."""
        return jnp.concatenate([state.stoch, self.memory.read(state.deter)])

    def prepare_context(
        self, top_down: Float[Array, " top_down"], conditioning: Conditioning
    ) -> Float[Array, " hidden"]:
        """Return the part of the first prior layer that reads the level above."""
        check_shape("top_down", top_down, (self.context_size,), "see cell.context_size")
        return self.prior_in.ahead(top_down)

    def prepare_evidence(self, feature: Float[Array, " feature"]) -> Float[Array, " hidden"]:
        """Return the part of the first posterior layer that reads the features."""
        check_shape("feature", feature, (self.feature_size,), "see cell.feature_size")
        return self.posterior_in.ahead(feature)

    def advance(self, state: State, context: Float[Array, " hidden"]) -> Float[Array, " deter"]:
        """Return h_t = memory(relu(dense[z_{t-1}, top-down]), h_{t-1})."""
        check_state(self, state)
        check_shape("context", context, self.prior_in.bias.shape, "cell.prepare_context makes it")
        return self.memory(jax.nn.relu(self.prior_in(state.stoch, context)), state.deter)

    def prior(self, deter: Float[Array, " deter"]) -> AbstractBelief:
        """Return p(z_t | h_t)."""
        check_shape("deter", deter, (self.deter_size,), "cell.advance makes it")
        return self.prior_head(jax.nn.relu(self.prior_hidden(self.memory.read(deter))))

    def posterior(
        self, deter: Float[Array, " deter"], evidence: Float[Array, " hidden"]
    ) -> AbstractBelief:
        """Return q(z_t | h_t, e_t)."""
        hidden = self.posterior_in.bias.shape
        check_shape("deter", deter, (self.deter_size,), "cell.advance makes it")
        check_shape("evidence", evidence, hidden, "cell.prepare_evidence makes it")
        hidden = jax.nn.relu(self.posterior_in(self.memory.read(deter), evidence))
        return self.posterior_head(jax.nn.relu(self.posterior_hidden(hidden)))
