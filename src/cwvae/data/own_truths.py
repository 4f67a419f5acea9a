"""Truths of a user's own about test clips, from an .npz file."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int, Shaped

from cwvae.analysis.truths import Truth
from cwvae.data.archives import open_archive, read_archive
from cwvae.data.truth_files import numbered_classes

__all__ = ["Wanted", "own_truths"]


class Wanted(NamedTuple):
    """Which truths are looked up.

    - `clips`: how many test clips are looked at, the first ones;
    - `total`: how many there are;
    - `length`: frames of a clip;
    - `frames`: those to look up, counted from 0.
    """

    clips: int
    total: int
    length: int
    frames: Sequence[int]


def own_truths(path: Path, wanted: Wanted) -> tuple[Truth, ...]:
    """Read truths from an .npz file, an array each.

    Integers and booleans are classes, (clips,) or (clips, frames). Floats are values: (clips,) one
    number, (clips, n) a vector, (clips, frames, n) a vector at each frame. Clips are the test clips
    in their order, those looked at or all; frames are at least those of a clip, and more are those
    of the forecast after it.

    Raises `FileNotFoundError` without a file, and `ValueError` for one that is no .npz or damaged,
    without arrays, or with an array of another type (Python objects too), of other axes, about
    other counts of clips or too few frames, with numbers that are not finite, one class, or a class
    that a single clip has.
    """
    if not {stored.name for stored in open_archive(path)} - {""}:
        raise ValueError(
            f"{path}: expected an .npz file with an array for each truth, got none with a name; "
            "write it with numpy.savez(path, name=array)"
        )
    arrays = read_archive(path)
    return tuple(_own(f"{path}, {name}", name, array, wanted) for name, array in arrays.items())


def _own(where: str, name: str, array: Shaped[np.ndarray, "..."], wanted: Wanted) -> Truth:
    """Return the truth in an array."""
    kind = array.dtype.kind
    if kind not in "biuf":
        raise ValueError(
            f"{where}: expected integers (classes) or floats (values), got {array.dtype}; number "
            "the classes"
        )
    most = 3 if kind == "f" else 2
    _check_axes(where, array, wanted, most)
    entries, frames = array[: wanted.clips], None
    if array.ndim == most:
        frames = tuple(frame for frame in wanted.frames if frame < array.shape[1])
    values = _values(where, entries) if kind == "f" else _classes(where, entries)
    return Truth(
        name,
        "values" if kind == "f" else "classes",
        "",
        values if frames is None else values[:, frames],
        frames,
    )


def _check_axes(where: str, array: Shaped[np.ndarray, "..."], wanted: Wanted, most: int) -> None:
    """Raise `ValueError` for other axes, other counts of clips, or too few frames."""
    form = "(clips[, n]) or (clips, frames, n)" if most == 3 else "(clips[, frames])"
    if not 1 <= array.ndim <= most or (array.ndim > 1 and 0 in array.shape):
        raise ValueError(f"{where}: expected the axes {form}, got {array.shape}; see --help")
    if len(array) not in (wanted.clips, wanted.total):
        counts = " or ".join(f"{n:,}" for n in sorted({wanted.clips, wanted.total}))
        raise ValueError(
            f"{where}: expected an entry for each of the {counts} test clips, got {len(array):,}; "
            "give them in the order of the clips"
        )
    if array.ndim == most and array.shape[1] < wanted.length:
        raise ValueError(
            f"{where}: expected at least {wanted.length} frames, those of a clip, got "
            f"{array.shape[1]}; the axes are {form}"
        )
    if most == 3 and array.ndim == 2 and array.shape[1] >= wanted.length:
        raise ValueError(
            f"{where}: expected a vector a clip, got {array.shape[1]} numbers, where a clip has "
            f"{wanted.length} frames; give one number a frame as (clips, frames, 1), or a vector in "
            "parts"
        )


def _values(
    where: str, entries: Shaped[np.ndarray, "clips ..."]
) -> Float[np.ndarray, "clips ... 1 n"]:
    """Return vectors, each of one thing."""
    if not np.isfinite(entries).all():
        raise ValueError(f"{where}: expected finite numbers, got NaN or infinity; leave it out")
    vectors = entries if entries.ndim > 1 else entries[:, np.newaxis]
    return np.expand_dims(vectors.astype(float), -2)


def _classes(where: str, entries: Shaped[np.ndarray, "clips ..."]) -> Int[np.ndarray, "clips ..."]:
    """Return classes from 0; raise `ValueError` for one that a single clip has."""
    try:
        classes = numbered_classes(entries, len(entries))
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from error
    rows = classes.reshape(len(classes), -1)
    members = [int((rows == number).any(1).sum()) for number in range(classes.max() + 1)]
    fewest = int(np.argmin(members))
    if members[fewest] < 2:
        alone = entries[classes == fewest].flat[0]
        raise ValueError(
            f"{where}: expected at least two clips of each class, got one of class {alone}; take "
            "more clips (--num-examples), or put it with another class"
        )
    return classes
