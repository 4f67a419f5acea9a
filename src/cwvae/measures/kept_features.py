"""Features of what needs no model, the truth above all, kept from one evaluation to the next."""

import hashlib
from pathlib import Path

import numpy as np

from cwvae.evaluation.kept_arrays import keep, kept, kept_path

__all__ = ["KeptFeatures", "place_of"]

# Counted up when the features that a video gives would change.
_VERSION = 1


def place_of(*what: object) -> Path | None:
    """Return the file for features of some videos, named by all that they depend on.

    None for an account without a home.
    """
    digest = hashlib.sha256(repr((_VERSION, *what)).encode()).hexdigest()
    return kept_path("features", digest[:32])


class KeptFeatures:
    """Features by row and video, read from a file where it is there, and saved to it.

    **Arguments:** `path`, a .npz file, None for none, with an array (videos, samples, windows,
    feature) for each row; nothing is known from one that is missing or damaged.
    """

    def __init__(self, path: Path | None):
        """Read what is there."""
        self.path = path
        self._read = kept(path)
        self._added: list[dict[str, np.ndarray]] = []

    def of(self, number: int) -> dict[str, np.ndarray]:
        """Return what is kept of a video, by row; nothing of one that is new."""
        return {row: of[number] for row, of in self._read.items() if number < len(of)}

    def add(self, number: int, rows: dict[str, np.ndarray]) -> None:
        """Take the features of a video; videos come in their order, and known ones are passed."""
        if rows and number == self._known + len(self._added):
            self._added.append(rows)

    def save(self) -> None:
        """Write what was added behind what was there, if it can be written."""
        if not self._added:
            return
        added = {row: np.stack([rows[row] for rows in self._added]) for row in self._added[0]}
        whole = {
            row: np.concatenate([self._read[row], new]) if self._read else new
            for row, new in added.items()
        }
        keep(self.path, whole)

    @property
    def _known(self) -> int:
        """How many videos were read."""
        return min(map(len, self._read.values()), default=0)
