"""Arrays that take long to make, kept in the cache: where that cannot be, they are made anew."""

import zipfile
from pathlib import Path

import numpy as np

from cwvae.files import replacing
from cwvae.home import cache_home

__all__ = ["keep", "kept", "kept_path"]


def kept_path(folder: str, name: str) -> Path | None:
    """Return the file for arrays of a name, None for an account without a home."""
    try:
        return cache_home() / folder / f"{name}.npz"
    except ValueError:
        return None


def kept(path: Path | None) -> dict[str, np.ndarray]:
    """Return the arrays that are kept, none where they are missing or damaged."""
    try:
        if path is not None:
            # Of a file that it opens itself, NumPy leaves a damaged one open.
            with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
                return dict(arrays)
    except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile):
        pass
    return {}


def keep(path: Path | None, arrays: dict[str, np.ndarray]) -> None:
    """Keep arrays, where that is possible: without them the next start takes longer."""
    try:
        if path is not None:
            with replacing(path) as temporary, temporary.open("wb") as file:
                np.savez(file, **arrays)  # pyright: ignore[reportArgumentType]
    except OSError:
        pass
