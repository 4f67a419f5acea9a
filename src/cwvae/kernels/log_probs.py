"""Log-probabilities of many frames whose gradient is taken along with them, chunk by chunk.

Nothing of what happens inside a chunk is kept for the gradient. That is possible as long as every
frame counts alike in what is differentiated, as in a bound summed over frames, since then the
gradient of the weights is known up to a factor before the factor is. Where frames count
differently the chunks are computed once more.
"""

from collections.abc import Callable
from functools import partial

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, PyTree, Shaped

from cwvae.kernels.choice import by_platform
from cwvae.kernels.chunks import few, joined, over_chunks
from cwvae.kernels.reverse_only import reverse_only

__all__ = ["log_probs_in_chunks"]


def log_probs_in_chunks(
    log_probs: Callable[[Array, Array], Float[Array, " frames"]],
    frames: Float[Array, " frames *frame"],
    targets: Shaped[Array, " frames *target"],
    *,
    kernels: str,
) -> Float[Array, " frames"]:
    """Apply a function of many frames and their targets, each by itself, to a few at a time.

    Gradients reach `frames`, `targets`, and `log_probs` as far as that is a pytree: a function
    must not close over what is differentiated. Where there are chunks only reverse mode is there,
    of any order.
    """
    if few(frames, kernels):
        return log_probs(frames, targets)
    weights, rest = eqx.partition(log_probs, eqx.is_inexact_array)

    def whole(weights: PyTree, frames: Array, targets: Array) -> Float[Array, " frames"]:
        return eqx.combine(weights, rest)(frames, targets)

    return by_platform(kernels, partial(_chunked, whole), whole, weights, frames, targets)


def _chunked(
    whole: Callable[..., Float[Array, " frames"]],
    weights: PyTree,
    frames: Float[Array, " frames *frame"],
    targets: Shaped[Array, " frames *target"],
) -> Float[Array, " frames"]:
    """Return the values, whose gradient is worked out along with them."""

    @jax.custom_vjp
    def values(weights: PyTree, frames: Array, targets: Array) -> Array:
        _, found = over_chunks(lambda _, *chunk: (None, whole(weights, *chunk)), frames, targets)
        return joined(found, frames)

    def forward(*inputs: PyTree) -> tuple[Array, PyTree]:
        found, gradients = _with_gradients(whole, inputs)
        return found, (inputs, gradients)

    def backward(kept: PyTree, cotangent: Array) -> PyTree:
        inputs, (of_weights, of_rows) = kept
        scale = _exact(cotangent) * cotangent.shape[0]
        scaled = jax.tree.map(lambda rows: _times(scale, rows).astype(rows.dtype), of_rows)
        return _of_weights(whole)(inputs, of_weights, cotangent), *scaled

    values.defvjp(forward, backward)
    differentiable, rest = eqx.partition((weights, frames, targets), eqx.is_inexact_array)
    return values(*eqx.combine(jax.tree.map(reverse_only, differentiable), rest))


def _with_gradients(
    whole: Callable[..., Float[Array, " frames"]], inputs: PyTree
) -> tuple[Float[Array, " frames"], PyTree]:
    """Return all values, and the gradients of their mean: of the weights, and of each row.

    Of the mean, since gradients of a sum are too large for few bits.
    """
    weights, frames, targets = inputs

    def one(real: Array, *chunk: Array) -> tuple[PyTree, PyTree]:
        found, pullback = eqx.filter_vjp(whole, weights, *chunk)
        of_weights, *of_rows = pullback(real.astype(found.dtype) / frames.shape[0])
        return jax.tree.map(_exact, of_weights), (found, of_rows)

    of_weights, (found, of_rows) = over_chunks(one, frames, targets)
    whole_rows = jax.tree.map(lambda rows: joined(rows, frames), of_rows)
    return joined(found, frames), (of_weights, whole_rows)


def _of_weights(whole: Callable[..., Float[Array, " frames"]]) -> Callable[..., PyTree]:
    """Return the gradient of the weights as a function of inputs, that of the mean, cotangent."""

    def exact(inputs: PyTree, cotangent: Array) -> PyTree:
        weights, *rows = inputs

        def one(real: Array, cotangent: Array, *chunk: Array) -> tuple[PyTree, None]:
            _, pullback = jax.vjp(lambda weights: whole(weights, *chunk), weights)
            (gradient,) = pullback(jnp.where(real, cotangent, 0))
            return jax.tree.map(_exact, gradient), None

        gradient, _ = over_chunks(one, cotangent, *rows)
        return jax.tree.map(lambda sums, like: sums.astype(like.dtype), gradient, weights)

    @jax.custom_jvp
    def gradient(inputs: PyTree, of_mean: PyTree, cotangent: Array) -> PyTree:
        def scaled() -> PyTree:
            factor = _exact(cotangent)[0] * cotangent.shape[0]
            return jax.tree.map(lambda g, w: (factor * g).astype(w.dtype), of_mean, inputs[0])

        return jax.lax.cond(_all_alike(cotangent), scaled, lambda: exact(inputs, cotangent))

    # The gradient of the mean is a function of the inputs, so its own derivative adds nothing.
    @gradient.defjvp
    def _(primals: tuple, tangents: tuple) -> tuple[PyTree, PyTree]:
        inputs, _, cotangent = primals
        return jax.jvp(exact, (inputs, cotangent), (tangents[0], tangents[2]))

    return gradient


@jax.custom_batching.custom_vmap
def _all_alike(cotangent: Float[Array, "*videos frames"]) -> Bool[Array, ""]:
    """Return whether all frames of a video count alike; with `jax.vmap`, of every video.

    One answer for all videos, so that `jax.lax.cond` runs one branch and not both.
    """
    return jnp.all(cotangent == cotangent[..., :1])


@_all_alike.def_vmap
def _(videos: int, mapped: list[bool], cotangent: Array) -> tuple[Array, bool]:
    return _all_alike(cotangent), False


def _times(factors: Float[Array, " frames"], rows: Array) -> Array:
    """Return every row times its factor."""
    exact = _exact(rows)
    return factors.astype(exact.dtype).reshape(-1, *(1,) * (rows.ndim - 1)) * exact


def _exact(values: Float[Array, "*axes"]) -> Float[Array, "*axes"]:
    """Return values with bits enough to add many of them up."""
    return values if values.dtype.itemsize >= 4 else values.astype(jnp.float32)
