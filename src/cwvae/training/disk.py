"""Writing checkpoints to a disk that may be full or gone: checked before, and one form of error."""

import contextlib
import errno
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

__all__ = ["check_space", "first_line", "stored", "writing"]

# What a file system needs besides the arrays: their index, blocks that are not full.
_MARGIN = 2**20


def check_space(folder: Path, needed: int) -> None:
    """Raise `OSError` for a disk that is too full for so many bytes.

    A library would report it at length, after it has filled the disk.
    """
    free = shutil.disk_usage(folder).free
    if free < needed + _MARGIN:
        message = f"{os.strerror(errno.ENOSPC)} for a checkpoint of {needed / 2**20:.1f} MiB"
        raise OSError(errno.ENOSPC, message, str(folder))


def stored(folder: Path) -> int:
    """Return the bytes of all files of a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


@contextlib.contextmanager
def writing(place: Path) -> Iterator[None]:
    """Raise `OSError` in one line for whatever a library raises for files that it cannot write."""
    try:
        yield
    except Exception as error:
        # The cause stands at the end, after the names of all that failed for it.
        cause = first_line(error).rpartition(": ")[2] or type(error).__name__
        raise OSError(f"{place} could not be written: {cause}") from error


def first_line(error: Exception) -> str:
    """Return the first line of an error."""
    return str(error).partition("\n")[0]
