"""Frames out of video files of every container that ffmpeg knows, and when each is shown."""

import errno
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from jaxtyping import UInt8

from cwvae._extras import extra
from cwvae.data.containers import is_cut_off
from cwvae.data.orientation import oriented
from cwvae.data.read_options import ReadOptions

if TYPE_CHECKING:
    from av import VideoFrame
    from av.container import InputContainer

__all__ = ["TimedFrame", "decode"]

# Containers that hold a whole video themselves; playlists, which ffmpeg would follow to other
# files, are not among them.
_CONTAINERS = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,gif,apng,mpegts,mpeg,flv,asf,ogg,ivf,mxf,nut,"
    "yuv4mpegpipe,wtv,rm"
)
# Frames that a file may have fewer than its header promises. Recorders of AVI are off by one or
# two; an MP4 may mark frames as not to be shown, and damage to it is noticed otherwise.
_MAY_LACK = {"gif": 0, "avi": 2}


class TimedFrame(NamedTuple):
    """A frame and when it is shown.

    - `pixels`: uint8 (height, width, 3);
    - `time`: seconds, exactly; None when the file has no times;
    - `lasts`: seconds until the next, as the file has it; None when it does not.
    """

    pixels: UInt8[np.ndarray, "height width 3"]
    time: Fraction | None = None
    lasts: Fraction | None = None


def decode(path: Path, options: ReadOptions) -> Iterator[TimedFrame]:
    """Yield the frames of a video file as a player shows them, turned and mirrored.

    The bytes are those that the official readers give. Files are read by what they are, whatever
    their names end in.

    Raises `ValueError` when the file is no video, is cut off, holds frames of more pixels than
    `options` allow, or is damaged where the format shows it. (A few changed bytes inside a coded
    picture can be another valid picture.)
    """
    with extra("data"):
        import av  # Here, since it loads all of ffmpeg, which generated data does not need.
        from av.error import FFmpegError

    opening = {
        "format_whitelist": _CONTAINERS,
        "protocol_whitelist": "file",
        # To learn what is in a file ffmpeg may decode a frame: not one that fills the memory.
        "max_pixels": str(options.frame_pixels),
    }
    # Titles that are no UTF-8 are nobody's concern; from PyAV 19 on they are none of its own.
    knows_titles = int(av.__version__.partition(".")[0]) < 19
    titles: dict[str, Any] = {"metadata_errors": "ignore"} if knows_titles else {}
    count = 0
    cut = is_cut_off(path)
    try:
        with av.open(str(path.absolute()), options=opening, **titles) as container:
            if cut:
                _check_cut(path, container)
            for frame in _frames(path, container, options):
                yield frame
                count += 1
    except FFmpegError as error:
        # What ffmpeg raises for a container that is not among ours is no more than this.
        unknown = error.errno == errno.EINVAL
        reason = "not one of the known containers" if unknown else str(error.strerror)
        raise _damaged(path, count, reason) from error


def _frames(path: Path, container: "InputContainer", options: ReadOptions) -> Iterator[TimedFrame]:
    """Yield the frames of an open file."""
    with extra("data"):
        from av.error import FFmpegError
        from av.video.reformatter import VideoReformatter
        from av.video.stream import VideoStream

    stream = container.streams.best("video")
    if not isinstance(stream, VideoStream):
        raise ValueError(f"{path}: expected a video, found none in the file; check it")
    if stream.codec_context is None:
        raise _damaged(path, 0, "unknown coding")
    # Left to itself ffmpeg paints over what it cannot decode.
    limits = {"err_detect": "explode", "max_pixels": str(options.frame_pixels)}
    stream.codec_context.options = limits
    # One reformatter for all frames: a new one per frame costs three quarters of the speed.
    reformatter = VideoReformatter()
    count = 0
    try:
        for frame in container.decode(stream):
            if frame.is_corrupt:
                raise _damaged(path, count, "a frame is corrupt")
            matrix = frame.side_data.get("DISPLAYMATRIX")
            pixels = reformatter.reformat(frame, format="rgb24").to_ndarray()
            pixels = oriented(pixels, None if matrix is None else bytes(matrix), path)
            yield TimedFrame(pixels, *_times(frame))
            count += 1
    except FFmpegError as error:
        if error.errno != errno.EINVAL:
            raise
        # What a decoder raises for frames beyond max_pixels.
        raise options.giant(path, "larger ones") from error
    if count < stream.frames - _MAY_LACK.get(container.format.name, stream.frames):
        raise _lacking(path, stream.frames, count)


def _times(frame: "VideoFrame") -> tuple[Fraction | None, Fraction | None]:
    """Return when a frame is shown and for how long, in seconds, None where it is unknown."""
    if frame.pts is None or frame.time_base is None:
        return None, None
    unit = Fraction(frame.time_base)
    return frame.pts * unit, frame.duration * unit if frame.duration else None


def _check_cut(path: Path, container: "InputContainer") -> None:
    """Raise `ValueError` for a file that is cut off, unless all of its frames are there."""
    length = path.stat().st_size
    promised = sum(stream.frames for stream in container.streams.video)
    if "mp4" in container.format.name and promised:
        packets = container.demux(container.streams.video)
        found = sum(bool(packet.size) and not packet.is_corrupt for packet in packets)
        if found < promised:
            raise _lacking(path, promised, found)
        container.seek(0)
        return
    raise ValueError(
        f"{path}: expected a complete {path.suffix} video, got one that was cut off at {length} "
        "bytes; copy or download it again"
    )


def _lacking(path: Path, promised: int, found: int) -> ValueError:
    return ValueError(
        f"{path}: expected a complete {path.suffix} video of {promised} frames, as its header "
        f"promises, found {found}; it was cut off or is damaged, copy or convert it again"
    )


def _damaged(path: Path, count: int, reason: str) -> ValueError:
    return ValueError(
        f"{path}: expected a complete {path.suffix} video, could not read on after {count} "
        f"frames ({reason}); it is damaged or no video, copy or convert it again"
    )
