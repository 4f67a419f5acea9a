"""The videos in a file of a data set, and what was done in them."""

from collections.abc import Iterator

import numpy as np

from cwvae.data.actions import Actions, archived_actions, read_actions
from cwvae.data.array_files import has_arrays
from cwvae.data.arrays import find_video, layout, video_parts
from cwvae.data.clips import Recording
from cwvae.data.kept import Frames
from cwvae.data.listing import VideoFile, fingerprint
from cwvae.data.read_options import ReadOptions

__all__ = ["recordings"]


def recordings(file: VideoFile, video: Frames, options: ReadOptions) -> Iterator[Recording]:
    """Yield the videos of a file, from all of its frames.

    Raises `ValueError` when actions do not fit, or when the data set lists parts that lie beyond
    the end of the file.
    """
    series = _series(file, len(video), options)
    actions = np.concatenate([*series.values()], axis=1) if series else None
    names = tuple(f"{name} x {values.shape[1]}" for name, values in series.items())
    # What was recorded before the first action is not part of the episode.
    before = 0 if actions is None else len(video) - len(actions)
    for start, stop in _parts(file, before, len(video), options):
        if start >= len(video):
            raise ValueError(
                f"{file.path}: expected frames {start + 1} to {stop}, as the data set lists them, "
                f"got {len(video)} frames; download it again"
            )
        name = f"{file.path.name} of {fingerprint(file.path)[0]} bytes from frame {start}"
        some = None if actions is None else actions[start - before : stop - before]
        yield Recording(name, video[start:stop], some, names, file.path, start)


def _parts(
    file: VideoFile, before: int, frames: int, options: ReadOptions
) -> tuple[tuple[int, int], ...]:
    """Return where the videos of a file begin and end."""
    if file.parts:
        return file.parts
    several = video_parts(file.path, options) if has_arrays(file.path) else ()
    return several or ((before, frames),)


def _series(file: VideoFile, frames: int, options: ReadOptions) -> Actions:
    """Return the actions of a file's frames, or of its last frames, by name; {} without any."""
    beside = file.actions
    if beside is None and not has_arrays(file.path):
        return {}
    if beside is not None and beside.suffix.lower() == ".json":
        found = read_actions(beside, frames)
    else:
        axes = "t" if beside else layout(find_video(file.path, options), options)
        leading = "".join(axis for axis in axes if axis in "nt")
        found = archived_actions(beside or file.path, options, leading)
        # Many leave out the action that would follow the last frame; it becomes 0.
        for name, values in found.items():
            if len(values) == frames - 1 or (beside and len(values) < frames):
                found[name] = np.pad(values, ((0, 1), (0, 0)))
    if found and options.frame_rate is not None:
        raise ValueError(
            f"{file.path}: expected a video without actions to resample, got actions, one for each "
            "frame of the file; leave --frame-rate out"
        )
    # The minerl package counts from the end: its videos begin before what it recorded.
    lengths = {len(values) for values in found.values()}
    if lengths - {frames} and (beside is None or len(lengths) > 1 or max(lengths) > frames):
        raise ValueError(
            f"{beside or file.path}: expected {frames} entries of actions, one for each frame, got "
            f"{' and '.join(map(str, sorted(lengths)))}; the file belongs to another video"
        )
    return found
