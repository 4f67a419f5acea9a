"""The layers that cells and encoders are made of, initialised and laid out as in Keras."""

import math

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from cwvae.nn.initialisers import constants, glorot_uniform, orthogonal, zeros

__all__ = ["GRU", "LSTM", "Dense", "DenseStack", "SplitDense", "add_bias", "leaky_relu"]


_SLOPE = 0.2  # of the leaky ReLU, TensorFlow's default


@jax.custom_jvp
def leaky_relu(inputs: Float[Array, "*axes"]) -> Float[Array, "*axes"]:
    """Return the larger of x and _SLOPE x.

    For the gradient nothing is kept but the answer, which the next layer keeps anyway;
    `jax.nn.leaky_relu` keeps a mask besides.
    """
    return jnp.maximum(inputs, _SLOPE * inputs)


@leaky_relu.defjvp
def _(primals: tuple[Array], tangents: tuple[Array]) -> tuple[Array, Array]:
    answer = leaky_relu(*primals)
    # As a checkpoint, so that the slopes are found again from the answer.
    scaled = jax.checkpoint(
        lambda answer, tangent: jnp.where(answer >= 0, tangent, _SLOPE * tangent), prevent_cse=False
    )
    return answer, scaled(answer, *tangents)


def add_bias(values: Float[Array, "*axes"], bias: Float[Array, "*#axes"]) -> Float[Array, "*axes"]:
    """Add a bias in its own precision at least, and return to that of the values.

    The gradient of a bias is a sum over everything that it was added to, in which a few bits
    would not do.
    """
    exact = max(values.dtype, bias.dtype, key=lambda dtype: dtype.itemsize)
    return (values.astype(exact) + bias.astype(exact)).astype(values.dtype)


class Dense(eqx.Module):
    """An affine map: `kernel` (in, out), `bias` (out), in the precision of its inputs."""

    kernel: Float[Array, "in out"]
    bias: Float[Array, " out"]

    def __init__(self, in_size: int, out_size: int, *, key: PRNGKeyArray):
        """Draw a Glorot uniform kernel and zero biases."""
        self.kernel = glorot_uniform((in_size, out_size), key=key)
        self.bias = zeros(out_size)

    def __call__(self, inputs: Float[Array, " in"]) -> Float[Array, " out"]:
        """Return inputs @ kernel + bias."""
        return add_bias(inputs @ self.kernel.astype(inputs.dtype), self.bias)


class SplitDense(eqx.Module):
    """A dense layer on the concatenation of what recurs and what is known ahead.

    In two halves, so that the half that does not wait for the recurrence (`ahead`) can leave the
    scan.
    """

    recurrent_kernel: Float[Array, "recurrent out"]
    ahead_kernel: Float[Array, "ahead out"]
    bias: Float[Array, " out"]

    def __init__(self, recurrent_size: int, ahead_size: int, out_size: int, *, key: PRNGKeyArray):
        """Draw a Glorot uniform kernel, its fans those of both halves, and zero biases."""
        recurrent_key, ahead_key = jr.split(key)
        fans = (recurrent_size + ahead_size, out_size)
        self.recurrent_kernel = glorot_uniform(
            (recurrent_size, out_size), fans=fans, key=recurrent_key
        )
        self.ahead_kernel = glorot_uniform((ahead_size, out_size), fans=fans, key=ahead_key)
        self.bias = zeros(out_size)

    def ahead(self, inputs: Float[Array, " ahead"]) -> Float[Array, " out"]:
        """Return the half that is known ahead, bias included."""
        return inputs @ self.ahead_kernel + self.bias

    def __call__(
        self, recurrent: Float[Array, " recurrent"], ahead: Float[Array, " out"]
    ) -> Float[Array, " out"]:
        """Add the recurrent half to `ahead`, the half that is known ahead."""
        return recurrent @ self.recurrent_kernel + ahead


class DenseStack(eqx.Module):
    """Dense layers, ReLU between them, linear at the end.

    **Arguments:** `in_size` and `out_size` of the vectors, the width `hidden_size` between layers,
    `depth`, the number of layers, at least 1, else `ValueError`.
    """

    layers: tuple[Dense, ...]

    def __init__(
        self, in_size: int, out_size: int, *, hidden_size: int, depth: int, key: PRNGKeyArray
    ):
        """Draw the weights."""
        if depth < 1:
            raise ValueError(f"a stack needs at least 1 dense layer, got {depth}")
        sizes = (in_size, *(depth - 1) * (hidden_size,), out_size)
        self.layers = tuple(
            Dense(i, o, key=k)
            for i, o, k in zip(sizes[:-1], sizes[1:], jr.split(key, depth), strict=True)
        )

    def __call__(self, inputs: Float[Array, " in"]) -> Float[Array, " out"]:
        """Apply the layers to one vector."""
        for layer in self.layers[:-1]:
            inputs = jax.nn.relu(layer(inputs))
        return self.layers[-1](inputs)


class GRU(eqx.Module):
    """A gated recurrent unit with the reset gate after the product (Keras `reset_after=True`).

    Columns stand in the order update, reset, candidate. The update gate is the share of the memory
    that stays: h_t = update h_{t-1} + (1 - update) candidate.
    """

    kernel: Float[Array, "in gates"]
    recurrent_kernel: Float[Array, "deter gates"]
    bias: Float[Array, " gates"]
    recurrent_bias: Float[Array, " gates"]

    def __init__(self, in_size: int, deter: int, *, update_bias: float = 0.0, key: PRNGKeyArray):
        """Draw a Glorot uniform input kernel, an orthogonal recurrent one, zero biases.

        The bias of the update gate starts from `update_bias`: above 0 the memory keeps what it
        has, which is DreamerV3's -1 with the opposite sign, since its gate is the share that is
        replaced (Hafner et al. 2023). 0 is official. Raises `ValueError` for one that is not
        finite.
        """
        input_key, recurrent_key = jr.split(key)
        self.kernel = glorot_uniform((in_size, 3 * deter), key=input_key)
        self.recurrent_kernel = orthogonal((deter, 3 * deter), key=recurrent_key)
        self.bias = _gate_bias(deter, update_bias, 0.0, 0.0)
        self.recurrent_bias = zeros(3 * deter)

    def __call__(
        self, inputs: Float[Array, " in"], deter: Float[Array, " deter"]
    ) -> Float[Array, " deter"]:
        """Return the next deterministic state."""
        from_inputs = inputs @ self.kernel + self.bias
        from_deter = deter @ self.recurrent_kernel + self.recurrent_bias
        update_in, reset_in, candidate_in = jnp.split(from_inputs, 3)
        update_rec, reset_rec, candidate_rec = jnp.split(from_deter, 3)
        update = jax.nn.sigmoid(update_in + update_rec)
        reset = jax.nn.sigmoid(reset_in + reset_rec)
        candidate = jnp.tanh(candidate_in + reset * candidate_rec)
        return update * deter + (1 - update) * candidate

    @property
    def size(self) -> int:
        """The length of what recurs."""
        return self.recurrent_kernel.shape[0]

    @property
    def width(self) -> int:
        """The length of the output."""
        return self.size

    def read(self, deter: Float[Array, " deter"]) -> Float[Array, " deter"]:
        """Return the output of the memory: all of it."""
        return deter


class LSTM(eqx.Module):
    """A long short-term memory; what recurs is [hidden, carried], two vectors of `width`.

    Columns stand in the order input, forget, candidate, output, as in Keras.
    """

    kernel: Float[Array, "in gates"]
    recurrent_kernel: Float[Array, "width gates"]
    bias: Float[Array, " gates"]

    def __init__(self, in_size: int, width: int, *, update_bias: float = 0.0, key: PRNGKeyArray):
        """Draw a Glorot uniform input kernel, an orthogonal recurrent one, zero biases.

        1 is added to the forget gate, so that the memory is kept at first (Jozefowicz et al.
        2015), in `__call__`. The bias of that gate, the share of the memory that stays as the
        update gate of a `GRU` is, starts from `update_bias`. Raises `ValueError` for one that is
        not finite.
        """
        input_key, recurrent_key = jr.split(key)
        self.kernel = glorot_uniform((in_size, 4 * width), key=input_key)
        self.recurrent_kernel = orthogonal((width, 4 * width), key=recurrent_key)
        self.bias = _gate_bias(width, 0.0, update_bias, 0.0, 0.0)

    def __call__(
        self, inputs: Float[Array, " in"], deter: Float[Array, " deter"]
    ) -> Float[Array, " deter"]:
        """Return the next deterministic state."""
        hidden, carried = jnp.split(deter, 2)
        gates = inputs @ self.kernel + hidden @ self.recurrent_kernel + self.bias
        write, forget, candidate, expose = jnp.split(gates, 4)
        kept = jax.nn.sigmoid(forget + 1) * carried
        carried = kept + jax.nn.sigmoid(write) * jnp.tanh(candidate)
        return jnp.concatenate([jax.nn.sigmoid(expose) * jnp.tanh(carried), carried])

    @property
    def size(self) -> int:
        """The length of what recurs."""
        return 2 * self.width

    @property
    def width(self) -> int:
        """The length of the output."""
        return self.recurrent_kernel.shape[0]

    def read(self, deter: Float[Array, " deter"]) -> Float[Array, " width"]:
        """Return the output of the memory: the hidden half."""
        return deter[: self.width]


def _gate_bias(width: int, *starts: float) -> Float[Array, " gates"]:
    """Return a bias of `width` numbers for each gate, which start from these values."""
    infinite = [start for start in starts if not math.isfinite(start)]
    if infinite:
        raise ValueError(f"update_bias must be finite, got {infinite[0]}")
    return constants(np.repeat(starts, width))
