"""Does a walk leave its room, and does it come back? The three classes of GQN Mazes.

The hallways of GQN Mazes have green walls. A frame is seen from the hallway when much of its middle
is green; the sequence of rooms is one of three kinds (the poster of Saxena et al. 2021; the rule is
that of Harvey et al. 2022, Flexible Diffusion Modeling of Long Videos).
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int, UInt8

from cwvae.shapes import checked

__all__ = ["SEQUENCES", "green_pixels", "in_hallway", "room_sequence"]

SEQUENCES = ("stays", "goes out", "comes back")
"""What the classes of `room_sequence` mean: in the room where the walk begins, or out of it."""

_ROWS = (14, 44)  # of 64
_ENTERED, _LEFT = 1000, 500  # green pixels of frames of 64 x 64
_KERNEL = np.array([0.2, 0.4, 0.6, 0.8, 1.0, 0.8, 0.6, 0.4, 0.2])


class _Range(NamedTuple):
    """The colours that count, in OpenCV's units: hue in [0, 180), the others in [0, 255]."""

    least: tuple[int, int, int] = (50, 25, 25)
    most: tuple[int, int, int] = (70, 255, 255)


@checked
def green_pixels(
    video: UInt8[np.ndarray, "frames height width 3"],
) -> Int[np.ndarray, " frames"]:
    """Count the green pixels in the middle rows of each frame, single ones left out.

    Rows 14 to 44 of 64, or as many in proportion; hue, saturation and value between (50, 25, 25)
    and (70, 255, 255) in OpenCV's units; eroded by 2 x 2 pixels.
    """
    height = video.shape[1]
    first, last = (row * height // 64 for row in _ROWS)
    green = _within(video[:, first:last], _Range())
    # A pixel stays where it and those above, left of and above left of it are green, and beyond
    # the edge everything is.
    padded = np.pad(green, ((0, 0), (1, 0), (1, 0)), constant_values=True)
    left = padded[:, 1:, 1:] & padded[:, :-1, 1:] & padded[:, 1:, :-1] & padded[:, :-1, :-1]
    return left.sum((1, 2))


@checked
def in_hallway(counts: Int[np.ndarray, " frames"], size: int) -> Bool[np.ndarray, " frames"]:
    """Return at which frames a walk is in the hallway, from its green pixels.

    The counts are smoothed over nine frames, a triangle; the hallway begins above 1000 green pixels
    of frames of 64 x 64, and ends at 500, in proportion at another `size`.
    """
    smooth = _smoothed(counts) * (64 / size) ** 2
    inside, now = [], False
    for count in smooth:
        now = count > (_LEFT if now else _ENTERED)
        inside.append(now)
    return np.array(inside, dtype=bool)


@checked
def room_sequence(video: UInt8[np.ndarray, "frames height width 3"]) -> int:
    """Return the class of a walk: 0 stays in its room, 1 goes out and stays out, 2 comes back.

    **Arguments:** `video`, square frames in which hallways have green walls, as in GQN Mazes and in
    `rooms`; a place in `SEQUENCES` is returned. A walk that begins in the hallway counts as one
    that went out.

    Raises `ValueError` for no frames, or frames that are not square.
    """
    frames, height, width, _ = video.shape
    if height != width or frames == 0:
        raise ValueError(
            f"video must be of one square frame or more, got {frames} of {height} x {width}; crop "
            "and resize them"
        )
    inside = in_hallway(green_pixels(video), height)
    if not inside.any():
        return 0
    return 1 if inside[-1] else 2


def _within(frames: UInt8[np.ndarray, "frames height width 3"], colours: _Range) -> np.ndarray:
    """Return which pixels have a hue, a saturation and a value within a range."""
    red, green, blue = (frames[..., n].astype(np.float32) for n in range(3))
    most, least = frames.max(-1).astype(np.float32), frames.min(-1).astype(np.float32)
    spread = most - least
    safe = np.where(spread > 0, spread, 1)
    # A sixth of the circle is 30 units of hue.
    hue = np.where(
        most == red,
        (green - blue) / safe % 6,
        np.where(most == green, (blue - red) / safe + 2, (red - green) / safe + 4),
    )
    hue = np.where(spread > 0, np.rint(30 * hue), 0) % 180
    saturation = np.rint(255 * spread / np.where(most > 0, most, 1))
    parts = np.stack([hue, saturation, most], -1)
    return np.all((parts >= colours.least) & (parts <= colours.most), axis=-1)


def _smoothed(counts: Int[np.ndarray, " frames"]) -> Float[np.ndarray, " frames"]:
    """Return a weighted mean over nine frames, at the ends over those that there are."""
    reach = len(_KERNEL) // 2
    near = slice(reach, reach + len(counts))
    weights = np.convolve(np.ones(len(counts)), _KERNEL)[near]
    return np.convolve(counts.astype(float), _KERNEL)[near] / weights
