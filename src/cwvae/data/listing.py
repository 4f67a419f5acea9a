"""Which files make a split of a data set, in an order that is the same on every machine."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, NamedTuple

from cwvae.data.videos import Fit

__all__ = ["Split", "VideoFile", "check_split", "in_order", "split_folder", "videos_in"]

Split = Literal["train", "test"]
"""The two parts of a data set."""


class VideoFile(NamedTuple):
    """A file with one or several videos in it.

    - `path`: where it lies;
    - `parts`: the videos in it, each from its first frame to before its last, counted from 0; none
      means that all of the file is one video. A part shorter than a clip is passed over;
    - `fit`: how its frames are resized (see `cwvae.data.resize`); None says that they must have
      the size of the model's already;
    - `actions`: the JSON file with its actions, if it has one.
    """

    path: Path
    parts: tuple[tuple[int, int], ...] = ()
    fit: Fit | None = None
    actions: Path | None = None


def check_split(split: str, known: Sequence[str] = ("train", "test")) -> None:
    """Raise `ValueError` for a split that a data set does not have."""
    if split not in known:
        raise ValueError(f"expected split to be one of {', '.join(known)}, got {split!r}")


def in_order(paths: Sequence[Path]) -> list[Path]:
    """Sort paths by their names, numbers in them by value: 2.mp4 comes before 10.mp4."""

    def parts(path: Path) -> list[tuple[int, str]]:
        # Digits compare as numbers and before letters; the text itself settles 01 against 1.
        pieces = re.split(r"(\d+)", path.name)
        return [(int(p) if p.isdecimal() else -1, p) for p in pieces]

    return sorted(paths, key=lambda path: (str(path.parent), parts(path)))


def split_folder(root: Path, names: Sequence[str], folder: str) -> Path:
    """Find the folder of a split: `root`/`folder`, or one below a folder that an archive made.

    **Arguments:** `root`, what the user gave; `names`, folders that unpacking may have put
    between; `folder`, that of the split.

    Raises `FileNotFoundError` when there is none.
    """
    if not root.is_dir():
        raise FileNotFoundError(f"{root}: no such folder; check the path to the data set")
    for between in ("", *names):
        if (root / between / folder).is_dir():
            return root / between / folder
    found = sorted(path.name for path in root.iterdir())[:5]
    raise FileNotFoundError(
        f"{root}: expected a folder {folder} in it, got {', '.join(found) or 'nothing'}; give the "
        "folder that holds the splits"
    )


def videos_in(folder: Path, suffixes: Sequence[str]) -> list[Path]:
    """Return the files in a folder that end so, in order; hidden ones are left out.

    Raises `FileNotFoundError` when there is none.
    """
    found = [
        path
        for path in folder.iterdir()
        if path.suffix.lower() in suffixes and not path.name.startswith(".") and path.is_file()
    ]
    if not found:
        raise FileNotFoundError(
            f"{folder}: expected videos ending in {', '.join(suffixes)}, found none; give the "
            "folder that holds the data set, or download it again"
        )
    return in_order(found)
