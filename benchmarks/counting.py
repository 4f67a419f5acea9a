"""Floating-point operations of all products of a program, found in the program as it is traced.

A multiplication and an addition count as two, a loop as often as it runs, and zeros that a
convolution puts around or between pixels not at all: of a `CWVAE` these are the numbers of `flops`.
They are there for every method, where XLA's cost analysis counts the body of a loop once.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.extend.core import Var


def forward(function: Callable[..., Any], *arguments: Any) -> int:
    """Return the operations of a call; arrays may be given by their shapes alone."""
    return _traced(function, arguments, weights=0)


def training(loss: Callable[..., Any], model: Any, *arguments: Any) -> int:
    """Return the operations of `loss(model, *arguments)` and of its gradient in the model.

    A product has one more in the gradient for each of its two factors that depends on weights. What
    is computed anew to save memory does not count.
    """
    weights = [leaf for leaf in jax.tree.leaves(model) if hasattr(leaf, "dtype")]
    return _traced(loss, (model, *arguments), weights=len(weights))


def _traced(function: Callable[..., Any], arguments: tuple, *, weights: int) -> int:
    """Count in a function, the first of whose inputs are weights."""
    jaxpr = eqx.filter_make_jaxpr(function)(*arguments)[0].jaxpr
    return _count(jaxpr, [at < weights for at in range(len(jaxpr.invars))])[0]


def _count(jaxpr: Any, depends: Sequence[bool]) -> tuple[int, list[bool]]:
    """Count in a program of which some inputs depend on weights; return too which outputs do."""
    known, total = set(), 0

    def learn(variables: Sequence[Any], depends: Sequence[bool]) -> None:
        pairs = zip(variables, depends, strict=True)
        known.update(
            var for var, one in pairs if one and jnp.issubdtype(var.aval.dtype, jnp.inexact)
        )

    def look(variables: Sequence[Any]) -> list[bool]:
        return [isinstance(var, Var) and var in known for var in variables]

    learn(jaxpr.invars, depends)
    for equation in jaxpr.eqns:
        operations, outputs = _in_equation(equation, look(equation.invars))
        learn(equation.outvars, outputs)
        total += operations
    return total, look(jaxpr.outvars)


def _in_equation(equation: Any, depends: list[bool]) -> tuple[int, list[bool]]:
    """Count in one equation, as `_count` does in a program."""
    kind, params = equation.primitive.name, equation.params
    outputs = [any(depends) and kind != "stop_gradient"] * len(equation.outvars)
    if kind in _PRODUCTS:
        return (1 + sum(depends)) * _PRODUCTS[kind](equation), outputs
    if kind == "scan":
        return _in_loop(params, depends)
    parts = (getattr(part, "jaxpr", part) for part in jax.tree.leaves(params))
    programs = [part for part in parts if hasattr(part, "eqns")]
    if len(programs) == 1 and len(programs[0].invars) == len(depends):
        return _count(programs[0], depends)
    if any(_count(program, [False] * len(program.invars))[0] for program in programs):
        raise ValueError(f"products cannot be counted inside {kind}; use a scan, or no condition")
    return 0, outputs


def _in_loop(params: dict[str, Any], depends: list[bool]) -> tuple[int, list[bool]]:
    """Count in a scan, whose carry depends on weights where it does after any of its rounds."""
    begin, end = _carried(params)
    program = getattr(params["jaxpr"], "jaxpr", params["jaxpr"])
    while True:
        operations, outputs = _count(program, depends)
        carry = [a or b for a, b in zip(depends[begin:end], outputs, strict=False)]
        if carry == depends[begin:end]:
            return params["length"] * operations, outputs
        depends = [*depends[:begin], *carry, *depends[end:]]


def _carried(params: dict[str, Any]) -> tuple[int, int]:
    """Return where among the inputs of a scan its carry begins and ends."""
    if "num_carry" in params:
        return params["num_consts"], params["num_consts"] + params["num_carry"]
    # JAX 0.11 keeps the inputs' tree: constants, carry, what is scanned over.
    constants, carry, _ = params["ft_in"].unpack()
    return len(constants), len(constants) + len(carry)


def _of_matrices(equation: Any) -> int:
    """Return the operations of a product of matrices."""
    (contracted, _), _ = equation.params["dimension_numbers"]
    shape = equation.invars[0].aval.shape
    return 2 * math.prod(shape[axis] for axis in contracted) * equation.outvars[0].aval.size


def _of_images(equation: Any) -> int:
    """Return the operations of a convolution."""
    params = equation.params
    images, kernel = (variable.aval.shape for variable in equation.invars)
    result = equation.outvars[0].aval.shape
    of_images, of_kernel, of_result = params["dimension_numbers"]
    steps = zip(*(params[name] for name in _STEPS), strict=True)
    operations = 2 * images[of_images[0]] * kernel[of_kernel[0]] * kernel[of_kernel[1]]
    for axis, (stride, (before, _), apart, dilation) in enumerate(steps, start=2):
        # Where each element of the kernel falls, for each of the pixels that come out.
        pixels, elements = np.arange(result[of_result[axis]]), np.arange(kernel[of_kernel[axis]])
        at = stride * pixels[:, None] + dilation * elements - before
        inside = (at >= 0) & (at <= apart * (images[of_images[axis]] - 1))
        operations *= int(np.sum(inside & (at % apart == 0)))
    return operations


_STEPS = ("window_strides", "padding", "lhs_dilation", "rhs_dilation")
_PRODUCTS = {"dot_general": _of_matrices, "conv_general_dilated": _of_images}
