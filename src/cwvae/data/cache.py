"""Decoded videos, kept so that none is decoded twice: in memory, and what does not fit on disk."""

import dataclasses
import hashlib
import os
import threading
from pathlib import Path
from typing import BinaryIO

import numpy as np
from jaxtyping import UInt8

from cwvae.data.kept import CacheError, Frames, KeptVideo, open_kept
from cwvae.data.listing import VideoFile, fingerprint
from cwvae.data.pixels import to_channels
from cwvae.data.read_options import ReadOptions
from cwvae.data.videos import absent, read_all, wrong_size
from cwvae.files import replacing
from cwvae.home import cache_home, expanded

__all__ = ["Cache", "VideoCache", "cache_folder"]

# Counted up when the frames that a file gives would change.
_VERSION = 2
_REMEDY = "set XDG_CACHE_HOME or give a --cache-folder"


def cache_folder() -> Path:
    """Return the folder for decoded videos: cwvae/videos in $XDG_CACHE_HOME or ~/.cache.

    Raises `ValueError` when there is no home folder.
    """
    return cache_home(_REMEDY) / "videos"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Cache:
    """Where decoded videos are kept."""

    memory: int = 2 * 2**30
    """Bytes of decoded videos to keep in memory; those beyond go to the folder."""
    folder: Path = dataclasses.field(default_factory=cache_folder)
    """Folder for the others; they stay there for the next start."""

    def __post_init__(self) -> None:
        """Take a folder given as text, and ~ in it."""
        object.__setattr__(self, "folder", expanded(self.folder, _REMEDY))


class VideoCache:
    """The decoded videos of one data set at one frame size; may be read from several threads."""

    def __init__(self, cache: Cache, *, size: int, channels: int, options: ReadOptions):
        """Keep nothing yet."""
        self.cache, self.size, self.channels, self.options = cache, size, channels, options
        self.used = 0
        self._lock = threading.Lock()

    def read(self, file: VideoFile) -> Frames:
        """Return the frames of a whole file, decoded unless the folder has them already.

        They lie in memory, or are read from the folder when they are asked for.

        Raises `FileNotFoundError` and `ValueError` as `cwvae.data.read_video` does, and for frames
        of another size at the first of them; `CacheError` when the folder cannot be written to, or
        is full, with the remedy.
        """
        if not file.path.exists():
            raise absent(file.path)
        kept = self._place(file)
        known = open_kept(kept)
        if known is not None:
            if known.shape[1:3] != (self.size, self.size):
                raise wrong_size(file.path, known.shape[1:3], self.size)
            return known
        video = read_all(file.path, size=self.size, fit=file.fit, options=self.options)
        video = np.ascontiguousarray(to_channels(video, self.channels))
        return video if self._fits(video.nbytes) else self._keep(video, kept)

    def _fits(self, size: int) -> bool:
        """Take so many bytes of the memory, if they are there."""
        with self._lock:
            fits = self.used + size <= self.cache.memory
            self.used += size if fits else 0
        return fits

    def _place(self, file: VideoFile) -> Path:
        """Return where a file's frames are kept: another place as soon as the file changes."""
        # What is kept depends on these; the second part of the name on the file's content.
        reading = (self.options.frame_rate, self.options.axes)
        reading += () if self.options.array is None else (self.options.array,)
        wanted = (str(file.path.resolve()), file.fit and self.size, self.channels, file.fit)
        content = (*fingerprint(file.path), _VERSION)
        return self.cache.folder / f"{_digest(wanted + reading)}-{_digest(content)}.npy"

    def _keep(self, video: UInt8[np.ndarray, "..."], place: Path) -> Frames:
        """Write frames into the folder, in the place of older ones."""
        try:
            with replacing(place) as temporary, temporary.open("wb") as file:
                _save(file, video)
            for old in place.parent.glob(f"{place.name.split('-')[0]}-*.npy"):
                if old != place:
                    old.unlink(missing_ok=True)
        except OSError as error:
            raise CacheError(
                f"{place.parent}: cannot keep decoded videos there ({error.strerror}); free some "
                "space, choose another --cache-folder, or allow more --cache-memory"
            ) from error
        return KeptVideo(place, video.shape)


def _digest(value: object) -> str:
    return hashlib.sha256(repr(value).encode()).hexdigest()[:16]


def _save(file: BinaryIO, video: UInt8[np.ndarray, "..."]) -> None:
    """Write an array as `np.save` does, which does not notice a disk that fills up meanwhile."""
    np.lib.format.write_array_header_1_0(file, np.lib.format.header_data_from_array_1_0(video))
    file.write(video.data)
    file.flush()
    os.fsync(file.fileno())
