"""Digests of a folder's files, by which a later reader knows that they are whole."""

import hashlib
from pathlib import Path

from cwvae.files import read_json, write_json

__all__ = ["UncheckedWarning", "changed_file", "has_digests", "write_digests"]

_DIGESTS = "digests.json"


class UncheckedWarning(UserWarning):
    """A folder is read of which nobody knows whether its files are as they were saved."""


def write_digests(folder: Path) -> None:
    """Write the SHA-256 of all files of a folder into it."""
    write_json(folder / _DIGESTS, _digests(folder))


def has_digests(folder: Path) -> bool:
    """Return whether the digests of a folder's files were written into it."""
    return (folder / _DIGESTS).is_file()


def changed_file(folder: Path) -> str | None:
    """Return the path in a folder of a file that is not as its digest was written, None if all are.

    A folder without digests is taken as it is: of version 0.1, or of a process that was killed.
    Raises `ValueError` and `OSError` when they cannot be read.
    """
    if not has_digests(folder):
        return None
    expected, found = read_json(folder / _DIGESTS), _digests(folder)
    if not isinstance(expected, dict):
        return _DIGESTS
    names = expected.keys() | found.keys()
    return min((name for name in names if expected.get(name) != found.get(name)), default=None)


def _digests(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of all files of a folder, by their path in it."""
    files = (path for path in folder.rglob("*") if path.is_file() and path.name != _DIGESTS)
    return {path.relative_to(folder).as_posix(): _digest(path) for path in files}


def _digest(path: Path) -> str:
    """Return the SHA-256 of a file, which may be larger than the memory."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
