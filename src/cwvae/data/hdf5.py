"""Arrays in HDF5 files: found without reading them, and read piece by piece."""

import contextlib
import itertools
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from cwvae._extras import extra
from cwvae.data.read_options import ReadOptions

__all__ = ["SIGNATURE", "SUFFIXES", "HDF5Array", "open_hdf5"]

SIGNATURE = b"\x89HDF\r\n\x1a\n"
"""How the content of an HDF5 file begins."""

# What a file may hold, and how deep: libhdf5 finds each from the outermost group on.
_MOST, _DEEPEST = 10_000, 100
# Bytes of a part that is packed by itself, which is unpacked whole; larger ones only in an array of
# that size.
_LARGEST_PART = 2**28

SUFFIXES = (".h5", ".hdf5")
"""How the name of an HDF5 file ends."""


class HDF5Array(NamedTuple):
    """A data set in an HDF5 file, of which nothing has been read; used as a `StoredArray`.

    - `path`, `name`: the file, and the name with its groups, such as "train/frames";
    - `shape`, `dtype`: as in NumPy;
    - `rows_together`: rows of its first axis that are packed together, and so read at a time.
    """

    path: Path
    name: str
    shape: tuple[int, ...]
    dtype: np.dtype
    rows_together: int

    def read(self, options: ReadOptions) -> np.ndarray:
        """Return the whole array; raise `ValueError` beyond the limit and for damaged files."""
        options.check_bytes(self.path, self._bytes(self.shape), f"an array of shape {self.shape}")
        with _opened(self.path) as file:
            return np.asarray(file[self.name][()])

    def slices(self, options: ReadOptions, rows: range | None = None) -> Iterator[np.ndarray]:
        """Yield the array's slices along its first axis, those of consecutive `rows` if given.

        Raises `ValueError` when what is read at a time is beyond the limit, and for damaged files.
        """
        rows = range(self.shape[0]) if rows is None else rows
        block = (min(self.rows_together, self.shape[0]), *self.shape[1:])
        options.check_bytes(self.path, self._bytes(block), f"a part of shape {block}")
        with _opened(self.path) as file:
            stored = file[self.name]
            for first in range(rows.start, rows.stop, block[0]):
                yield from np.asarray(stored[first : min(first + block[0], rows.stop)])

    def _bytes(self, shape: tuple[int, ...]) -> int:
        """Return the bytes of a part of it in memory."""
        return math.prod(shape) * self.dtype.itemsize


def open_hdf5(path: Path) -> list[HDF5Array]:
    """Return the arrays of numbers in an HDF5 file, in all of its groups, by name.

    Links to other files are not followed. Raises `ValueError` for a damaged file, and for arrays
    that lie in other files.
    """
    found: list[HDF5Array] = []
    count = itertools.count(1)
    with _opened(path) as file:

        def visit(name: str, item: Any) -> None:
            if next(count) > _MOST or name.count("/") > _DEEPEST:
                raise ValueError(
                    f"it holds more than {_MOST:,} groups and arrays, or they lie deeper than "
                    f"{_DEEPEST} groups"
                )
            if not isinstance(item, h5py.Dataset) or item.shape is None:
                return
            if item.is_virtual or item.external:
                raise ValueError(f"{name} lies in other files; save it in this one")
            if item.dtype.kind in "biuf":
                _check_parts(name, item)
                together = item.chunks[0] if item.chunks else 1
                found.append(HDF5Array(path, name, tuple(item.shape), item.dtype, together))

        with extra("hdf5"):
            import h5py

        file.visititems(visit)
    return sorted(found, key=lambda array: array.name)


def _check_parts(name: str, item: Any) -> None:
    """Raise `ValueError` for an array whose parts would unpack to far more than all of it."""
    part = math.prod(item.chunks or ()) * item.dtype.itemsize
    if part > max(_LARGEST_PART, math.prod(item.shape) * item.dtype.itemsize):
        raise ValueError(
            f"{name} of shape {item.shape} is packed in parts of {part:,} bytes; save it with "
            "smaller chunks"
        )


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """Open a file; raise `ValueError` in one line for whatever is wrong inside it."""
    with extra("hdf5"):
        import h5py  # Here, since few data sets are HDF5.

    try:
        with h5py.File(path, "r") as file:
            yield file
    except (OSError, RuntimeError, KeyError, TypeError, ValueError) as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise ValueError(
            f"{path}: expected HDF5 with arrays of numbers, could not read it ({reason}); copy or "
            "write the file again"
        ) from error
