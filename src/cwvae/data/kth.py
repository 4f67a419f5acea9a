"""KTH Action: <action>/personNN_<action>_dM_uncomp.avi, cut as 00sequences.txt says.

Gray videos of 160 x 120 at 25 frames per second (Schuldt, Laptev and Caputo, 2004), squashed to a
square. Two splits by person are in use, and numbers of one cannot be compared with the other's.
"""

import re
from pathlib import Path
from typing import Literal

from cwvae.data.listing import Split, VideoFile, check_split, in_order

__all__ = ["Division", "files"]

SEQUENCES = "00sequences.txt"

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
_LINE = re.compile(r"(person(\d\d)_(\w+)_d\d)\s+frames\s+([\d\s,-]+?)\s*")
_RANGE = re.compile(r"\s*(\d+)\s*-\s*(\d+)\s*")


def files(
    root: str | Path, split: Split | Literal["validation"], *, division: Division = "first_20"
) -> tuple[VideoFile, ...]:
    """List the videos of a split.

    **Arguments:** `root`, the folder with 00sequences.txt and a folder for each action; `split`,
    "train" or "test" ("validation" too for "schuldt"); `division`, who is in which.

    A range that goes past the end of its file ends there. Raises `FileNotFoundError` when
    00sequences.txt is missing or lists no video of the split, `ValueError` for a line in it that
    cannot be read, and for another split or division.
    """
    listing = Path(root) / SEQUENCES
    if not listing.is_file():
        raise FileNotFoundError(
            f"{listing}: no such file; give the folder that holds it and a folder for each action"
        )
    if division not in _PERSONS:
        raise ValueError(f"expected division to be one of {', '.join(_PERSONS)}, got {division!r}")
    check_split(split, tuple(_PERSONS[division]))
    persons = _PERSONS[division][split]
    found = {}
    for number, line in enumerate(listing.read_text(encoding="latin-1").splitlines(), start=1):
        match = _sequences(line.strip(), f"{listing}, line {number}")
        if match and match[1] in persons:
            path = Path(root) / match[0]
            if path in found:
                raise ValueError(
                    f"{listing}, line {number}: expected a line for each video, got a second one "
                    f"for {path.name}; download the file again"
                )
            found[path] = VideoFile(path, parts=match[2], fit="squash")
    if not found:
        raise FileNotFoundError(
            f"{listing}: expected videos of the persons {', '.join(map(str, persons))} of the "
            f"{split} split, found none; download the data set again"
        )
    return tuple(found[path] for path in in_order(list(found)))


def _sequences(line: str, where: str) -> tuple[Path, int, tuple[tuple[int, int], ...]] | None:
    """Return a line's file, person and ranges; None for a line that lists none."""
    # The official file says of one video that it is *missing*, and begins with some prose.
    if not line.startswith("person") or "missing" in line:
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
