"""NumPy archives (.npz), read with one clear line for whatever is wrong with them."""

import pickle
import tokenize
import zipfile
import zlib
from pathlib import Path

import numpy as np

__all__ = ["UNREADABLE", "read_archive"]


UNREADABLE = (
    ValueError,
    EOFError,
    SyntaxError,
    tokenize.TokenError,
    NotImplementedError,
    RuntimeError,
    zipfile.BadZipFile,
    zlib.error,
    pickle.UnpicklingError,
)
"""What NumPy raises for damaged files."""


def read_archive(path: Path) -> dict[str, np.ndarray]:
    """Read all arrays of an .npz file into memory.

    Returns the arrays by name, in the order of the file.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file is no .npz archive, is damaged, or holds Python objects.
    """
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file; check the path")
    if not zipfile.is_zipfile(path):
        raise ValueError(
            f"{path}: expected an .npz archive, got another or a truncated file; "
            "write it with numpy.savez, or copy it again"
        )
    try:
        # Pickled arrays could run code when they are read, so they are refused.
        with np.load(path, allow_pickle=False) as archive:
            return {name: np.asarray(archive[name]) for name in archive.files}
    except UNREADABLE as error:
        reason = " ".join(str(error).split())
        raise ValueError(
            f"{path}: expected plain numeric arrays, could not read them ({reason}); "
            "write the file again with numpy.savez"
        ) from error
