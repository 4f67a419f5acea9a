"""Any folder of videos: mp4, avi, gif or npz, all of one frame size."""

from pathlib import Path

from cwvae.data.listing import Split, VideoFile, check_split, in_order, split_folder, videos_in
from cwvae.data.videos import SUFFIXES

__all__ = ["files"]


def files(root: str | Path, split: Split, *, test_fraction: float = 0.1) -> tuple[VideoFile, ...]:
    """List the videos of a split.

    With folders `train` or `test` in it, the split is what lies in the folder of its name. Without
    them the files of `root` itself are divided: `test_fraction` of them, in (0, 1), evenly spread
    over the names in order and at least one, are the test split.

    Raises `FileNotFoundError` when the split, or every video in it, is missing, `ValueError` when
    there is one file to divide, or for another fraction.
    """
    check_split(split)
    root = Path(root)
    if any((root / name).is_dir() for name in ("train", "test")) or not root.is_dir():
        folder = split_folder(root, (), split)
        return tuple(VideoFile(path) for path in videos_in(folder, SUFFIXES))
    if not 0 < test_fraction < 1:
        raise ValueError(f"test_fraction must lie between 0 and 1, got {test_fraction}")
    found = in_order(videos_in(root, SUFFIXES))
    if len(found) < 2:
        raise ValueError(
            f"{root}: expected at least 2 videos to divide into train and test, got 1; add "
            "videos, or make the folders train and test"
        )
    count = min(max(round(len(found) * test_fraction), 1), len(found) - 1)
    tests = {int((number + 0.5) * len(found) / count) for number in range(count)}
    return tuple(
        VideoFile(path) for place, path in enumerate(found) if (place in tests) == (split == "test")
    )
