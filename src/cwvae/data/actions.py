"""What was done at each frame of a video: series of numbers in JSON files and NumPy archives."""

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float32

from cwvae.data.array_files import open_arrays, short_name
from cwvae.data.read_options import ReadOptions

__all__ = ["Actions", "archived_actions", "read_actions"]

Actions = dict[str, Float32[np.ndarray, "frames _"]]
"""Series by name, sorted by it, float32 (frames, size), size 1 for single numbers."""

_NAMES = 200  # characters of the names in an error
_NOTHING = ("", "none", "false", "False", "None")


def read_actions(path: str | Path, frames: int) -> Actions:
    """Read what was done at each frame of a video from a JSON file.

    The file is one JSON object. A list with an entry a frame, however deep in the object, is a
    series, and its name is the keys on the way joined by dots. An entry is a number, true or
    false, a list of so many of them for each frame, or a word: a number in quotes is that number,
    "none" and "false" are 0, any other word is 1.

    **Arguments:** `path`; `frames`, how many entries a series has at most and must have at least
    less one: recordings leave out the action that would follow the last frame, which becomes 0.

    Raises `ValueError` when the file is no such object, or holds no series, one of another length,
    or an entry that is none of these or not finite.
    """
    path = Path(path)
    try:
        found = list(_series(json.loads(path.read_text(encoding="utf-8")), ""))
    except (ValueError, RecursionError) as error:
        raise ValueError(
            f"{path}: expected JSON, could not read it ({error}); download the file again"
        ) from error
    names = [name for name, _ in found]
    if not names or len(set(names)) < len(names):
        raise ValueError(
            f"{path}: expected lists with an entry for each frame, each of another name, found "
            f"{', '.join(names)[:_NAMES] or 'none'}; download the file again"
        )
    return {name: _array(series, name, path, frames) for name, series in sorted(found)}


def archived_actions(path: Path, options: ReadOptions, leading: str = "t") -> Actions:
    """Read the arrays whose names begin with "action", as recorded episodes in npz or HDF5 have.

    Entries count as in `read_actions`; the axes of an entry are put one after the other. Returns
    nothing without such arrays.

    **Arguments:** `path`; `options`, with the limit of memory; `leading`, the axes before those of
    an entry: t frames, or nt or tn for several videos, which come one after the other.

    Raises `ValueError` for a damaged or too large file, and for entries that are not finite.
    """
    found = {}
    for stored in sorted(open_arrays(path), key=short_name):
        name = short_name(stored)
        # The groups of HDF5 that it is in stand before its own name.
        if name.rpartition("/")[2].startswith("action"):
            if len(stored.shape) < len(leading) or 0 in stored.shape:
                raise _no_action(path, name)
            values = stored.read(options)
            values = values.swapaxes(0, 1) if leading == "tn" else values
            frames = math.prod(values.shape[: len(leading)])
            rows = values.reshape(frames, -1).tolist()
            found[name] = _array(rows, name, path, frames)
    return found


def _series(value: Any, name: str) -> Iterator[tuple[str, list]]:
    """Yield every list in nested objects with its dotted name."""
    if isinstance(value, list):
        yield name, value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _series(inner, f"{name}.{key}" if name else key)


def _array(
    series: list, name: str, path: Path, frames: int
) -> Float32[np.ndarray, "{frames} size"]:
    if not frames - 1 <= len(series) <= frames:
        raise ValueError(
            f"{path}: expected {frames} entries of {name}, one for each frame, got {len(series)}; "
            "the file belongs to another video"
        )
    try:
        rows = [[_number(e) for e in (row if isinstance(row, list) else [row])] for row in series]
        array = np.array(rows, np.float32)
    except (ValueError, TypeError, OverflowError) as error:
        raise _no_action(path, name) from error
    if array.ndim != 2 or array.size == 0 or not np.isfinite(array).all():
        raise _no_action(path, name)
    return np.pad(array, ((0, frames - len(series)), (0, 0)))


def _number(entry: Any) -> float:
    """Return the number that an entry counts for; raise `TypeError` for neither number nor word."""
    if not isinstance(entry, str):
        return float(entry)
    try:
        return float(entry)
    except ValueError:
        return float(entry not in _NOTHING)


def _no_action(path: Path, name: str) -> ValueError:
    return ValueError(
        f"{path}: expected a finite number, a word or a list of so many for each frame, got "
        f"something else in {name}; download the file again"
    )
