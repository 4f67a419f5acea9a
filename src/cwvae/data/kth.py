"""KTH Action: <action>/personNN_<action>_dM_uncomp.avi, cut as 00sequences.txt lists.

Copies with all files in one folder, or with other capitals, are read too. Gray videos of 160 x 120
at 25 frames per second (Schuldt, Laptev and Caputo, 2004), squashed to a square. Two splits by
person are in use, and numbers of one cannot be compared with the other's.
"""

import codecs
import re
from pathlib import Path
from typing import Literal

from cwvae.data.listing import Split, VideoFile, check_split, in_order, is_video, named
from cwvae.home import expanded

__all__ = ["Division", "files"]

_SEQUENCES = "00sequences.txt"

Division = Literal["first_20", "schuldt"]
"""Who is in which split: persons 1-20 train and 21-25 test, or as in the data set's own paper."""

_PERSONS: dict[str, dict[str, tuple[int, ...]]] = {
    "first_20": {"train": tuple(range(1, 21)), "test": tuple(range(21, 26))},
    "schuldt": {
        "train": tuple(range(11, 19)),
        "validation": (1, 4, 19, 20, 21, 23, 24, 25),
        "test": (2, 3, 5, 6, 7, 8, 9, 10, 22),
    },
}
_LINE = re.compile(r"(person(\d\d)_(\w+)_d\d)\s+frames\s+([\d\s,-]+?)\s*", re.I)
_RANGE = re.compile(r"\s*(\d+)\s*-\s*(\d+)\s*")


def files(
    root: str | Path, split: Split | Literal["validation"], *, division: Division = "first_20"
) -> tuple[VideoFile, ...]:
    """List the videos of a split.

    **Arguments:** `root`, the folder with 00sequences.txt and a folder for each action, or all
    videos; `split`, "train" or "test" ("validation" too for "schuldt"); `division`, who is in
    which.

    A range that goes past the end of its file ends there. Raises `FileNotFoundError` when
    00sequences.txt is missing or lists no video of the split, `ValueError` for a line in it that
    cannot be read, and for another split or division.
    """
    root = expanded(root)
    listing = named(root, _SEQUENCES) if root.is_dir() else None
    if listing is None:
        raise FileNotFoundError(
            f"{root / _SEQUENCES}: no such file; give the folder that holds it and a folder for "
            "each action"
        )
    if division not in _PERSONS:
        raise ValueError(f"expected division to be one of {', '.join(_PERSONS)}, got {division!r}")
    check_split(split, tuple(_PERSONS[division]))
    persons = _PERSONS[division][split]
    found = _listed(root, listing, persons)
    if not found:
        raise FileNotFoundError(
            f"{listing}: expected videos of the persons {', '.join(map(str, persons))} of the "
            f"{split} split, found none; download the data set again"
        )
    return tuple(found[path] for path in in_order(list(found)))


def _listed(root: Path, listing: Path, persons: tuple[int, ...]) -> dict[Path, VideoFile]:
    """Return the videos of some persons that a listing has, by where they lie."""
    present = _present(root)
    found: dict[Path, VideoFile] = {}
    for number, line in enumerate(_lines(listing), start=1):
        match = _sequences(line.strip(), f"{listing}, line {number}")
        if match and match[1] in persons:
            official = root / match[0]
            found_at = present.get(official.name.casefold(), official)
            path = official if official.exists() else found_at
            if path in found:
                raise ValueError(
                    f"{listing}, line {number}: expected a line for each video, got a second one "
                    f"for {path.name}; download the file again"
                )
            found[path] = VideoFile(path, parts=match[2], fit="squash")
    return found


def _lines(listing: Path) -> list[str]:
    """Return the lines of a text that an editor may have begun with a byte-order mark."""
    content = listing.read_bytes()
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return content.decode("utf-16", errors="replace").splitlines()
    return content.removeprefix(codecs.BOM_UTF8).decode("latin-1").splitlines()


def _present(root: Path) -> dict[str, Path]:
    """Return the videos in a folder and in the folders in it, by their names in small letters."""
    inner = [path for path in root.iterdir() if path.is_dir() and not path.name.startswith(".")]
    return {
        path.name.casefold(): path
        for folder in (root, *inner)
        for path in folder.iterdir()
        if is_video(path, (".avi",))
    }


def _sequences(line: str, where: str) -> tuple[Path, int, tuple[tuple[int, int], ...]] | None:
    """Return a line's file, person and ranges; None for a line that lists none."""
    # The official file begins with some prose, and has one video marked as *missing*.
    if not line.casefold().startswith("person") or "missing" in line:
        return None
    match = _LINE.fullmatch(line)
    ranges = [_RANGE.fullmatch(part) for part in match[4].split(",")] if match else []
    if not match or not all(ranges):
        raise ValueError(
            f"{where}: expected a line like 'person01_boxing_d1 frames 1-95, 96-185', got "
            f"{line!r}; download the file again"
        )
    # The listing counts from 1 and includes both ends.
    parts = tuple((int(part[1]) - 1, int(part[2])) for part in ranges if part)
    if not all(0 <= start < stop for start, stop in parts):
        raise ValueError(
            f"{where}: expected ranges from a first frame of at least 1 to a later one, got "
            f"{match[4]}; download the file again"
        )
    return Path(match[3]) / f"{match[1]}_uncomp.avi", int(match[2]), parts
