"""FDD and KDD: how far forecasts of Moving MNIST are from the truth, as distributions of digits.

FVD's formula with another network: the last hidden layer of the digit reader that ships, averaged
over the windows' frames, so that no weights are downloaded. It compares what digits look like, as
the reader's classifier sees them, and that they go on looking so. The reader cuts each digit out
first, so it is blind to where digits are and how they move: read it with `identity`'s positions
and with `motion_energy`.
"""

from typing import SupportsIndex

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from cwvae.arguments import whole_number
from cwvae.evaluation.distances import frechet_distance, kernel_distance
from cwvae.evaluation.reader import Reader, load_reader
from cwvae.shapes import checked

__all__ = ["FRAMES", "DigitDistances", "digit_distances", "reader_features"]

FRAMES = 16
"""Frames of a window of FDD and KDD, as of FVD."""

_Videos = Float[Array | np.ndarray, "videos frames height width 1"]
_CHUNK = 16  # videos at a time, the last ones filled up, so that one compilation is enough


class DigitDistances(eqx.Module):
    """How far two sets of windows are apart.

    **Arguments:** `frechet`, FDD, biased upwards for few windows; `kernel`, KDD, which is not;
    `windows` of the smaller set, to be stated with them.
    """

    frechet: float
    kernel: float
    windows: int


@checked
def digit_distances(
    forecasts: _Videos,
    truth: Float[Array | np.ndarray, "true_videos frames height width 1"],
    num_digits: SupportsIndex,
) -> DigitDistances:
    """Return FDD and KDD of windows of 16 frames: distances of their `reader_features`.

    Forecasts need not be of the videos of the truth. The protocol: the same frames of each video,
    such as `[:, 36:52]`, `[:, 284:300]` and `[:, 984:1000]` for the decay over a long forecast,
    one sample of each of 256 videos against as many true ones, and beside it the distance of
    true windows from those of 256 other videos.

    **Arguments:** `forecasts` and `truth`, a window each of two videos or more, clipped to [0, 1],
    of 32 x 32 or 64 x 64 pixels; `num_digits`, 1 or 2.

    Raises `ValueError` for windows of another length, fewer videos, or what a `Reader` cannot read.
    """
    if truth.shape[1] != FRAMES:
        raise ValueError(
            f"expected windows of {FRAMES} frames, got {truth.shape[1]}; cut them, as in "
            f"videos[:, :{FRAMES}]"
        )
    features, others = (reader_features(videos, num_digits) for videos in (forecasts, truth))
    return DigitDistances(
        frechet=frechet_distance(features, others),
        kernel=kernel_distance(features, others),
        windows=min(len(features), len(others)),
    )


@checked
def reader_features(
    videos: _Videos, num_digits: SupportsIndex
) -> Float[np.ndarray, "videos hidden"]:
    """Return the mean over frames and digits of the reader's last hidden layer, for each video.

    256 numbers, of which the class of a digit is an affine map. A mean over digits has no order.

    **Arguments:** `videos`, clipped to [0, 1], of 32 x 32 or 64 x 64 pixels; `num_digits`, 1 or 2.

    Raises `ValueError` for frames of another size, another number of digits, and no frames.
    """
    digits = whole_number("num_digits", num_digits)
    if 0 in videos.shape:
        raise ValueError(f"expected videos with frames, got shape {videos.shape}; give more")
    if (size := videos.shape[2]) != videos.shape[3]:
        raise ValueError(
            f"frames must be square, got {size} x {videos.shape[3]} pixels; resize them"
        )
    reader, count = load_reader(size), len(videos)
    videos = np.asarray(videos, np.float32)
    whole = np.concatenate([videos, np.zeros((-count % _CHUNK, *videos.shape[1:]), np.float32)])
    chunks = np.split(whole, len(whole) // _CHUNK)
    return np.concatenate([_features(reader, jnp.asarray(c), digits) for c in chunks])[:count]


@eqx.filter_jit
def _features(reader: Reader, videos: _Videos, num_digits: int) -> Float[Array, "videos hidden"]:
    """Return the features of a chunk, compiled once for each number of digits and frames."""
    found = reader.features(videos.reshape(-1, *videos.shape[2:]), num_digits)
    return found.reshape(len(videos), -1, found.shape[-1]).mean(1)
