"""What recurs: LSTMs as PyTorch has them, the frame predictor, and the beliefs of a time step.

Arrays are (steps, batch, ...): all time steps of a batch, or one. What does not wait for the
recurrence is one matrix product for all steps.
"""

import math

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
from jaxtyping import Array, Float, PRNGKeyArray

from cwvae.beliefs import Gaussian
from cwvae.nn.initialisers import normal, uniform, zeros

__all__ = ["LSTM", "BeliefNetwork", "LSTMState", "Linear", "Predictor"]


class Linear(eqx.Module):
    """An affine map: `kernel` (in, out) from N(0, 0.02), `bias` (out) of zeros."""

    kernel: Float[Array, "in out"]
    bias: Float[Array, " out"]

    def __init__(self, in_size: int, out_size: int, *, key: PRNGKeyArray):
        """Draw the weights."""
        self.kernel = normal((in_size, out_size), stddev=0.02, key=key)
        self.bias = zeros(out_size)

    def __call__(self, inputs: Float[Array, "steps batch in"]) -> Float[Array, "steps batch out"]:
        """Return inputs @ kernel + bias."""
        return inputs @ self.kernel + self.bias.reshape(1, 1, -1)


class LSTMState(eqx.Module):
    """What recurs in an LSTM: its output, and what it carries."""

    hidden: Float[Array, "batch width"]
    carried: Float[Array, "batch width"]


class LSTM(eqx.Module):
    """A long short-term memory with two biases; columns in the order input, forget, new, output.

    All weights are drawn from the uniform distribution on +- 1 / sqrt(width) (PyTorch's LSTMCell).
    """

    kernel: Float[Array, "in gates"]
    recurrent_kernel: Float[Array, "width gates"]
    bias: Float[Array, " gates"]
    recurrent_bias: Float[Array, " gates"]

    def __init__(self, in_size: int, width: int, *, key: PRNGKeyArray):
        """Draw the weights."""
        shapes = ((in_size, 4 * width), (width, 4 * width), (4 * width,), (4 * width,))
        limit = 1 / math.sqrt(width)
        self.kernel, self.recurrent_kernel, self.bias, self.recurrent_bias = (
            uniform(shape, limit=limit, key=k)
            for shape, k in zip(shapes, jr.split(key, 4), strict=True)
        )

    def first(self, batch: int) -> LSTMState:
        """Return the state before the first step: zeros."""
        empty = jnp.zeros((batch, self.recurrent_kernel.shape[0]), self.kernel.dtype)
        return LSTMState(empty, empty)

    def __call__(
        self, inputs: Float[Array, "steps batch in"], state: LSTMState
    ) -> tuple[Float[Array, "steps batch width"], LSTMState]:
        """Return the outputs of all steps, and the state after them."""
        biases = (self.bias + self.recurrent_bias).reshape(1, 1, -1)

        def tick(state: LSTMState, from_inputs: Array) -> tuple[LSTMState, Array]:
            gates = from_inputs + state.hidden @ self.recurrent_kernel
            write, keep, new, expose = jnp.split(gates, 4, axis=-1)
            written = jax.nn.sigmoid(write) * jnp.tanh(new)
            carried = jax.nn.sigmoid(keep) * state.carried + written
            hidden = jax.nn.sigmoid(expose) * jnp.tanh(carried)
            return LSTMState(hidden, carried), hidden

        state, outputs = jax.lax.scan(tick, state, inputs @ self.kernel + biases)
        return outputs, state


class BeliefNetwork(eqx.Module):
    """Posterior or prior: a linear map, an LSTM, and mean and log-variance of a Gaussian."""

    embed: Linear
    memory: LSTM
    mean: Linear
    log_variance: Linear

    def __init__(self, feature_size: int, stoch_size: int, width: int, *, key: PRNGKeyArray):
        """Draw the weights."""
        embed_key, memory_key, mean_key, variance_key = jr.split(key, 4)
        self.embed = Linear(feature_size, width, key=embed_key)
        self.memory = LSTM(width, width, key=memory_key)
        self.mean = Linear(width, stoch_size, key=mean_key)
        self.log_variance = Linear(width, stoch_size, key=variance_key)

    def __call__(
        self, features: Float[Array, "steps batch feature"], state: LSTMState
    ) -> tuple[Gaussian, LSTMState]:
        """Return the beliefs of all steps, and the state after them."""
        outputs, state = self.memory(self.embed(features), state)
        stddev = jnp.exp(0.5 * self.log_variance(outputs))
        return Gaussian(self.mean(outputs), stddev), state


class Predictor(eqx.Module):
    """The frame predictor: a linear map, two LSTMs, a linear map and tanh."""

    embed: Linear
    memories: tuple[LSTM, LSTM]
    out: Linear

    def __init__(self, feature_size: int, stoch_size: int, width: int, *, key: PRNGKeyArray):
        """Draw the weights."""
        embed_key, first_key, second_key, out_key = jr.split(key, 4)
        self.embed = Linear(feature_size + stoch_size, width, key=embed_key)
        self.memories = (LSTM(width, width, key=first_key), LSTM(width, width, key=second_key))
        self.out = Linear(width, feature_size, key=out_key)

    def first(self, batch: int) -> tuple[LSTMState, LSTMState]:
        """Return the states before the first step."""
        one, other = self.memories
        return one.first(batch), other.first(batch)

    def __call__(
        self,
        features: Float[Array, "steps batch feature"],
        stoch: Float[Array, "steps batch stoch"],
        states: tuple[LSTMState, LSTMState],
    ) -> tuple[Float[Array, "steps batch feature"], tuple[LSTMState, LSTMState]]:
        """Return what the next frames' features are to be, and the states after them."""
        hidden = self.embed(jnp.concatenate([features, stoch], axis=-1))
        hidden, first = self.memories[0](hidden, states[0])
        hidden, second = self.memories[1](hidden, states[1])
        return jnp.tanh(self.out(hidden)), (first, second)
