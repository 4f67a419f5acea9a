"""Frames made to fit a model: their size and their channels."""

from typing import Literal

import numpy as np
from jaxtyping import UInt8

from cwvae._extras import extra

__all__ = ["Fit", "resize", "to_channels"]

Fit = Literal["crop", "squash"]
"""How a frame that is not square becomes one."""

# Rec. 601, the weights that a gray television set gives to red, green and blue.
_LUMA = (0.299, 0.587, 0.114)


def to_channels(
    video: UInt8[np.ndarray, "frames height width channels_in"], channels: int
) -> UInt8[np.ndarray, "frames height width {channels}"]:
    """Make a video gray (1 channel) or colour (3 channels).

    Colour whose channels agree everywhere is gray already and one of them is taken, exactly;
    other colour becomes its luma (Rec. 601). Gray becomes colour by repetition.

    **Arguments:** `video`, with 1 or 3 channels; `channels`, 1 or 3.

    Raises `ValueError` for other numbers of channels.
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
) -> UInt8[np.ndarray, "frames {size} {size} channels"]:
    """Resize each frame to `size` x `size` pixels.

    Where the sizes are whole multiples, pixels are averaged or repeated, as Moving MNIST does;
    otherwise each new pixel is a triangle-weighted mean of all old ones it covers. Neither rings
    at hard edges, as sharper filters do, nor turns fine patterns into moire.

    **Arguments:** `video`; `size`, at least 1; `fit`, "crop" for the square in the middle of a
    frame, "squash" for all of it, its shape changed, as is usual for KTH.

    Raises `ValueError` for a size below 1.
    """
    with extra("data"):
        from PIL import Image  # Here, since most users of this package never resize.

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
