"""Videos without splits of their own, divided into training and test videos."""

from collections.abc import Sequence
from pathlib import Path

from cwvae.data.listing import Split, VideoFile

__all__ = ["divided"]


def divided(
    files: Sequence[VideoFile], split: Split, test_fraction: float, root: Path
) -> tuple[VideoFile, ...]:
    """Return the videos of one split: the others are those of the other.

    **Arguments:** `files`, in order; files with parts are divided between their parts; `split`;
    `test_fraction`, in (0, 1), the share of the videos, evenly spread over their order and at
    least one, that are the test split; `root`, where they are, for the errors.

    Raises `ValueError` for a single video, and for another fraction.
    """
    if not 0 < test_fraction < 1:
        raise ValueError(f"test_fraction must lie between 0 and 1, got {test_fraction}")
    parts = [(place, part) for place, file in enumerate(files) for part in file.parts or (None,)]
    if len(parts) < 2:
        raise ValueError(
            f"{root}: expected at least 2 videos to divide into train and test, got {len(parts)}; "
            "add videos, or make the folders train and test"
        )
    count = min(max(round(len(parts) * test_fraction), 1), len(parts) - 1)
    tests = {int((number + 0.5) * len(parts) / count) for number in range(count)}
    chosen: dict[int, list[tuple[int, int]]] = {}
    for number, (place, part) in enumerate(parts):
        if (number in tests) == (split == "test"):
            chosen.setdefault(place, []).extend([] if part is None else [part])
    return tuple(files[place]._replace(parts=tuple(kept)) for place, kept in chosen.items())
