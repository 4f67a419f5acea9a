"""A cell that is observed at all ticks at once: a memory that is linear in what it holds."""

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
from cwvae.nn.layers import Dense, SplitDense
from cwvae.shapes import checked

__all__ = ["MinGRUCell"]


class MinGRUCell(AbstractCell):
    """The paper's cell with the memory of Feng et al. 2024, "Were RNNs all we needed?".

    What the gates of minGRU read is the input alone, the last sample and the level above:

        h_t = keep_t h_{t-1} + (1 - keep_t) tanh(candidate_t),

    which is bounded as a GRU is (theirs has no tanh), and the posterior reads the features and not
    the memory, q(z_t | e_t). All samples of observed frames are therefore known before any memory
    is, and h_1 to h_n follow from them by an associative scan of about log2(n) steps that wait for
    each other, where an `RSSMCell` takes n.
    Imagined ticks, whose samples come from memories, are taken one by one, as are those of videos
    with frames that are not observed.

    **Arguments:** as of `RSSMCell`; `update_bias`, what the bias of keep starts from, above 0 to
    hold what there is.

    Raises `ValueError` for a size below 1 (`feature_size`, `context_size`: below 0), and its
    methods for vectors of other lengths.
    """

    prior_in: SplitDense
    gates: Dense
    prior_hidden: Dense
    prior_head: AbstractHead
    posterior_in: Dense
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
        update_bias: float = 0.0,
        head: Callable[..., AbstractHead] = GaussianHead,
        key: PRNGKeyArray,
    ):
        """Draw the weights: Glorot uniform, zero biases but for that of keep."""
        self.stoch_size = whole_number("stoch_size", stoch_size)
        self.deter_size = whole_number("deter_size", deter_size)
        hidden = whole_number("hidden_size", hidden_size)
        self.feature_size = whole_number("feature_size", feature_size, least=0)
        self.context_size = whole_number("context_size", context_size, least=0)
        if not abs(update_bias) < float("inf"):
            raise ValueError(f"update_bias must be finite, got {update_bias}")
        keys = jr.split(key, 7)
        self.prior_in = SplitDense(self.stoch_size, self.context_size, hidden, key=keys[0])
        gates = Dense(hidden, 2 * self.deter_size, key=keys[1])
        shifted = gates.bias.at[: self.deter_size].set(update_bias)
        self.gates = eqx.tree_at(lambda layer: layer.bias, gates, shifted)
        self.prior_hidden = Dense(self.deter_size, hidden, key=keys[2])
        self.prior_head = head(hidden, self.stoch_size, key=keys[3])
        self.posterior_in = Dense(self.feature_size, hidden, key=keys[4])
        self.posterior_hidden = Dense(hidden, hidden, key=keys[5])
        self.posterior_head = head(hidden, self.stoch_size, key=keys[6])

    @property
    def parallel(self) -> bool:
        """True: the posterior does not read the memory."""
        return True

    def noise(self, *, key: PRNGKeyArray) -> Float[Array, " stoch"]:
        """Draw noise of the head's kind."""
        return self.prior_head.noise(key=key)

    def prepare_context(
        self, top_down: Float[Array, " top_down"], conditioning: Conditioning
    ) -> Float[Array, " hidden"]:
        """Return the part of the first prior layer that reads the level above."""
        check_shape("top_down", top_down, (self.context_size,), "see cell.context_size")
        return self.prior_in.ahead(top_down)

    def prepare_evidence(self, feature: Float[Array, " feature"]) -> Float[Array, " hidden"]:
        """Return the last hidden layer of the posterior, all of which reads the features alone."""
        check_shape("feature", feature, (self.feature_size,), "see cell.feature_size")
        return jax.nn.relu(self.posterior_hidden(jax.nn.relu(self.posterior_in(feature))))

    def advance(self, state: State, context: Float[Array, " hidden"]) -> Float[Array, " deter"]:
        """Return keep h_{t-1} + (1 - keep) tanh(candidate), of relu(dense[z_{t-1}, top-down])."""
        check_state(self, state)
        check_shape("context", context, self.prior_in.bias.shape, "cell.prepare_context makes it")
        keep, added = self._step(state.stoch, context)
        return keep * state.deter + added

    def advance_all(
        self,
        state: State,
        stoch: Float[Array, "ticks stoch"],
        context: Float[Array, "ticks hidden"],
        time: Float[Array, " ticks"],
    ) -> Float[Array, "ticks deter"]:
        """Return h_1 to h_n by an associative scan."""
        check_state(self, state)
        keep, added = jax.vmap(self._step)(stoch, context)
        # The first memory's share of what was held before.
        added = added.at[:1].add(keep[:1] * state.deter[None])
        return jax.lax.associative_scan(_follow, (keep, added))[1]

    def prior(self, deter: Float[Array, " deter"]) -> AbstractBelief:
        """Return p(z_t | h_t)."""
        check_shape("deter", deter, (self.deter_size,), "cell.advance makes it")
        return self.prior_head(jax.nn.relu(self.prior_hidden(deter)))

    def posterior(
        self, deter: Float[Array, " deter"], evidence: Float[Array, " hidden"]
    ) -> AbstractBelief:
        """Return q(z_t | e_t)."""
        hidden = self.posterior_hidden.bias.shape
        check_shape("evidence", evidence, hidden, "cell.prepare_evidence makes it")
        return self.posterior_head(evidence)

    def _step(
        self, stoch: Float[Array, " stoch"], context: Float[Array, " hidden"]
    ) -> tuple[Float[Array, " deter"], Float[Array, " deter"]]:
        """Return the share of the memory that stays, and what is added to it."""
        gate, candidate = jnp.split(self.gates(jax.nn.relu(self.prior_in(stoch, context))), 2)
        # 1 - sigmoid(x) is sigmoid(-x), exact where the first is near 1.
        return jax.nn.sigmoid(gate), jax.nn.sigmoid(-gate) * jnp.tanh(candidate)


def _follow(first: tuple[Array, Array], then: tuple[Array, Array]) -> tuple[Array, Array]:
    """Return the step that is two steps h -> keep h + added, one after the other."""
    return then[0] * first[0], then[0] * first[1] + then[1]
