"""MineRL Navigate: minerl_navigate/{train,test}/*.mp4 of 500 frames, or the package's own folders.

Videos of 64 x 64 in colour, people walking through worlds of Minecraft. In the official layout the
actions of NAME.mp4 may lie in NAME.json beside it. The minerl package (Guss et al., 2019) has no
splits: MineRLNavigate-v0/<recording>/{recording.mp4,rendered.npz}.
"""

from pathlib import Path

from cwvae.data.dividing import divided
from cwvae.data.listing import (
    Split,
    VideoFile,
    check_split,
    in_order,
    root_folder,
    split_folder,
    videos_in,
)

__all__ = ["files"]


def files(root: str | Path, split: Split, *, test_fraction: float = 0.1) -> tuple[VideoFile, ...]:
    """List the videos of a split, with their actions where they are there.

    **Arguments:** `root`, what minerl_navigate.zip (archive.org/details/minerl_navigate) was
    unpacked to, or where the minerl package keeps its data; `split`; `test_fraction` of the
    recordings of the package, which does not divide them.

    Raises `FileNotFoundError` when the split, or every video in it, is missing.
    """
    check_split(split)
    folder = root_folder(root)
    recordings = [*folder.glob("*/recording.mp4"), *folder.glob("MineRLNavigate*/*/recording.mp4")]
    if recordings:
        found = sorted({path.parent for path in recordings})
        listed = [_recording(path) for path in in_order(found)]
        return divided(listed, split, test_fraction, folder)
    # The archive has a folder of its own name, and is often unpacked into another.
    between = ("minerl_navigate", "minerl_navigate/minerl_navigate")
    folder = split_folder(folder, between, split)
    return tuple(VideoFile(path, actions=_beside(path)) for path in videos_in(folder, (".mp4",)))


def _recording(folder: Path) -> VideoFile:
    actions = folder / "rendered.npz"
    return VideoFile(folder / "recording.mp4", actions=actions if actions.is_file() else None)


def _beside(path: Path) -> Path | None:
    actions = path.with_suffix(".json")
    return actions if actions.is_file() else None
