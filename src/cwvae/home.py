"""The user's home folder, which not every account has: paths with ~, the cache, and the state."""

import os
from pathlib import Path

__all__ = ["cache_home", "expanded", "state_home"]


def cache_home(remedy: str = "set XDG_CACHE_HOME") -> Path:
    """Return the folder for what can be made again: cwvae in $XDG_CACHE_HOME or ~/.cache.

    **Arguments:** `remedy`, what to do without a home folder.

    Raises `ValueError` when there is no home folder.
    """
    return _base("XDG_CACHE_HOME", "~/.cache", remedy) / "cwvae"


def state_home() -> Path:
    """Return the folder for what must stay: cwvae in $XDG_STATE_HOME or ~/.local/state.

    Raises `ValueError` when there is no home folder.
    """
    return _base("XDG_STATE_HOME", "~/.local/state", "set XDG_STATE_HOME") / "cwvae"


def _base(variable: str, default: str, remedy: str) -> Path:
    """Return the folder that a variable of the environment names, or the default."""
    # A relative path there is to be ignored, and so is an empty one, by its specification.
    given = Path(os.environ.get(variable, ""))
    return given if given.is_absolute() else expanded(default, remedy)


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
