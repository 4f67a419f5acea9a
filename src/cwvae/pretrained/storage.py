"""Arrays by name in a file of safetensors, of 32 or 16 bits, beside one text: no code in it."""

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from cwvae._extras import extra
from cwvae.dtypes import StorageDtype
from cwvae.files import replacing

with extra("pretrained"):
    from safetensors import SafetensorError, safe_open
    from safetensors.numpy import save

__all__ = [
    "StorageDtype",
    "opened",
    "read_array",
    "stored",
    "stored_shapes",
    "stored_text",
    "write_arrays",
]

# The entry of the file's metadata. There is one, since the order of several differs from write to
# write, and the same model should give the same file.
_ENTRY = "cwvae"
# Bytes of a header: a name takes about a hundred, a card thousands.
_HEADER_LIMIT = 2**22
# The names that safetensors has for the types of arrays that a model may hold.
_DTYPES = {
    **{"F16": jnp.float16, "BF16": jnp.bfloat16, "F32": jnp.float32, "F64": jnp.float64},
    **{"I8": jnp.int8, "I16": jnp.int16, "I32": jnp.int32, "I64": jnp.int64},
    **{"U8": jnp.uint8, "U16": jnp.uint16, "U32": jnp.uint32, "U64": jnp.uint64},
    "BOOL": jnp.bool_,
}


def stored(name: str, array: Any, dtype: StorageDtype) -> np.ndarray:
    """Return an array as it is stored: matrices and kernels of floats in `dtype`.

    Floats of fewer than two axes (biases, scales) take little room and stay float32; what is no
    float stays as it is. Raises `ValueError` for a number that is not finite, or that `dtype` makes
    so.
    """
    array = np.array(array, order="C")
    if not jnp.issubdtype(array.dtype, jnp.floating):
        return array
    with np.errstate(over="ignore"):
        small = array.astype(jnp.dtype(dtype if array.ndim > 1 else "float32"))
    if not np.isfinite(small.astype(np.float32)).all():
        remedy = (
            "store it in bfloat16" if np.isfinite(array).all() else "take an earlier checkpoint"
        )
        raise ValueError(
            f"{name} must be finite in {small.dtype}, got numbers that are not; {remedy}"
        )
    return small


def write_arrays(path: Path, arrays: Mapping[str, np.ndarray], text: str) -> None:
    """Write a file that appears only when it is complete.

    Raises `ValueError` for a text so long that the file could not be read again, and `OSError`
    where it cannot be written.
    """
    content = save(dict(arrays), metadata={_ENTRY: text})
    if _header_length(content) > _HEADER_LIMIT:
        raise ValueError(
            f"names and text must take at most {_HEADER_LIMIT:,} bytes, got "
            f"{_header_length(content):,}; shorten the note"
        )
    with replacing(path) as temporary:
        # Written here, since a file that safetensors writes can be read by its owner alone.
        temporary.write_bytes(content)


@contextlib.contextmanager
def opened(path: Path) -> Iterator[Any]:
    """Open a file, of which its header alone is read, and which must be as long as that states.

    Raises `OSError` when it cannot be opened, and `ValueError` when it is no whole file of
    safetensors.
    """
    _check_header(path)
    try:
        with safe_open(path, framework="numpy") as file:
            yield file
    except SafetensorError as error:
        raise _damaged(path, str(error)) from error


def stored_text(file: Any) -> str:
    """Return the text that stands beside the arrays of an opened file, "" without one."""
    return (file.metadata() or {}).get(_ENTRY, "")


def stored_shapes(file: Any) -> dict[str, jax.ShapeDtypeStruct]:
    """Return the shapes of the arrays of an opened file, none of which is read.

    Raises `ValueError` for a type that no model has.
    """
    slices = {name: file.get_slice(name) for name in sorted(file.keys())}
    for name, view in slices.items():
        if view.get_dtype() not in _DTYPES:
            raise ValueError(f"{name} has the type {view.get_dtype()}, which no model has")
    return {
        name: jax.ShapeDtypeStruct(tuple(view.get_shape()), _DTYPES[view.get_dtype()])
        for name, view in slices.items()
    }


def read_array(file: Any, name: str, dtype: Any) -> jax.Array:
    """Read one array of an opened file, and return it in `dtype`.

    Raises `ValueError` for a float that is not finite.
    """
    array = file.get_tensor(name).astype(dtype)
    if jnp.issubdtype(dtype, jnp.floating) and not np.isfinite(array).all():
        raise ValueError(f"{name} has numbers that are not finite")
    # `jnp.asarray` would compile a program for every shape.
    return jax.device_put(array)


def _check_header(path: Path) -> None:
    """Raise `ValueError` for a header that is longer than the file, or than any needs to be."""
    with path.open("rb") as file:
        length, size = _header_length(file.read(8)), path.stat().st_size
    if not 2 <= length <= min(size - 8, _HEADER_LIMIT):
        raise _damaged(path, f"a header of {length:,} bytes in a file of {size:,}")


def _header_length(content: bytes) -> int:
    """Return the length of a header in bytes: the first 8 of a file, little end first."""
    return int.from_bytes(content[:8], "little")


def _damaged(path: Path, reason: str) -> ValueError:
    """Return the error for a file that is damaged, or of another kind."""
    return ValueError(
        f"{path}: expected a whole file of safetensors, got one that is damaged or of another kind "
        f"({reason}); copy or export it again"
    )
