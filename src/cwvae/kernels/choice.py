"""Which formulation runs: a model's choice, the user's, and the platform that is lowered for."""

import functools
import os
from collections.abc import Callable
from typing import Literal, get_args

from jax import lax
from jaxtyping import Array, PyTree

__all__ = ["VARIABLE", "Kernels", "by_platform", "resolve"]

Kernels = Literal["auto", "xla", "im2col", "winograd"]
"""A formulation by name; "auto" is the faster of the last two on a CPU and "xla" elsewhere."""

VARIABLE = "CWVAE_KERNELS"
"""The environment variable that chooses for every model that is left at "auto"."""


def resolve(kernels: str) -> str:
    """Return the choice, that of the environment where it is "auto".

    Raises `ValueError` for a name that is not in `Kernels`.
    """
    return _user_choice() if _checked("kernels", kernels) == "auto" else kernels


def by_platform(
    kernels: str,
    formulated: Callable[..., PyTree[Array]],
    plain: Callable[..., PyTree[Array]],
    *operands: PyTree[Array],
) -> PyTree[Array]:
    """Run what was written for a CPU, or the plain function: the one place where that is decided.

    With "auto" the program holds both until it is lowered, and only the one for the platform that
    it is lowered for after that.
    """
    chosen = resolve(kernels)
    if chosen == "auto":
        return lax.platform_dependent(*operands, cpu=formulated, default=plain)
    return plain(*operands) if chosen == "xla" else formulated(*operands)


@functools.cache
def _user_choice() -> str:
    """Return the environment's choice, read once so that all programs of a process agree."""
    return _checked(VARIABLE, os.environ.get(VARIABLE) or "auto")


def _checked(name: str, kernels: str) -> str:
    """Return a name, or raise `ValueError` for one that is unknown."""
    if kernels not in get_args(Kernels):
        raise ValueError(f"{name} must be one of {', '.join(get_args(Kernels))}, got {kernels!r}")
    return kernels
