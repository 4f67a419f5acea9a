"""What is true of the test videos of a run, as far as their source knows it."""

import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Int

from cwvae.analysis.probes import enough
from cwvae.analysis.truths import Truth
from cwvae.data.array_files import has_arrays
from cwvae.data.clips import Clips, Origin
from cwvae.data.moving_mnist import MovingMNIST
from cwvae.data.sources import Source
from cwvae.data.truth_files import numbered_classes, truths_beside

__all__ = ["Known", "known_truths"]

_PERSON = re.compile(r"person(\d\d)_([a-z]+)_d\d", re.I)
_MOST_DIGITS = 2


class Known(NamedTuple):
    """What is known of test videos.

    - `truths`, and what is `left_out`, with the reason;
    - `groups`: the number of the file of each video.
    """

    truths: tuple[Truth, ...]
    left_out: dict[str, str]
    groups: Int[np.ndarray, " videos"]


def known_truths(
    source: Source, videos: int, frames: Sequence[int], *, resampled: bool = False
) -> Known:
    """Return what is true of the first videos of a source.

    Of digits drawn on the fly: digits, position and velocity, at all frames. Of files: what the
    truth file beside them has (see `truths_beside`), the action and person in the names of KTH, or
    else the folder, where there are several. Nothing, with the reason, of too few videos or files.

    **Arguments:** `source`; `videos`, how many; `frames` to look up, counted from 0; `resampled`,
    whether files are read at another frame rate than they have.
    """
    if isinstance(source, MovingMNIST):
        known = _digits(source, videos, frames)
    elif isinstance(source, Clips):
        known = _of_files([source.origin(n) for n in range(videos)], frames, resampled)
    else:
        known = Known((), {}, np.arange(videos))
    if known.truths and (why := enough(known.groups)):
        return Known((), known.left_out | {truth.name: why for truth in known.truths}, known.groups)
    return known


def _digits(source: MovingMNIST, videos: int, frames: Sequence[int]) -> Known:
    """Return which digits there are, each pair a class, where they are and how they move.

    Two digits are ordered by their classes. The velocity is the way from the frame before, at the
    first frame to the next.
    """
    if source.num_digits > _MOST_DIGITS:
        why = f"read are one or two digits, here are {source.num_digits}"
        return Known((), {"digits": why}, np.arange(videos))
    cuts = [
        [source.cut(n, max(frame - 1, 0), max(frame - 1, 0) + 2) for frame in frames]
        for n in range(videos)
    ]
    labels = np.stack([source.cut(n, 0, 1)["labels"] for n in range(videos)])
    order = np.argsort(labels, axis=1, kind="stable")[:, np.newaxis, np.newaxis, :, np.newaxis]
    # (videos, frames, the frame before and itself, digits, 2)
    pairs = np.stack([[cut["positions"] for cut in of_video] for of_video in cuts]).astype(float)
    pairs = np.take_along_axis(pairs, order, 3)
    places = np.stack([pairs[:, k, min(frame, 1)] for k, frame in enumerate(frames)], 1)
    classes = np.unique(np.sort(labels, 1), axis=0, return_inverse=True)[1].ravel()
    known = tuple(frames)
    truths = (
        Truth("digits", "classes", "", classes),
        Truth("position", "values", "px", places, known),
        Truth("velocity", "values", "px/frame", pairs[:, :, 1] - pairs[:, :, 0], known),
    )
    return Known(truths, {}, np.arange(videos))


def _of_files(origins: Sequence[Origin], frames: Sequence[int], resampled: bool) -> Known:
    """Return what truth files, and the names of the videos, have."""
    beside, left_out = truths_beside(origins, frames, resampled=resampled)
    names = {truth.name for truth in beside}
    named = tuple(truth for truth in _named(origins) if truth.name not in names)
    # Each video of an array is one of its own, clips and parts of other files belong together.
    files = [str(o.recording if o.path is None or has_arrays(o.path) else o.path) for o in origins]
    groups = np.unique(files, return_inverse=True)[1]
    return Known(beside + named, left_out, groups)


def _named(origins: Sequence[Origin]) -> list[Truth]:
    """Return the classes that the names of files and folders have."""
    paths = [origin.path for origin in origins if origin.path is not None]
    if len(paths) < len(origins):
        return []
    matches = [_PERSON.match(path.name) for path in paths]
    people = [match for match in matches if match]
    if len(people) == len(paths):
        columns = {
            "action": [match[2].casefold() for match in people],
            "person": [match[1] for match in people],
        }
    else:
        columns = {"folder": [str(path.parent) for path in paths]}
    found = []
    for name, entries in columns.items():
        try:
            found.append(
                Truth(name, "classes", "", numbered_classes(np.array(entries), len(set(paths))))
            )
        except ValueError:
            continue  # all in one folder, or each video in its own
    return found
