"""The arrays of a tree by the names of their places in it, as checkpoints hold them."""

import math
from collections.abc import Mapping
from typing import Any

import equinox as eqx
import jax
import numpy as np
from jaxtyping import Array, PyTree

__all__ = ["check_fit", "check_rest", "difference", "filled", "named_arrays", "oversized"]

# Arrays of a checkpoint: so many for each of a model, or so many times the bytes of its files, and
# so many bytes besides.
_TIMES, _BESIDES = 16, 2**30


def named_arrays(tree: PyTree, prefix: str = "") -> dict[str, Array | jax.ShapeDtypeStruct]:
    """Map the path of every array in a tree to it, but for those of size 0."""
    leaves = jax.tree_util.tree_leaves_with_path(eqx.filter(tree, _is_array))
    return {prefix + _name(path): leaf for path, leaf in leaves if leaf.size}


def filled(tree: PyTree, arrays: Mapping[str, Any], prefix: str = "") -> PyTree:
    """Return a tree with its arrays replaced by those of the same name."""

    def one(path: Any, leaf: Any) -> Any:
        name = prefix + _name(path)
        return arrays[name] if name in arrays else _empty(leaf)

    return jax.tree_util.tree_map_with_path(one, tree, is_leaf=_is_array)


def check_fit(saved: Mapping[str, Any], expected: Mapping[str, Any]) -> None:
    """Raise `ValueError` for saved arrays that differ from those expected in names or shapes."""
    found = difference(saved, expected, "the checkpoint")
    if found:
        raise ValueError(f"does not fit the model: {found}; {_remedy(saved, expected)}")


def difference(saved: Mapping[str, Any], expected: Mapping[str, Any], place: str) -> str | None:
    """Return the first array, by name, in which saved ones differ from those of a model, in words.

    None where names, types and shapes are the same. `place` names where they are saved.
    """
    theirs, ours = ({n: _kind(a) for n, a in arrays.items()} for arrays in (saved, expected))
    differ = sorted(n for n in theirs.keys() | ours.keys() if theirs.get(n) != ours.get(n))
    if not differ:
        return None
    name = differ[0]
    return (
        f"{name} is {theirs.get(name, 'missing')} in {place} and {ours.get(name, 'missing')} in "
        f"the model ({len(differ)} arrays differ)"
    )


def _kind(array: Any) -> str:
    """Return type and shape of an array in words."""
    return f"{np.dtype(array.dtype)} {tuple(array.shape)}"


def _remedy(saved: Mapping[str, Any], expected: Mapping[str, Any]) -> str:
    """Return how a checkpoint can be loaded that does not fit."""
    theirs, ours = (
        any(a.dtype == np.float64 for a in arrays.values()) for arrays in (saved, expected)
    )
    if theirs != ours:
        return f"start with JAX_ENABLE_X64={int(theirs)} in the environment, as the run was"
    return "load it with the configuration that it was made with"


def _is_array(leaf: Any) -> bool:
    """Return whether a leaf is an array, or stands for one."""
    return eqx.is_array(leaf) or isinstance(leaf, jax.ShapeDtypeStruct)


def _empty(leaf: Any) -> Any:
    """Return what no checkpoint holds: arrays of size 0, which Orbax rejects, and non-arrays."""
    return jax.device_put(np.zeros(leaf.shape, leaf.dtype)) if _is_array(leaf) else leaf


def _name(path: Any) -> str:
    """Return the path of a leaf as text."""
    return jax.tree_util.keystr(path).lstrip(".")


def check_rest(arrays: Mapping[str, Any], mine: Mapping[str, Any]) -> None:
    """Raise `ValueError` where those besides a model's would take far more memory than they can.

    An optimiser has a few arrays for each of a model's, and what steps hand on is small.
    """
    found, expected = _nbytes(arrays), _nbytes(mine)
    if found > _TIMES * expected + _BESIDES:
        raise ValueError(
            f"has arrays of {found:,} bytes for a model of {expected:,}; take another checkpoint"
        )


def oversized(arrays: Mapping[str, Any], stored: int) -> bool:
    """Return whether arrays would take far more memory than the bytes that files hold of them."""
    return _nbytes(arrays) > _TIMES * stored + _BESIDES


def _nbytes(arrays: Mapping[str, Any]) -> int:
    """Return the bytes of arrays, of which the shapes may be all that there is."""
    return sum(math.prod(array.shape) * array.dtype.itemsize for array in arrays.values())
