"""Batches that are sharded over devices."""

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
from jax.sharding import NamedSharding, PartitionSpec
from jaxtyping import Array, PyTree

__all__ = ["AXIS", "over_rows", "same_everywhere"]

AXIS = "batch"
"""The axis of a mesh of devices over which the rows of a batch are sharded."""


def over_rows(
    function: Callable[[Any, Any], PyTree[Array]], weights: PyTree, rows: PyTree
) -> PyTree[Array]:
    """Apply a function of weights and rows, each row by itself, on every device to its own rows.

    The compiler alone cannot shard a loop over chunks of rows: every device would go through all
    of them. Rows that are not sharded, and those that devices cannot share evenly, are passed on
    as they are. Gradients of the weights are those of all rows.

    **Arguments:** `weights`, which every device has; `rows`, whose arrays all have a leading axis
    of the same length, as those of the answer have.
    """
    first = jax.tree.leaves(eqx.filter(rows, eqx.is_array))[0]
    axis = _axis(first)
    if axis is None:
        return function(weights, rows)
    arrays, rest = eqx.partition((weights, rows), eqx.is_array)

    def of_a_device(*arrays: PyTree[Array]) -> PyTree[Array]:
        # XLA fails on answers that are constants, unless they seem to depend on something.
        return jax.lax.optimization_barrier((function(*eqx.combine(arrays, rest)), arrays))[0]

    everywhere, sharded = PartitionSpec(), PartitionSpec(axis)
    return jax.shard_map(
        of_a_device,
        mesh=jax.typeof(first).sharding.mesh,
        axis_names={axis},
        in_specs=(everywhere, sharded),
        out_specs=sharded,
        # A loop's first sums are zeros, the same on every device, and its later ones are not.
        check_vma=False,
    )(*arrays)


def same_everywhere(tree: PyTree) -> PyTree:
    """Let every device have all of the arrays of a tree, where the compiler might shard them.

    Without devices to shard over, or on a mesh whose axes are explicit, it is the tree itself.
    """
    return jax.tree.map(lambda leaf: _pinned(leaf) if eqx.is_array(leaf) else leaf, tree)


def _pinned(array: Array) -> Array:
    """Return an array of which every device has all."""
    mesh = jax.typeof(array).sharding.mesh
    if not mesh.auto_axes:
        return array
    return jax.lax.with_sharding_constraint(array, NamedSharding(mesh, PartitionSpec()))


def _axis(array: Array) -> Any:
    """Return the axis of a mesh over which the rows of an array are sharded, None without one.

    Explicit axes are part of the array's type; an automatic one is known by its name.
    """
    sharding = jax.typeof(array).sharding
    mesh = sharding.mesh
    if mesh.explicit_axes:
        return sharding.spec[0]
    divides = AXIS in mesh.auto_axes and array.shape[0] % mesh.shape[AXIS] == 0
    return AXIS if divides else None
