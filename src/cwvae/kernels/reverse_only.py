"""A sentence for those who take a derivative that is not there."""

from typing import NoReturn

import jax
import jax.numpy as jnp
from jax.extend.core import Primitive
from jax.interpreters import ad, batching, mlir
from jaxtyping import Array, Float

from cwvae.kernels.choice import VARIABLE

__all__ = ["reverse_only"]


@jax.custom_jvp
def reverse_only(values: Float[Array, "*axes"]) -> Float[Array, "*axes"]:
    """Return the values, whose gradient is that of the identity.

    What is differentiated forward through it raises `TypeError` with the remedy: when it runs or
    is compiled, so that a program for another platform, without this function, is none the worse.
    """
    return values


@reverse_only.defjvp
def _(primals: tuple[Array], tangents: tuple[Array]) -> tuple[Array, Array]:
    return primals[0], _tangent.bind(tangents[0], primals[0])


def _raise(*_: object, **__: object) -> NoReturn:
    raise TypeError(
        "forward-mode differentiation (jvp, linearize, jacfwd) of the log-likelihood of many "
        'frames needs XLA\'s own convolutions: build the model with kernels="xla", or set '
        f"{VARIABLE}=xla"
    )


def _mapped(arrays: tuple[Array, Array], axes: tuple[int | None, int | None]) -> tuple[Array, int]:
    """Map tangents with the values that they belong to; several to one value are forward mode."""
    (tangent, values), (on_tangent, on_values) = arrays, axes
    if on_tangent is None or on_values is None:
        _raise()
    moved = jnp.moveaxis(tangent, on_tangent, 0), jnp.moveaxis(values, on_values, 0)
    return _tangent.bind(*moved), 0


# The identity of its first argument, which is there only to be transposed.
_tangent = Primitive("cwvae_reverse_only")
_tangent.def_abstract_eval(lambda tangent, values: tangent)
_tangent.def_impl(_raise)
mlir.register_lowering(_tangent, _raise)
batching.primitive_batchers[_tangent] = _mapped
ad.primitive_jvps[_tangent] = _raise
ad.primitive_transposes[_tangent] = lambda gradient, tangent, values: [gradient, None]
