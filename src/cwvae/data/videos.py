"""Videos from files: MP4, AVI, GIF and NumPy archives, as uint8 arrays a model can take."""

from pathlib import Path
from typing import Literal

import numpy as np
from jaxtyping import UInt8

from cwvae._extras import extra
from cwvae.data.archives import read_archive
from cwvae.data.decoding import decode

__all__ = ["SUFFIXES", "Fit", "check_frames", "read_video", "resize", "to_channels"]

SUFFIXES = (".mp4", ".avi", ".gif", ".npz")
"""How the name of a file ends that can be read."""

Fit = Literal["crop", "squash"]
"""How a frame that is not square becomes one."""

# Rec. 601, the weights that a gray television set gives to red, green and blue.
_LUMA = (0.299, 0.587, 0.114)


def read_video(
    path: str | Path,
    *,
    most_frames: int | None = None,
    size: int | None = None,
    fit: Fit = "crop",
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
        fit: how a frame that is not square becomes one, see `resize`.

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
        return video if size is None else resize(video, size, fit=fit)
    frames = []
    for frame in decode(path):
        frames.append(frame if size is None else resize(frame[np.newaxis], size, fit=fit)[0])
        if frames[0].shape != frames[-1].shape:
            raise ValueError(
                f"{path}: expected frames of one size, got {frames[0].shape[:2]} and "
                f"{frames[-1].shape[:2]} (height, width); convert it, or read it with a size"
            )
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
    video: UInt8[np.ndarray, "frames height width channels"], size: int, *, fit: Fit = "crop"
) -> UInt8[np.ndarray, "frames size size channels"]:
    """Resize each frame to `size` x `size` pixels.

    `fit` says how: "crop" takes the square in the middle of a frame, "squash" all of it, its
    shape changed, as is usual for KTH.

    Where the sizes are whole multiples, pixels are averaged or repeated, as Moving MNIST does;
    otherwise each new pixel is a triangle-weighted mean of all old ones it covers. Neither rings
    at hard edges, as sharper filters do, nor turns fine patterns into moire.

    Raises:
        ValueError: `size` is below 1.
    """
    # Here, since most users of this package never resize.
    with extra("data"):
        from PIL import Image

    if size < 1:
        raise ValueError(f"expected a size >= 1 pixel, got {size}; use that of the model")
    if fit == "crop":
        video = _middle(video)
    _, height, width, channels = video.shape
    if height == width == size:
        return video
    whole = all(side % size == 0 or size % side == 0 for side in (height, width))
    resample = Image.Resampling.BOX if whole else Image.Resampling.BILINEAR
    images = (
        Image.fromarray(np.ascontiguousarray(frame[..., 0] if channels == 1 else frame))
        for frame in video
    )
    frames = [np.asarray(image.resize((size, size), resample)) for image in images]
    return np.stack(frames).reshape(len(video), size, size, channels)


def _middle(
    video: UInt8[np.ndarray, "frames height width channels"],
) -> UInt8[np.ndarray, "frames side side channels"]:
    """Return the square in the middle of every frame."""
    _, height, width, _ = video.shape
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    return video[:, top : top + side, left : left + side]


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


def _check_file(path: Path) -> None:
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file; check the path")
    if path.suffix.lower() not in SUFFIXES:
        raise ValueError(
            f"{path}: expected a video ending in {', '.join(SUFFIXES)}, got "
            f"{path.suffix or 'no suffix'}; convert it, e.g. with ffmpeg"
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
