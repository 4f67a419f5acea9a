"""Windows of sixteen frames of a forecast, which are compared as videos of their own."""

import numpy as np
from jaxtyping import Float

from cwvae.measures.shown import Shown

__all__ = ["WINDOW", "cut", "first_and_last", "model_and_rivals", "starts", "too_short"]

WINDOW = 16
"""Frames of a window."""

_MIDDLE = 300  # the frame with which a window in between ends, as far as many models are looked at


def starts(context: int, horizon: int) -> tuple[int, ...]:
    """Return with which frames of a forecast, counted from 0, windows begin.

    The first window after the context, the one that ends with frame 300 of the video where both
    others leave room for it, and the last.
    """
    middle, last = _MIDDLE - WINDOW - context, horizon - WINDOW
    between = (middle,) if WINDOW <= middle <= last - WINDOW else ()
    return tuple(dict.fromkeys((0, *between, last)))


def first_and_last(context: int, horizon: int) -> list[list[int]]:
    """Return the first and the last frame of every window, counted from 1, context included."""
    return [[context + s + 1, context + s + WINDOW] for s in starts(context, horizon)]


def too_short(name: str, horizon: int) -> str:
    """Return why a forecast has no window, nothing where it has one."""
    if horizon >= WINDOW:
        return ""
    return f"{name}: windows of {WINDOW} frames are compared, only {horizon} are predicted"


def cut(
    videos: Float[np.ndarray, "videos horizon height width channels"], context: int
) -> Float[np.ndarray, "windows 16 height width channels"]:
    """Return the windows of each video, clipped to [0, 1], those of the first one first."""
    places = starts(context, videos.shape[1])
    windows = np.concatenate([[video[s : s + WINDOW] for s in places] for video in videos])
    return np.clip(windows, 0, 1)


def model_and_rivals(shown: Shown) -> dict[str, np.ndarray]:
    """Return the samples of the model, and those that need none, one each."""
    rivals = {name: future[np.newaxis] for name, future in shown.rivals.items()}
    return {"model": shown.futures} | rivals
