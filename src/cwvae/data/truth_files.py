"""What is true of clips of made data sets, from the truth files beside the videos."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Int, Shaped

from cwvae.analysis.truths import Truth
from cwvae.data.archives import read_archive
from cwvae.data.clips import Origin
from cwvae.files import read_json

__all__ = ["numbered_classes", "truths_beside"]

_VIDEO = "video"  # the array with the names of the files
_FILES = ("test_truth.npz", "train_truth.npz")
_ACTIONS = "action_"  # what was done is an input, not a truth about what is seen
_RADIANS, _PLACES = "heading", "position"
_MADE = "made.json"
_LENGTHS = {"rooms": "m", "humans": "m", "blocks": "blocks", "crafter": "cells"}


class _TruthFile(NamedTuple):
    """The arrays of a truth file, and the unit of places, "" for an unknown one."""

    arrays: dict[str, np.ndarray]
    unit: str


def truths_beside(
    origins: Sequence[Origin], frames: Sequence[int], *, resampled: bool = False
) -> tuple[tuple[Truth, ...], dict[str, str]]:
    """Return what the truth files of a made data set have about clips, and what is left out, why.

    A truth file, `test_truth.npz` or `train_truth.npz`, lies in the folder of a video or in one of
    the two around it, and holds what `cwvae.data.simulators.collect` writes: arrays with a leading
    axis of files, whose names, as seen from there, are its `video`. Words, whole numbers and
    booleans are classes, floats and vectors values; an axis of as many frames as files have is one
    of frames; a heading, in radians, becomes its cosine and sine.

    **Arguments:** `origins`, one a clip; `frames` of a clip to look up, counted from 0, those
    beyond its end left out; `resampled`, whether videos are read at another frame rate than they
    have, so that what is true of a frame is not known.
    """
    try:
        rows = _Rows(origins)
    except ValueError as error:
        return (), {"truth": str(error)}
    found, left_out = [], {}
    files = len({origin.path for origin in origins})
    for name in rows.names:
        try:
            entries, chosen = _looked_up(rows.of(name), origins, frames, resampled)
            unit = rows.unit if name == _PLACES else ""
            found.append(_truth(name, unit, entries, chosen, files))
        except ValueError as error:
            left_out[name] = str(error)
    return tuple(found), left_out


class _Rows:
    """The row of each clip's file in the truth file that has it."""

    def __init__(self, origins: Sequence[Origin]):
        """Find them; none where no file has a truth.

        Raises `ValueError` for a damaged truth file, or one without the rows of some files.
        """
        files: dict[Path, _TruthFile | None] = {}
        known: dict[Path | None, tuple[_TruthFile, int] | None] = {}
        for path in {origin.path for origin in origins}:
            known[path] = None if path is None else _row(path, files)
        rows = [known[origin.path] for origin in origins]
        self.rows = [row for row in rows if row is not None]
        if self.rows and len(self.rows) < len(rows):
            missing = len(rows) - len(self.rows)
            raise ValueError(f"the truth files have no row for the files of {missing} clips")
        several = [set(file.arrays) for file, _ in self.rows]
        shared = set.intersection(*several) if several else set()
        self.unit = self.rows[0][0].unit if self.rows else ""
        self.names = [name for name in sorted(shared - {_VIDEO}) if not name.startswith(_ACTIONS)]

    def of(self, name: str) -> Shaped[np.ndarray, "clips ..."]:
        """Return the entries of an array, one a clip."""
        return np.stack([file.arrays[name][row] for file, row in self.rows])


def _row(path: Path, known: dict[Path, _TruthFile | None]) -> tuple[_TruthFile, int] | None:
    """Return the truth file that has a video, and the number of its row there."""
    whole = path.absolute()
    for folder in whole.parents[:3]:
        name = whole.relative_to(folder).as_posix()
        for place in (folder / file for file in _FILES):
            if place not in known:
                known[place] = _read(place) if place.is_file() else None
            found = known[place]
            if found and name in (names := found.arrays[_VIDEO].tolist()):
                return found, names.index(name)
    return None


def _read(path: Path) -> _TruthFile:
    """Read a truth file; raise `ValueError` for one that is none."""
    arrays = read_archive(path)
    if _VIDEO not in arrays or arrays[_VIDEO].ndim != 1 or arrays[_VIDEO].dtype.kind != "U":
        raise ValueError(f"{path}: expected an array {_VIDEO} of the names of files, found none")
    files = len(arrays[_VIDEO])
    rows = {name: array for name, array in arrays.items() if array.shape[:1] == (files,)}
    return _TruthFile(rows, _unit(path.with_name(_MADE)))


def _unit(made: Path) -> str:
    """Return the unit of places in a data set, from how it was made."""
    try:
        return _LENGTHS[read_json(made)["simulator"]] if made.is_file() else ""
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def _looked_up(
    entries: Shaped[np.ndarray, "clips ..."],
    origins: Sequence[Origin],
    frames: Sequence[int],
    resampled: bool,
) -> tuple[Shaped[np.ndarray, "clips ..."], tuple[int, ...] | None]:
    """Return what is known of each clip, and of which of its frames."""
    recorded = np.stack([origin.frames for origin in origins])
    if entries.ndim > 1 and resampled:
        raise ValueError("frames are resampled, so that what is true of each is not known")
    if entries.ndim < 2 or entries.shape[1] <= recorded.max():
        return entries, None
    chosen = tuple(frame for frame in frames if frame < recorded.shape[1])
    return entries[np.arange(len(entries))[:, None], recorded[:, chosen]], chosen


def _truth(
    name: str,
    unit: str,
    entries: Shaped[np.ndarray, "clips ..."],
    frames: tuple[int, ...] | None,
    files: int,
) -> Truth:
    """Return the truth in entries of whatever type; raise `ValueError`, why there is none."""
    inner = entries.shape[1 + (frames is not None) :]
    if len(inner) > 1:
        raise ValueError(f"an entry has the shape {inner}, more than a vector")
    if not inner and entries.dtype.kind in "USbiu":
        return Truth(name, "classes", "", numbered_classes(entries, files), frames)
    if entries.dtype.kind not in "biuf":
        raise ValueError(f"entries of type {entries.dtype} are neither classes nor values")
    values = entries.astype(float)
    if name == _RADIANS and not inner:
        values = np.stack([np.cos(values), np.sin(values)], -1)
    elif not inner:
        values = values[..., None]
    return Truth(name, "values", unit, np.expand_dims(values, -2), frames)


def numbered_classes(
    entries: Shaped[np.ndarray, "clips ..."], videos: int
) -> Int[np.ndarray, "clips ..."]:
    """Return the numbers of classes, from 0, in their order.

    Raises `ValueError` where there is only one, or more than half as many as there are `videos`,
    clips or files of clips: a class that is in one file cannot be read from the others.
    """
    names, found = np.unique(entries, return_inverse=True)
    if len(names) < 2:
        raise ValueError(f"expected at least two classes, got {names.tolist()[0]!r} for all clips")
    if len(names) > videos // 2:
        raise ValueError(
            f"expected at most {videos // 2} classes of {videos} videos, got {len(names)}; take "
            "more videos"
        )
    return found.reshape(entries.shape)
