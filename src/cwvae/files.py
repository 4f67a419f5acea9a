"""Files that are either whole or absent."""

import contextlib
import os
import uuid
from collections.abc import Iterator
from pathlib import Path

__all__ = ["replacing"]


@contextlib.contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """Give a temporary path beside `path`, which takes its place when the block ends well.

    Missing parent folders are made. If the block raises, the temporary file is removed and what
    was at `path` stays as it was: a reader never sees half a file.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    # A plain file beside the target: os.replace is atomic only within one file system, and files
    # of the tempfile module would be unreadable for others.
    # The name is random, since other threads, processes and hosts may write the same file.
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}.partial")
    try:
        yield temporary
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
