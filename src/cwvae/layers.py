"""The layers that cells and encoders are made of, initialised and laid out as in Keras."""

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
from jaxtyping import Array, Float, PRNGKeyArray

from cwvae.initialisers import glorot_uniform, orthogonal, zeros

__all__ = ["GRU", "Dense", "SplitDense"]


class Dense(eqx.Module):
    """An affine map: `kernel` (in, out), `bias` (out)."""

    kernel: Float[Array, "in out"]
    bias: Float[Array, "out"]

    def __init__(self, in_size: int, out_size: int, *, key: PRNGKeyArray):
        """Draw a Glorot uniform kernel and zero biases."""
        self.kernel = glorot_uniform((in_size, out_size), key=key)
        self.bias = zeros(out_size)

    def __call__(self, inputs: Float[Array, "in"]) -> Float[Array, "out"]:
        """Return inputs @ kernel + bias."""
        return inputs @ self.kernel + self.bias


class SplitDense(eqx.Module):
    """A dense layer on the concatenation of what recurs and what is known ahead.

    Kept in two halves, so that the half that does not wait for the recurrence (`ahead`) can
    leave the scan.
    """

    recurrent_kernel: Float[Array, "recurrent out"]
    ahead_kernel: Float[Array, "ahead out"]
    bias: Float[Array, "out"]

    def __init__(self, recurrent_size: int, ahead_size: int, out_size: int, *, key: PRNGKeyArray):
        """Draw a Glorot uniform kernel, its fans those of both halves, and zero biases."""
        recurrent_key, ahead_key = jr.split(key)
        fans = (recurrent_size + ahead_size, out_size)
        self.recurrent_kernel = glorot_uniform(
            (recurrent_size, out_size), fans=fans, key=recurrent_key
        )
        self.ahead_kernel = glorot_uniform((ahead_size, out_size), fans=fans, key=ahead_key)
        self.bias = zeros(out_size)

    def ahead(self, inputs: Float[Array, "ahead"]) -> Float[Array, "out"]:
        """Return the half that is known ahead, bias included."""
        return inputs @ self.ahead_kernel + self.bias

    def __call__(
        self, recurrent: Float[Array, "recurrent"], ahead: Float[Array, "out"]
    ) -> Float[Array, "out"]:
        """Add the recurrent half to what `ahead` returned."""
        return recurrent @ self.recurrent_kernel + ahead


class GRU(eqx.Module):
    """A gated recurrent unit with the reset gate after the product (Keras `reset_after=True`).

    Columns stand in the order update, reset, candidate.
    """

    kernel: Float[Array, "in gates"]
    recurrent_kernel: Float[Array, "deter gates"]
    bias: Float[Array, "gates"]
    recurrent_bias: Float[Array, "gates"]

    def __init__(self, in_size: int, deter: int, *, key: PRNGKeyArray):
        """Draw a Glorot uniform input kernel, an orthogonal recurrent one, zero biases."""
        input_key, recurrent_key = jr.split(key)
        self.kernel = glorot_uniform((in_size, 3 * deter), key=input_key)
        self.recurrent_kernel = orthogonal((deter, 3 * deter), key=recurrent_key)
        self.bias = zeros(3 * deter)
        self.recurrent_bias = zeros(3 * deter)

    def __call__(
        self, inputs: Float[Array, "in"], deter: Float[Array, "deter"]
    ) -> Float[Array, "deter"]:
        """Return the next deterministic state."""
        from_inputs = inputs @ self.kernel + self.bias
        from_deter = deter @ self.recurrent_kernel + self.recurrent_bias
        update_in, reset_in, candidate_in = jnp.split(from_inputs, 3)
        update_rec, reset_rec, candidate_rec = jnp.split(from_deter, 3)
        update = jax.nn.sigmoid(update_in + update_rec)
        reset = jax.nn.sigmoid(reset_in + reset_rec)
        candidate = jnp.tanh(candidate_in + reset * candidate_rec)
        return update * deter + (1 - update) * candidate
