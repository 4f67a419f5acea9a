"""Rows of a batch a few at a time, with the memory that a few of them take, gradients included."""

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
from jaxtyping import Array, PyTree

__all__ = ["in_parts"]


def in_parts(
    function: Callable[[Any, Any], PyTree[Array]], weights: PyTree, rows: PyTree, *, parts: int
) -> PyTree[Array]:
    """Apply a function of weights and rows, each row by itself, to one part of the rows at a time.

    Of what happens inside nothing is kept for a gradient, which computes each part once more and
    adds up what it finds. So means over all rows, and whatever is made of them, are those of the
    whole batch, as are their gradients, to rounding.

    **Arguments:** `weights`; `rows`, whose arrays all have a leading axis of the same length, as
    those of the answer have; `parts`, into how many that is divided.

    Raises `ValueError` for rows that are no multiple of the parts.
    """
    if parts == 1:
        return function(weights, rows)
    arrays, rest = eqx.partition(rows, eqx.is_array)
    count = jax.tree.leaves(arrays)[0].shape[0]
    if count % parts:
        raise ValueError(
            f"the videos of a batch on a device must be a multiple of the {parts} parts that they "
            f"are divided into, got {count}; use other numbers of videos or parts"
        )

    def one(part: PyTree[Array]) -> PyTree[Array]:
        return function(weights, eqx.combine(part, rest))

    divided = jax.tree.map(lambda a: a.reshape(parts, count // parts, *a.shape[1:]), arrays)
    done = jax.lax.map(jax.checkpoint(one, prevent_cse=False), divided)
    return jax.tree.map(lambda a: a.reshape(count, *a.shape[2:]), done)
