"""MineRL Navigate in its official layout: minerl_navigate/{train,test}/*.mp4, 500 frames each.

Videos of 64 x 64 in colour, people walking through worlds of Minecraft; beside a video NAME.mp4
its actions may lie in NAME.json.
"""

from pathlib import Path

from cwvae.data.listing import Split, VideoFile, check_split, split_folder, videos_in

__all__ = ["files"]


def files(root: str | Path, split: Split) -> tuple[VideoFile, ...]:
    """List the videos of a split, with their actions where they are there.

    `root` is what minerl_navigate.zip (archive.org/details/minerl_navigate) was unpacked to.

    Raises `FileNotFoundError` when the split, or every video in it, is missing.
    """
    check_split(split)
    # The archive has a folder of its own name, and is often unpacked into another.
    between = ("minerl_navigate", "minerl_navigate/minerl_navigate")
    folder = split_folder(Path(root), between, split)
    return tuple(VideoFile(path, actions=_beside(path)) for path in videos_in(folder, (".mp4",)))


def _beside(path: Path) -> Path | None:
    actions = path.with_suffix(".json")
    return actions if actions.is_file() else None
