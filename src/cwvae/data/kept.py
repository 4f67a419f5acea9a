"""Decoded frames, in memory or in a file that is opened when they are asked for."""

from pathlib import Path
from typing import overload

import numpy as np
from jaxtyping import UInt8

from cwvae.data.archives import UNREADABLE

__all__ = ["CacheError", "Frames", "KeptVideo", "open_kept"]


class CacheError(OSError):
    """The folder for decoded videos cannot be written to or read, or is full."""


class KeptVideo:
    """A video in a .npy file, or some of its frames.

    The file is open only while frames are read: a data set has more files than a process may hold
    open.
    """

    def __init__(self, path: Path, shape: tuple[int, ...], start: int = 0):
        """Take frames from `start` on; `shape` is (frames, height, width, channels)."""
        self.path, self.shape, self.start = path, shape, start

    def __len__(self) -> int:
        """Count the frames."""
        return self.shape[0]

    @overload
    def __getitem__(self, frames: slice) -> "KeptVideo": ...

    @overload
    def __getitem__(self, frames: np.ndarray) -> UInt8[np.ndarray, "n height width channels"]: ...

    def __getitem__(self, frames: slice | np.ndarray) -> "KeptVideo | np.ndarray":
        """Return, as an array does, a part (start and stop, unread) or frames by their numbers.

        Raises `CacheError` when the file is gone.
        """
        if isinstance(frames, slice):
            start, stop, _ = frames.indices(len(self))
            shape = (max(stop - start, 0), *self.shape[1:])
            return KeptVideo(self.path, shape, self.start + start)
        try:
            return np.load(self.path, mmap_mode="r")[self.start + frames]
        except (OSError, *UNREADABLE) as error:
            raise CacheError(
                f"{self.path}: decoded frames were removed or damaged while they were in use; "
                "start again, and they are decoded anew"
            ) from error


Frames = UInt8[np.ndarray, "frames height width channels"] | KeptVideo
"""The frames of a video, wherever they are: (frames, height, width, channels)."""


def open_kept(path: Path) -> KeptVideo | None:
    """Return what is kept in a file; None when there is none or it is damaged.

    Raises `CacheError` when the file is there and may not be opened.
    """
    try:
        video = np.load(path, mmap_mode="r")
    except (FileNotFoundError, NotADirectoryError, *UNREADABLE):
        return None
    except OSError as error:
        raise CacheError(
            f"{path}: cannot read decoded videos there ({error.strerror}); choose another "
            "--cache-folder"
        ) from error
    is_video = isinstance(video, np.memmap) and video.dtype == np.uint8 and video.ndim == 4
    return KeptVideo(path, video.shape) if is_video else None
