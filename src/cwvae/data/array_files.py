"""Files with arrays in them, NumPy's and HDF5, whichever it is."""

from pathlib import Path

from cwvae.data import archives, hdf5
from cwvae.data.archives import StoredArray
from cwvae.data.hdf5 import HDF5Array

__all__ = ["ARRAYS", "AnyArray", "are_arrays", "has_arrays", "open_arrays", "short_name"]

ARRAYS = (*archives.ARRAYS, *hdf5.SUFFIXES)
"""How the name of a file with arrays ends."""

AnyArray = StoredArray | HDF5Array
"""An array in a file, of which only what describes it has been read."""

# Besides an HDF5 file: an .npy file, and a zip archive, full or empty.
_SIGNATURES = (hdf5.SIGNATURE, b"\x93NUMPY", b"PK\x03\x04", b"PK\x05\x06")
_LONGEST = max(map(len, _SIGNATURES))


def has_arrays(path: Path) -> bool:
    """Return whether a path is named as a file with arrays."""
    return path.suffix.lower() in ARRAYS


def are_arrays(path: Path) -> bool:
    """Return whether a file holds arrays by its content, whatever its name."""
    return _head(path).startswith(_SIGNATURES)


def open_arrays(path: Path) -> list[AnyArray]:
    """Return the arrays of a file.

    Raises `FileNotFoundError` without a file, and `ValueError` as `open_archive` and `open_hdf5`
    do.
    """
    is_hdf5 = path.is_file() and _head(path).startswith(hdf5.SIGNATURE)
    if is_hdf5 or (path.is_file() and path.suffix.lower() in hdf5.SUFFIXES):
        return [*hdf5.open_hdf5(path)]
    return [*archives.open_archive(path)]


def short_name(array: AnyArray) -> str:
    """Return the name of an array as options and errors have it."""
    return array.name.removesuffix(".npy")


def _head(path: Path) -> bytes:
    """Return the first bytes of a file."""
    with path.open("rb") as file:
        return file.read(_LONGEST)
