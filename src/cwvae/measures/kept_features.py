"""Features of what needs no model, the truth above all, kept from one evaluation to the next."""

import hashlib
from pathlib import Path

import numpy as np

from cwvae.data.archives import read_archive
from cwvae.files import replacing
from cwvae.home import cache_home

__all__ = ["KeptFeatures", "kept_path"]

# Counted up when the features that a video gives would change.
_VERSION = 1
_REMEDY = "set XDG_CACHE_HOME"


def kept_path(*what: object) -> Path:
    """Return the file for features of some videos, named by all that they depend on.

    Raises `ValueError` when there is no home folder.
    """
    digest = hashlib.sha256(repr((_VERSION, *what)).encode()).hexdigest()[:32]
    return cache_home(_REMEDY) / "features" / f"{digest}.npz"


class KeptFeatures:
    """Features by row and video, read from a file where it is there, and saved to it.

    **Arguments:** `path`, a .npz file; an array (videos, samples, windows, feature) for each row.

    Raises `ValueError` for a damaged file.
    """

    def __init__(self, path: Path):
        """Read what is there."""
        self.path = path
        self._read = read_archive(path) if path.is_file() else {}
        self._added: list[dict[str, np.ndarray]] = []

    def of(self, number: int) -> dict[str, np.ndarray]:
        """Return what is kept of a video, by row; nothing of one that is new."""
        return {row: of[number] for row, of in self._read.items() if number < len(of)}

    def add(self, number: int, rows: dict[str, np.ndarray]) -> None:
        """Take the features of a video; videos come in their order, and known ones are passed."""
        if rows and number == self._known + len(self._added):
            self._added.append(rows)

    def save(self) -> None:
        """Write what was added behind what was there."""
        if not self._added:
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        whole = {
            row: np.concatenate([*([self._read[row]] if self._read else []), new])
            for row in self._added[0]
            for new in [np.stack([rows[row] for rows in self._added])]
        }
        with replacing(self.path) as temporary, temporary.open("wb") as file:
            np.savez(file, **whole)  # pyright: ignore[reportArgumentType]

    @property
    def _known(self) -> int:
        """How many videos were read."""
        return min(map(len, self._read.values()), default=0)
