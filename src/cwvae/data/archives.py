"""NumPy files (.npy, .npz): headers checked before any memory is taken for what they promise."""

import contextlib
import io
import math
import pickle
import tokenize
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, cast

import numpy as np

from cwvae.data.read_options import ReadOptions

__all__ = ["ARRAYS", "UNREADABLE", "StoredArray", "open_archive", "read_archive"]

ARRAYS = (".npz", ".npy")
"""How the name of a NumPy file ends."""

UNREADABLE = (
    ValueError,
    TypeError,
    EOFError,
    SyntaxError,
    OverflowError,
    RecursionError,
    tokenize.TokenError,
    NotImplementedError,
    RuntimeError,
    zipfile.BadZipFile,
    zlib.error,
    pickle.UnpicklingError,
)
"""What is raised for damaged files by NumPy and by what unpacks their members."""

# A file of some megabytes can list so many members that reading their headers takes minutes.
_MOST_ARRAYS = 10_000
# How NumPy packs arrays. Of bzip2 and LZMA zipfile unpacks all that it has read at once, which can
# be a million times as much as was asked for.
_PACKINGS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_REASON = 200  # characters of what a library found wrong

_MAGIC = b"\x93NUMPY"
_VERSIONS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}


class StoredArray(NamedTuple):
    """An array in a file, of which only the header has been read.

    - `path`, `name`: the file, and the array's name in it ("" in an .npy file);
    - `shape`, `dtype`: as in NumPy;
    - `columns_first`: whether it is stored with its first axis running fastest.
    """

    path: Path
    name: str
    shape: tuple[int, ...]
    dtype: np.dtype
    columns_first: bool

    @property
    def nbytes(self) -> int:
        """Bytes of the array in memory."""
        return math.prod(self.shape) * self.dtype.itemsize

    def read(self, options: ReadOptions) -> np.ndarray:
        """Return the whole array; raise `ValueError` beyond the limit and for damaged files."""
        options.check_bytes(self.path, self.nbytes, f"an array of shape {self.shape}")
        with _readable(self.path), _opened(self.path, self.name) as file:
            _read_header(file)
            values = np.frombuffer(_exactly(file, self.nbytes), self.dtype)
        return values.reshape(self.shape, order="F" if self.columns_first else "C")

    def slices(self, options: ReadOptions, rows: range | None = None) -> Iterator[np.ndarray]:
        """Yield the array's slices along its first axis, one in memory at a time.

        With consecutive `rows` those alone. Raises `ValueError` when a slice is beyond the limit,
        and for damaged files.
        """
        rows = range(self.shape[0]) if rows is None else rows
        if self.columns_first:
            yield from self.read(options)[rows.start : rows.stop]
            return
        inner = self.shape[1:]
        size = math.prod(inner) * self.dtype.itemsize
        options.check_bytes(self.path, size, f"a slice of shape {inner}")
        with _readable(self.path), _opened(self.path, self.name) as file:
            _read_header(file)
            file.seek(size * rows.start, io.SEEK_CUR)
            for _ in rows:
                yield np.frombuffer(_exactly(file, size), self.dtype).reshape(inner)


def open_archive(path: Path) -> list[StoredArray]:
    """Return the arrays of an .npy or .npz file, their headers read and checked.

    Raises `FileNotFoundError` without a file, and `ValueError` when the file is neither, is
    damaged, holds Python objects, or has a header that promises other sizes than there are.
    """
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file; check the path")
    with path.open("rb") as file:
        plain = file.read(len(_MAGIC)) == _MAGIC
    if not plain and not zipfile.is_zipfile(path):
        raise ValueError(
            f"{path}: expected an .npz archive, got another or a truncated file; "
            "write it with numpy.savez, or copy it again"
        )
    with _readable(path):
        if plain:
            with path.open("rb") as file:
                return [_stored(path, "", file, path.stat().st_size)]
        with zipfile.ZipFile(path) as archive:
            return [*_members(path, archive)]


def read_archive(path: Path, options: ReadOptions | None = None) -> dict[str, np.ndarray]:
    """Read all arrays of an .npz file into memory, by name, in the order of the file.

    Raises `FileNotFoundError` without a file, and `ValueError` as `open_archive` does, or when the
    arrays together are beyond the limit of `options`.
    """
    options = options or ReadOptions()
    arrays = open_archive(path)
    options.check_bytes(path, sum(array.nbytes for array in arrays), "its arrays")
    return {array.name.removesuffix(".npy"): array.read(options) for array in arrays}


def _members(path: Path, archive: zipfile.ZipFile) -> Iterator[StoredArray]:
    """Yield the arrays of an archive; raise `ValueError` for more than anybody saves."""
    for info in archive.infolist():
        if info.compress_type not in _PACKINGS:
            raise ValueError(f"{info.filename[:40]!r} is packed as NumPy packs no array")
    sizes = {info.filename: info.file_size for info in archive.infolist()}
    if len(sizes) > _MOST_ARRAYS:
        raise ValueError(f"it holds {len(sizes):,} arrays, more than {_MOST_ARRAYS:,}")
    for name, size in sizes.items():
        with archive.open(name) as member:
            yield _stored(path, name, cast(io.BufferedIOBase, member), size)


def _stored(path: Path, name: str, file: io.BufferedIOBase, size: int) -> StoredArray:
    """Read an array's header; raise `ValueError` when it does not fit the member's size."""
    shape, columns_first, dtype = _read_header(file)
    begin = file.tell()
    # Pickled arrays could run code when they are read.
    if dtype.hasobject:
        raise ValueError("an array of Python objects")
    found = StoredArray(path, name, shape, dtype, columns_first)
    if found.nbytes != size - begin:
        raise ValueError(
            f"its header promises {found.nbytes} bytes of shape {_short(shape)}, there are "
            f"{size - begin}"
        )
    return found


def _read_header(file: io.BufferedIOBase) -> tuple[tuple[int, ...], bool, np.dtype]:
    """Return shape, whether columns come first, and type."""
    version = np.lib.format.read_magic(file)
    if version not in _VERSIONS:
        raise ValueError(f"an array in version {version} of the format")
    return _VERSIONS[version](file)


@contextlib.contextmanager
def _opened(path: Path, name: str) -> Iterator[io.BufferedIOBase]:
    """Open an .npy file, or a member of an .npz archive."""
    if not name:
        with path.open("rb") as file:
            yield file
    else:
        with zipfile.ZipFile(path) as archive, archive.open(name) as member:
            yield cast(io.BufferedIOBase, member)


def _exactly(file: io.BufferedIOBase, size: int) -> bytes:
    """Read so many bytes."""
    content = file.read(size)
    if len(content) < size:
        raise EOFError(f"{size - len(content)} bytes are missing")
    return content


@contextlib.contextmanager
def _readable(path: Path) -> Iterator[None]:
    """Raise `ValueError` in one line for whatever is wrong inside a file."""
    try:
        yield
    except (*UNREADABLE, MemoryError, OSError) as error:
        reason = " ".join(str(error).split())[:_REASON] or type(error).__name__
        raise ValueError(
            f"{path}: expected plain numeric arrays, could not read them ({reason}); "
            "write the file again with numpy.savez"
        ) from error


def _short(shape: tuple[int, ...]) -> str:
    return str(tuple(size if size < 10**15 else float(f"{size:.2e}") for size in shape))
