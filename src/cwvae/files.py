"""Files that are either whole or absent, and JSON that is read strictly."""

import contextlib
import json
import os
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

__all__ = ["parse_json", "read_json", "replacing", "write_json"]

_MEND = "mend the file, or restore it from a copy"


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


def write_json(path: Path, value: Any) -> None:
    """Write JSON that appears only when it is complete."""
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(value, indent=2, allow_nan=False, default=str) + "\n")


def read_json(path: Path) -> Any:
    """Read a file of JSON.

    Raises `ValueError` that names the file when it is no JSON, holds a key twice or a number that
    is not finite, or is nested too deep to be read; `OSError` when it cannot be opened.
    """
    try:
        return parse_json(path.read_bytes())
    except ValueError as error:
        raise ValueError(f"{path}: {error}; {_MEND}") from error


def parse_json(text: str | bytes) -> Any:
    """Read JSON; raise `ValueError` as `read_json` does, without the name of a file."""
    try:
        text = text.decode() if isinstance(text, bytes) else text
        return json.loads(text, object_pairs_hook=_once, parse_constant=_no_constant)
    except RecursionError:
        raise ValueError("expected plain JSON, got one nested too deep") from None
    except ValueError as error:
        raise ValueError(f"expected JSON, got something else ({error})") from error


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object, or raise `ValueError` for a key that stands in it twice."""
    fields: dict[str, Any] = {}
    for name, value in pairs:
        if name in fields:
            raise ValueError(f"the key {name!r} stands there twice")
        fields[name] = value
    return fields


def _no_constant(name: str) -> NoReturn:
    """Raise `ValueError` for NaN and infinities, which are no JSON."""
    raise ValueError(f"{name} is no finite number")
