"""Paths that begin with ~, the home folder, which not every account has."""

from pathlib import Path

__all__ = ["expanded"]


def expanded(path: str | Path, remedy: str = "give a path without ~") -> Path:
    """Return a path with ~ replaced by the home folder.

    **Arguments:** `path`; `remedy`, what to do without a home folder.

    Raises `ValueError` when there is ~ in the path and no home folder.
    """
    try:
        return Path(path).expanduser()
    except RuntimeError as error:
        raise ValueError(
            f"{path}: expected a home folder, found none ($HOME is not set); {remedy}"
        ) from error
