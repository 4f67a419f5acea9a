"""Whose code a run keeps: what this user's own trainings wrote is known by a keyed record.

A run folder may come from anybody, and owning its files means nothing: who unpacks an archive owns
them. So beside `model.py` lies its HMAC under a key that only this user's account has, outside of
all run folders. It covers the source and the name of the function, and holds wherever the folder is
moved or copied to, as long as neither changes.
"""

import contextlib
import dataclasses
import hashlib
import hmac
import os
import secrets
from pathlib import Path

from cwvae.files import replacing
from cwvae.home import state_home
from cwvae.training.custom import Custom, read_custom

__all__ = ["CUSTOM", "RECORD", "kept_custom", "write_record"]

# The file of a run that holds its own copy of the source of a custom model.
CUSTOM = "model.py"
# The file of a run that holds the record of who made the copy.
RECORD = "model.hmac"

_KEY = "key"
_SIZE = 32  # bytes of the key
_LONGEST = 100  # bytes of a record, which are 64 and the end of the line


def kept_custom(folder: Path, function: str, *, trust: bool = False) -> Custom:
    """Return the model of the copy that a run keeps, without executing it.

    It is trusted when this user made the run, or with `trust`. Raises as `read_custom` does.
    """
    custom = read_custom(f"{folder / CUSTOM}:{function}")
    return dataclasses.replace(custom, trusted=trust or _is_recorded(folder, custom))


def write_record(folder: Path, custom: Custom) -> None:
    """Record beside a run's copy of a model that this user made it.

    An account without a place for its key has no record, and needs `trust` to use the run again.
    """
    with contextlib.suppress(OSError, ValueError):
        record = _record(_made_key(_place()), custom)
        with replacing(folder / RECORD) as temporary:
            temporary.write_text(f"{record}\n")


def _is_recorded(folder: Path, custom: Custom) -> bool:
    """Return whether the record of a run's copy is there and is right."""
    try:
        found = _begin(folder / RECORD).strip()
        key = _place().read_bytes()
    except (OSError, ValueError):
        return False
    return len(key) == _SIZE and hmac.compare_digest(found, _record(key, custom).encode())


def _begin(path: Path) -> bytes:
    """Return the first bytes of a file, b"" for what is none: pipes and devices may have no end."""
    if not path.is_file():
        return b""
    with path.open("rb") as file:
        return file.read(_LONGEST)


def _record(key: bytes, custom: Custom) -> str:
    """Return the record of a function and its source."""
    content = b"cwvae model\0" + custom.function.encode() + b"\0" + custom.source
    return hmac.new(key, content, hashlib.sha256).hexdigest()


def _place() -> Path:
    """Return the file of the user's key; raise `ValueError` without a home folder."""
    return state_home() / _KEY


def _made_key(path: Path) -> bytes:
    """Return the user's key, made when there is none that is whole; nobody else can read it."""
    if path.is_file() and path.stat().st_size == _SIZE:
        return path.read_bytes()
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with replacing(path) as temporary:
        place = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(place, "wb") as file:
            file.write(secrets.token_bytes(_SIZE))
    # Of two processes that make one at a time the last one's stays.
    return path.read_bytes()
