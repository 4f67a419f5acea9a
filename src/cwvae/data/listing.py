"""Which files make a split of a data set, in an order that is the same on every machine."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, NamedTuple

from cwvae.data.pixels import Fit
from cwvae.home import expanded

__all__ = [
    "Split",
    "VideoFile",
    "check_split",
    "fingerprint",
    "in_order",
    "is_video",
    "named",
    "no_videos",
    "root_folder",
    "split_folder",
    "videos_in",
]

Split = Literal["train", "test"]
"""The two parts of a data set."""


class VideoFile(NamedTuple):
    """A file, or a folder of pictures, with one or several videos in it.

    - `path`: where it lies;
    - `parts`: the videos in it, each from its first frame to before its last, counted from 0; none
      means that all of the file is one video. A part shorter than a clip is passed over;
    - `fit`: how its frames are resized (see `cwvae.data.resize`); None for frames that must have
      the model's size already;
    - `actions`: the file with its actions, JSON or npz, if it has one beside it.
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


def root_folder(root: str | Path) -> Path:
    """Return the folder of a data set, ~ expanded; raise `FileNotFoundError` without one."""
    path = expanded(root)
    if not path.is_dir():
        raise FileNotFoundError(f"{path}: no such folder; check the path to the data set")
    return path


def split_folder(root: str | Path, names: Sequence[str], folder: str) -> Path:
    """Find the folder of a split: `root`/`folder`, or one below a folder that an archive made.

    **Arguments:** `root`, as the user gave it; `names`, folders that unpacking may have put
    between; `folder`, that of the split, in capitals or not.

    Raises `FileNotFoundError` when there is none.
    """
    root = root_folder(root)
    for between in ("", *names):
        if (root / between).is_dir() and (found := named(root / between, folder)):
            return found
    children = sorted(path.name for path in root.iterdir())[:5]
    raise FileNotFoundError(
        f"{root}: expected a folder {folder} in it, got {', '.join(children) or 'nothing'}; give "
        "the folder that holds the splits"
    )


def named(folder: Path, name: str) -> Path | None:
    """Return what has a name in a folder, in capitals or not; None without it."""
    exact = folder / name
    if exact.exists():
        return exact
    found = (path for path in folder.iterdir() if path.name.casefold() == name.casefold())
    return min(found, default=None)


def is_video(path: Path, suffixes: Sequence[str]) -> bool:
    """Return whether a path is listed: no hidden file, but a link that leads nowhere is.

    Such a link is an error, or counted as a bad file, when it comes to reading.
    """
    named_so = path.suffix.lower() in suffixes and not path.name.startswith(".")
    return named_so and (path.is_file() or (path.is_symlink() and not path.exists()))


def videos_in(folder: Path, suffixes: Sequence[str]) -> list[Path]:
    """Return the files in a folder that end so, in order; hidden ones are left out.

    Raises `FileNotFoundError` when there is none.
    """
    found = [path for path in folder.iterdir() if is_video(path, suffixes)]
    if not found:
        raise no_videos(folder, suffixes)
    return in_order(found)


def no_videos(folder: Path, suffixes: Sequence[str]) -> FileNotFoundError:
    """Return the error for a folder without videos."""
    return FileNotFoundError(
        f"{folder}: expected videos ending in {', '.join(suffixes)}, found none; give the folder "
        "that holds the data set, or download it again"
    )


def fingerprint(path: Path) -> tuple[int, int]:
    """Return the bytes of a file, or of all files in a folder, and the time of the last change."""
    files = [path, *path.iterdir()] if path.is_dir() else [path]
    stats = [file.stat() for file in files]
    return sum(s.st_size for s in stats), max(s.st_mtime_ns for s in stats)
