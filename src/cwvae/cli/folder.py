"""Folders that commands write into: whether they can, who else does, and what was started there."""

import contextlib
import errno
import fcntl
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cwvae.files import read_json, write_json
from cwvae.provenance import environment
from cwvae.training.settings import SETTINGS

__all__ = ["ENVIRONMENT", "add_start", "check_there", "check_writable", "locked", "read_starts"]

# The file of a run that holds where and when it was started, each time.
ENVIRONMENT = "environment.json"


def check_writable(folder: Path) -> None:
    """Raise `ValueError` for a folder in which results cannot be written, before the work."""
    existing = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    if not existing.is_dir():
        raise ValueError(f"--out {folder}: {existing} is a file; give another folder")
    try:
        # What a user may do is known for sure only by doing it.
        with tempfile.TemporaryFile(dir=existing):
            pass
    except OSError as error:
        raise ValueError(
            f"--out {folder}: cannot write in {existing} ({error.strerror}); give another folder"
        ) from error


def check_there(folder: Path) -> None:
    """Raise `OSError` for the folder of a run that was taken away while it is trained.

    What writes into it would make it anew, without what had been in it.
    """
    if not (folder / SETTINGS).is_file():
        raise OSError(f"{folder} was removed or moved while it was trained")


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold a run's folder, which must exist, so that no second process trains in it.

    The system lets go of it when the process ends, however it ends. Raises `ValueError` when
    another holds it. Where a file system has no locks, nothing is held.
    """
    place = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(place, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ValueError(
                f"{folder} is being trained by another process; wait for its end, stop it, or give "
                "another --out"
            ) from error
        except OSError as error:
            if error.errno not in (errno.ENOLCK, errno.ENOTSUP, errno.EINVAL, errno.EBADF):
                raise
        yield
    finally:
        os.close(place)


def read_starts(folder: Path) -> list[dict[str, Any]]:
    """Return where and when a run was started, each time; none for a run without the file.

    Raises `ValueError` that names the file when it is damaged.
    """
    path = folder / ENVIRONMENT
    starts = read_json(path) if path.is_file() else []
    if not (isinstance(starts, list) and all(isinstance(start, dict) for start in starts)):
        raise ValueError(f"{path}: expected a list of starts, got something else; delete it")
    return starts


def add_start(folder: Path) -> None:
    """Add this start of a run to the list of its starts."""
    write_json(folder / ENVIRONMENT, [*read_starts(folder), environment()])
