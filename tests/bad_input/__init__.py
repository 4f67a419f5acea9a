"""Inputs that no command can use, as tables: a module for each kind, with `ROWS` by name."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

__all__ = ["Row"]


def _nothing(folder: Path) -> None:
    """Write nothing: the command alone is wrong."""


class Row(NamedTuple):
    """A command that must fail.

    - `command`: its words, with {run}, a run of the debug preset, in the place of a folder; it is
      run in an empty folder;
    - `message`: a regular expression that its line must match;
    - `make`: writes into the folder what the command is given.
    """

    command: str
    message: str
    make: Callable[[Path], object] = _nothing
