"""The user's home folder, which not every account has: paths with ~, and the cache."""

import os
from pathlib import Path

__all__ = ["cache_home", "expanded"]


def cache_home(remedy: str = "set XDG_CACHE_HOME") -> Path:
    """Return the folder for what can be made again: cwvae in $XDG_CACHE_HOME or ~/.cache.

    **Arguments:** `remedy`, what to do without a home folder.

    Raises `ValueError` when there is no home folder.
    """
    # A relative path there is to be ignored, and so is an empty one, by its specification.
    given = os.environ.get("XDG_CACHE_HOME", "")
    base = Path(given) if Path(given).is_absolute() else expanded("~/.cache", remedy)
    return base / "cwvae"


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
