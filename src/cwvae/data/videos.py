"""Videos from files: MP4, AVI, GIF and NumPy archives, as uint8 arrays a model can take."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from cwvae.data.archives import read_archive

__all__ = ["check_frames", "read_video", "resize", "to_channels"]

_SUFFIXES = (".mp4", ".avi", ".gif", ".npz")
# Rec. 601, the weights that a gray television set gives to red, green and blue.
_LUMA = (0.299, 0.587, 0.114)


def read_video(
    path: str | Path, *, most_frames: int | None = None, size: int | None = None
) -> UInt8[np.ndarray, "frames height width channels"]:
    """Read a video file into memory.

    - .mp4, .avi, .gif: three channels, the very bytes that the official readers give;
    - .npz: the array `video`, or the only one, of shape (frames, height, width) or (frames,
      height, width, 1 or 3); uint8, or floats in [0, 1], which become 0 to 255.

    Args:
        path: the file; its suffix decides how it is read.
        most_frames: read at most this many frames from the start, >= 1; None reads all.
        size: resize each frame as it is read (see `resize`), so that large videos fit; None
            leaves them as they are.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is no video, has no frames or is incomplete, or its arrays do not fit.
    """
    path = Path(path)
    if most_frames is not None and most_frames < 1:
        raise ValueError(f"expected most_frames >= 1, got {most_frames}; None reads all")
    _check_file(path)
    if path.suffix.lower() == ".npz":
        video = _read_npz(path)[:most_frames]
        return video if size is None else resize(video, size)
    frames = []
    for frame in _decode(path):
        frames.append(frame if size is None else resize(frame[np.newaxis], size)[0])
        if len(frames) == most_frames:
            break
    if not frames:
        raise ValueError(f"{path}: expected a video, found no frames in it; record it again")
    return np.stack(frames)


def to_channels(
    video: UInt8[np.ndarray, "frames height width channels_in"], channels: int
) -> UInt8[np.ndarray, "frames height width channels"]:
    """Make a video gray (1 channel) or colour (3 channels).

    Colour whose channels agree everywhere is gray already and one of them is taken, exactly;
    other colour becomes its luma (Rec. 601). Gray becomes colour by repetition.

    Raises:
        ValueError: other numbers of channels.
    """
    if channels not in (1, 3) or video.shape[-1] not in (1, 3):
        raise ValueError(
            f"expected to go between 1 and 3 channels, got {video.shape[-1]} to {channels}; "
            "videos here are gray or RGB"
        )
    if video.shape[-1] == channels:
        return video
    if channels == 3:
        return video.repeat(3, axis=-1)
    if (video == video[..., :1]).all():
        return video[..., :1]
    # In float32 and a frame at a time, so that a long video does not need eight times its memory.
    weights = np.array(_LUMA, np.float32)
    return np.stack([np.rint(frame @ weights).astype(np.uint8)[..., None] for frame in video])


def resize(
    video: UInt8[np.ndarray, "frames height width channels"], size: int
) -> UInt8[np.ndarray, "frames size size channels"]:
    """Crop each frame to the square in its middle and resize that to `size` x `size` pixels.

    Where the sizes are whole multiples, pixels are averaged or repeated, as Moving MNIST does;
    otherwise each new pixel is a triangle-weighted mean of all old ones it covers. Neither rings
    at hard edges, as sharper filters do, nor turns fine patterns into moire.

    Raises:
        ValueError: `size` is below 1.
    """
    from PIL import Image  # Here, since most users of this package never resize.

    if size < 1:
        raise ValueError(f"expected a size >= 1 pixel, got {size}; use that of the model")
    _, height, width, channels = video.shape
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    square = video[:, top : top + side, left : left + side]
    if side == size:
        return square
    whole = side % size == 0 or size % side == 0
    resample = Image.Resampling.BOX if whole else Image.Resampling.BILINEAR
    images = (
        Image.fromarray(np.ascontiguousarray(frame[..., 0] if channels == 1 else frame))
        for frame in square
    )
    frames = [np.asarray(image.resize((size, size), resample)) for image in images]
    return np.stack(frames).reshape(len(video), size, size, channels)


def check_frames(
    video: UInt8[np.ndarray, "frames height width channels"],
    path: str | Path,
    *,
    size: int,
    channels: int,
    at_least: int,
) -> None:
    """Check that a video from `path` fits a model of `size` x `size` pixels.

    Raises:
        ValueError: another frame size or number of channels, or fewer frames than `at_least`;
            the message names the file and the remedy.
    """
    frames, height, width, found = video.shape
    if (height, width) != (size, size):
        raise ValueError(
            f"{path}: expected frames of {size}x{size} pixels, got {height}x{width} (height x "
            "width); add --resize to crop and resize them"
        )
    if found != channels:
        raise ValueError(
            f"{path}: expected {channels} channel(s), got {found}; convert it with to_channels"
        )
    if frames < at_least:
        raise ValueError(
            f"{path}: expected at least {at_least} frames, got {frames}; give a longer video or "
            "ask for fewer context frames"
        )


def _decode(path: Path) -> Iterator[UInt8[np.ndarray, "height width 3"]]:
    import av  # Here, since it loads all of ffmpeg, which generated data does not need.
    from av.error import FFmpegError
    from av.video.reformatter import VideoReformatter

    # One reformatter for all frames: a new one per frame costs three quarters of the speed.
    reformatter = VideoReformatter()
    count = 0
    _check_whole(path)
    try:
        with av.open(str(path)) as container:
            if not container.streams.video:
                raise ValueError(f"{path}: expected a video, found none in the file; check it")
            for frame in container.decode(video=0):
                yield reformatter.reformat(frame, format="rgb24").to_ndarray()
                count += 1
    except FFmpegError as error:
        raise ValueError(
            f"{path}: expected a complete {path.suffix} video, could not read on after {count} "
            f"frames ({error.strerror}); it is damaged or no video, copy or convert it again"
        ) from error


def _check_file(path: Path) -> None:
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file; check the path")
    if path.suffix.lower() not in _SUFFIXES:
        raise ValueError(
            f"{path}: expected a video ending in {', '.join(_SUFFIXES)}, got "
            f"{path.suffix or 'no suffix'}; convert it, e.g. with ffmpeg"
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


def _read_npz(path: Path) -> UInt8[np.ndarray, "frames height width channels"]:
    arrays = read_archive(path)
    if "video" not in arrays and len(arrays) != 1:
        raise ValueError(
            f"{path}: expected an array named video, or a single array, got "
            f"{', '.join(arrays) or 'none'}; save it with numpy.savez(file, video=...)"
        )
    video = arrays["video"] if "video" in arrays else next(iter(arrays.values()))
    if video.ndim == 3:
        video = video[..., np.newaxis]
    if video.ndim != 4 or video.shape[3] not in (1, 3) or video.size == 0:
        raise ValueError(
            f"{path}: expected a video of shape (frames, height, width) or (frames, height, "
            f"width, 1 or 3), none of them 0, got {video.shape}; reorder its axes"
        )
    if video.dtype == np.uint8:
        return video
    if not np.issubdtype(video.dtype, np.floating):
        raise ValueError(
            f"{path}: expected uint8 or floats in [0, 1], got {video.dtype}; convert it"
        )
    # Written so that NaN fails too.
    if not (video.min() >= 0 and video.max() <= 1):
        raise ValueError(
            f"{path}: expected floats in [0, 1], got {video.min():g} to {video.max():g}; divide "
            "by the largest value, or save uint8"
        )
    return np.rint(video * 255).astype(np.uint8)
