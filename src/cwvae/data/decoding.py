"""Frames out of MP4, AVI and GIF files, or one clear line for a file that is damaged."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from cwvae._extras import extra

__all__ = ["decode"]


# Frames that a file may have fewer than its header says. Recorders of AVI are off by one or two;
# an MP4 may say which of its frames are not to be shown, and damage to it is noticed otherwise.
_MAY_LACK = {".gif": 0, ".avi": 2}


def decode(path: Path) -> Iterator[UInt8[np.ndarray, "height width 3"]]:
    """Yield the frames of a video file: the very bytes that the official readers give.

    Raises:
        ValueError: the file is no video, is cut off, or is damaged where the format can tell. (A
            few changed bytes inside a coded picture can be another valid picture.)
    """
    # Here, since it loads all of ffmpeg, which generated data does not need.
    with extra("data"):
        import av
        from av.error import FFmpegError
        from av.video.reformatter import VideoReformatter

    # One reformatter for all frames: a new one per frame costs three quarters of the speed.
    reformatter = VideoReformatter()
    count = 0
    _check_whole(path)
    try:
        # Its name says what is in a file: without that ffmpeg would follow lists of other files.
        with av.open(str(path.absolute()), format=path.suffix.lower()[1:]) as container:
            if not container.streams.video:
                raise ValueError(f"{path}: expected a video, found none in the file; check it")
            stream = container.streams.video[0]
            if stream.codec_context is None:
                raise _damaged(path, 0, "unknown coding")
            # Left to itself ffmpeg paints over what it cannot decode and says nothing.
            stream.codec_context.options = {"err_detect": "explode"}
            for frame in container.decode(stream):
                if frame.is_corrupt:
                    raise _damaged(path, count, "a frame is corrupt")
                yield reformatter.reformat(frame, format="rgb24").to_ndarray()
                count += 1
            if count < stream.frames - _MAY_LACK.get(path.suffix.lower(), stream.frames):
                raise _damaged(path, count, f"of {stream.frames} that there should be")
    except FFmpegError as error:
        raise _damaged(path, count, str(error.strerror)) from error


def _damaged(path: Path, count: int, reason: str) -> ValueError:
    return ValueError(
        f"{path}: expected a complete {path.suffix} video, could not read on after {count} "
        f"frames ({reason}); it is damaged or no video, copy or convert it again"
    )


def _check_whole(path: Path) -> None:
    # ffmpeg itself notices an MP4 that was cut off; of an AVI or a GIF it would silently give the
    # frames that are left.
    suffix, content_length = path.suffix.lower(), path.stat().st_size
    with path.open("rb") as file:
        head = file.read(8)
        file.seek(max(0, content_length - 1024))
        tail = file.read().rstrip(b"\0")
    cut_avi = head[:4] == b"RIFF" and 8 + int.from_bytes(head[4:], "little") > content_length
    cut_gif = head[:3] == b"GIF" and not tail.endswith(b";")
    if cut_avi or cut_gif:
        raise ValueError(
            f"{path}: expected a complete {suffix} video, got one that was cut off at "
            f"{content_length} bytes; copy or download it again"
        )
