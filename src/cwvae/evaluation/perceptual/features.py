"""The features of videos between which FVD is a distance, computed a few videos at a time."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, SupportsIndex

import numpy as np
from jaxtyping import Float

from cwvae.arguments import whole_number
from cwvae.evaluation.perceptual import i3d
from cwvae.evaluation.perceptual.pixels import check_pixels
from cwvae.shapes import checked

__all__ = ["video_features", "window_features"]


@checked
def video_features(
    videos: Iterable[Any], *, chunk: SupportsIndex = 64
) -> Float[np.ndarray, "videos 400"]:
    """Return the features of every video: I3D's 400 logits before the softmax, averaged over time.

    Frames are clipped to [0, 1], gray ones put into all three channels, resized to 224 x 224 as
    TensorFlow 1 did it (`resize`) and scaled to [-1, 1], as in
    google-research/frechet_video_distance. Videos are taken one after the other, so that neither
    they nor what the network computes need be in memory at once. Save the features of the true
    videos: they need be computed only once.

    **Arguments:**

    - `videos`: an array with axes (videos, frames, height, width, channels), or anything that
      yields videos without the first one, such as a generator. Bytes or floats in [0, 1], 1 or 3
      channels, at least 9 frames.
    - `chunk`: frames that are in the network at a time, to the nearest whole video; beyond it long
      videos go through its large layers in pieces. Memory and speed, and nothing else, depend on
      it: 1000 frames of 64 x 64 pixels take 1.5 GiB with the default, whatever the
      number of videos. A GPU is faster with more.

    Raises `ValueError` for no videos, shorter ones, and frames of other axes or values;
    `MissingExtraError` without the extra `metrics`.
    """
    chunk = whole_number("chunk", chunk)
    features: list[np.ndarray] = []
    sizes: dict[tuple[int, ...], int] = {}
    for batch in _batches(videos, chunk):
        # The last batch is filled up, which takes less time than compiling for another size.
        size = sizes.setdefault(batch[0].shape, len(batch))
        filled = np.stack(batch + batch[-1:] * (size - len(batch)))
        features.append(np.asarray(i3d.logits(i3d.load_units(), filled, chunk=chunk))[: len(batch)])
    if not features:
        raise ValueError("videos must be at least one, got none; a generator yields only once")
    return np.concatenate(features)


@checked
def window_features(
    videos: Iterable[Any],
    starts: Sequence[SupportsIndex],
    *,
    window: SupportsIndex = 16,
    chunk: SupportsIndex = 64,
) -> Float[np.ndarray, "windows videos 400"]:
    """Return the features of some windows of every video, each window by itself.

    **Arguments:** `videos` and `chunk` as in `video_features`; `starts`, the frame with which each
    window begins, at least 0; `window`, frames in one, at least 9.

    Raises as `video_features`, and `ValueError` for windows that do not lie within every video.
    """
    window = whole_number("window", window, least=i3d.LEAST_FRAMES)
    firsts = [whole_number("starts", start, least=0) for start in starts]
    if not firsts:
        raise ValueError("starts must be at least one frame, got none; use (0,) for the first")
    features = video_features(_windows(videos, firsts, window), chunk=chunk)
    return features.reshape(-1, len(firsts), features.shape[1]).swapaxes(0, 1)


def _windows(videos: Iterable[Any], firsts: Sequence[int], window: int) -> Iterator[Any]:
    """Yield the windows of the first video, of the second, and so on."""
    needed = max(firsts) + window
    for video in videos:
        if (frames := len(video)) < needed:
            raise ValueError(
                f"videos must have the {needed} frames that the last window needs, got {frames}; "
                "count starts from the first frame of what is given"
            )
        yield from (video[first : first + window] for first in firsts)


def _batches(videos: Iterable[Any], chunk: int) -> Iterator[list[np.ndarray]]:
    """Yield videos of one shape and type that follow each other, checked, about a chunk of them."""
    batch: list[np.ndarray] = []
    for video in videos:
        frames = check_pixels("every video", video, "frames")
        if len(frames) < i3d.LEAST_FRAMES:
            raise ValueError(
                f"every video must have at least {i3d.LEAST_FRAMES} frames for I3D, "
                f"got {len(frames)}; 16 are customary"
            )
        if batch and (frames.shape, frames.dtype) != (batch[0].shape, batch[0].dtype):
            yield batch
            batch = []
        batch.append(frames)
        if (len(batch) + 1) * len(frames) > chunk:
            yield batch
            batch = []
    if batch:
        yield batch
