"""GQN Mazes in its official layout: train/*.mp4 and test/*.mp4, 300 frames of 64 x 64 in colour."""

from pathlib import Path

from cwvae.data.listing import Split, VideoFile, check_split, split_folder, videos_in

__all__ = ["files"]


def files(root: str | Path, split: Split) -> tuple[VideoFile, ...]:
    """List the videos of a split.

    `root` is what gqn_mazes.zip (archive.org/details/gqn_mazes) was unpacked to.

    Raises `FileNotFoundError` when the split, or every video in it, is missing.
    """
    check_split(split)
    folder = split_folder(root, ("gqn_mazes",), split)
    return tuple(VideoFile(path) for path in videos_in(folder, (".mp4",)))
