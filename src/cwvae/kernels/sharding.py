"""Batches that are sharded over devices."""

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
from jax.sharding import NamedSharding, PartitionSpec
from jaxtyping import Array, PyTree

__all__ = ["with_automatic_axes"]


def with_automatic_axes(function: Callable[..., PyTree[Array]], *inputs: Any) -> PyTree[Array]:
    """Call a function of sharded arrays, and let the compiler choose the shardings inside it.

    On a mesh with explicit axes, the default of `jax.make_mesh`, the shardings of all values are
    part of their types, and a frame's place in a chunk would have to be one. Its results are then
    on every device; they should be few.
    """
    arrays, rest = eqx.partition(inputs, eqx.is_array)
    meshes = [jax.typeof(array).sharding.mesh for array in jax.tree.leaves(arrays)]
    explicit = [mesh for mesh in meshes if mesh.explicit_axes]
    if not explicit:
        return function(*inputs)

    def automatic(arrays: PyTree[Array]) -> PyTree[Array]:
        return function(*eqx.combine(arrays, rest))

    everywhere = NamedSharding(explicit[0], PartitionSpec())
    return jax.sharding.auto_axes(automatic, out_sharding=everywhere)(arrays)
