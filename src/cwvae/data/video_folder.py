"""Any folder of videos of one frame size: files, arrays, folders of pictures, in classes or not."""

from collections.abc import Iterator
from pathlib import Path

from cwvae.data.array_files import has_arrays
from cwvae.data.arrays import video_parts
from cwvae.data.dividing import divided
from cwvae.data.listing import Split, VideoFile, check_split, in_order, is_video, named, no_videos
from cwvae.data.pictures import PICTURES, pictures_in
from cwvae.data.read_options import ReadOptions
from cwvae.data.videos import SUFFIXES
from cwvae.home import expanded

__all__ = ["files", "with_parts"]


def files(
    root: str | Path,
    split: Split,
    *,
    test_fraction: float = 0.1,
    options: ReadOptions | None = None,
) -> tuple[VideoFile, ...]:
    """List the videos of a split: files, and folders of pictures, at any depth.

    With folders `train` or `test` in `root` (or `Train`, `TEST`), the split is what lies in the
    folder of its name. Without them all videos in `root`, or in the single file of arrays that it
    is, are divided.

    **Arguments:** `root`; `split`; `test_fraction`, the share that `divided` makes test videos;
    `options`, which name the axes of arrays.

    Raises `FileNotFoundError` when the split, or every video in it, is missing, `ValueError` when
    there is one video to divide, for a single file whose axes could be several, or for another
    fraction.
    """
    check_split(split)
    root = expanded(root)
    options = options or ReadOptions()
    if root.is_file():
        # Alone it is not passed over: what is wrong with it is what there is to know.
        parts = video_parts(root, options) if has_arrays(root) else ()
        return divided([VideoFile(root, parts)], split, test_fraction, root)
    if not root.is_dir():
        raise FileNotFoundError(f"{root}: no such folder; check the path to the data set")
    if not any(named(root, name) for name in ("train", "test")):
        found = [with_parts(path, options) for path in _below(root)]
        return divided(found, split, test_fraction, root)
    folder = named(root, split)
    if folder is None:
        raise FileNotFoundError(
            f"{root}: expected folders train and test in it, found no {split}; give the folder "
            "that holds the splits"
        )
    return tuple(with_parts(path, options) for path in _below(folder))


def with_parts(path: Path, options: ReadOptions) -> VideoFile:
    """Return a file with the videos in it, when it is an array of several.

    A file that cannot be read is listed as one video, and found out when it is read.
    """
    if not has_arrays(path):
        return VideoFile(path)
    try:
        return VideoFile(path, video_parts(path, options))
    except (ValueError, OSError):
        return VideoFile(path)


def _below(folder: Path) -> list[Path]:
    """Return the videos in a folder and in those below it, in order."""
    found = in_order(list(_walk(folder, frozenset())))
    if not found:
        raise no_videos(folder, (*SUFFIXES, "or folders of pictures", *PICTURES))
    return found


def _walk(folder: Path, above: frozenset[Path]) -> Iterator[Path]:
    """Yield the videos in a folder and below; one with nothing but pictures is a video itself."""
    place = folder.resolve()
    if place in above:  # a link to a folder around it
        return
    inner = [path for path in folder.iterdir() if not path.name.startswith(".")]
    found = [path for path in inner if is_video(path, SUFFIXES)]
    for path in inner:
        found += _walk(path, above | {place}) if path.is_dir() else ()
    yield from found
    if not found and pictures_in(folder):
        yield folder
