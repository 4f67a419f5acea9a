"""Actions from the JSON files beside the videos of MineRL Navigate."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float32

__all__ = ["read_actions"]


def read_actions(path: str | Path, frames: int) -> dict[str, Float32[np.ndarray, "frames size"]]:
    """Read what was done at each frame of a video.

    The file is one JSON object. A list with an entry a frame, however deep in the object, is a
    series, and its name is the keys on the way joined by dots; series are sorted by name. An entry
    is a number, true or false, a list of numbers, or a word, which becomes 0 for "none" and 1
    otherwise.

    Args:
        path: the file.
        frames: how many entries a series has at most and must have at least less one: recordings
            leave out the action that would follow the last frame, which becomes 0.

    Returns:
        The series by name, float32 (frames, size), size 1 for single numbers.

    Raises:
        ValueError: the file is no such object, holds no series, or one of another length.
    """
    path = Path(path)
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(
            f"{path}: expected JSON, could not read it ({error}); download the file again"
        ) from error
    found = dict(_series(content, ""))
    if not found:
        raise ValueError(f"{path}: expected lists with an entry for each frame, found none")
    return {name: _array(found[name], name, path, frames) for name in sorted(found)}


def _series(value: Any, name: str) -> Iterator[tuple[str, list]]:
    """Yield every list in nested objects with its dotted name."""
    if isinstance(value, list):
        yield name, value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _series(inner, f"{name}.{key}" if name else key)


def _array(series: list, name: str, path: Path, frames: int) -> Float32[np.ndarray, "frames size"]:
    if not frames - 1 <= len(series) <= frames:
        raise ValueError(
            f"{path}: expected {frames} entries of {name}, one for each frame, got {len(series)}; "
            "the file belongs to another video"
        )
    numbers = [float(e not in ("none", "")) if isinstance(e, str) else e for e in series]
    try:
        array = np.asarray(numbers, np.float32).reshape(len(series), -1)
    except (ValueError, TypeError) as error:
        raise ValueError(
            f"{path}: expected a number, a word or a list of so many numbers for each frame, got "
            f"something else in {name}; download the file again"
        ) from error
    return np.pad(array, ((0, frames - len(series)), (0, 0)))
