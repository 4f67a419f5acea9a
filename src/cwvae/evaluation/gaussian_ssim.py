"""SSIM with Gaussian windows of 11x11 pixels, and MS-SSIM, of one frame, for callers to vmap.

Numbers of two protocols cannot be compared: name the window, the data range, and for MS-SSIM the
number of scales beside them.
"""

from typing import SupportsIndex

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from cwvae.arguments import whole_number
from cwvae.evaluation.local_statistics import Images, check_range, luminance_and_structure
from cwvae.shapes import Frame, checked

__all__ = ["SCALE_WEIGHTS", "most_scales", "ms_ssim", "ssim_gaussian"]

SCALE_WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
"""Exponents of the scales of MS-SSIM, the finest first (Wang, Simoncelli and Bovik 2003)."""

_WINDOW = 11
_SIGMA = 1.5


@checked
def ssim_gaussian(
    prediction: Frame, target: Frame, *, data_range: float | int = 1.0
) -> Float[Array, ""]:
    """Return the structural similarity of a frame, in [-1, 1]; identical frames give 1.

    As Wang et al. 2004 define it: windows of 11x11 pixels, Gaussian with a deviation of 1.5,
    covariances of the population, K1 = 0.01, K2 = 0.03, the mean over all windows inside the frame
    and over channels. It is scikit-image's `structural_similarity` with `gaussian_weights=True,
    sigma=1.5, use_sample_covariance=False`. With a data range of 1 it is also `finn_ssim` of the
    code of Finn et al. 2016, Babaeizadeh et al. 2017 and SVG (Denton and Fergus 2018), to rounding;
    what SVG's own `eval_seq` calls is another one, with uniform 7x7 windows: `metrics.ssim`.

    **Arguments:** `prediction`, which is not clipped, and `target`, both (height, width,
    channels) of at least 11x11 pixels; `data_range`, 1 for frames in [0, 1].

    Raises `ValueError` for a `data_range` that is not positive and finite, frames that have other
    axes, or smaller ones.
    """
    check_range(data_range)
    _check_axes(target)
    luminance, structure = luminance_and_structure(
        prediction, target, _gaussian(), data_range=data_range
    )
    return jnp.mean(luminance * structure)


@checked
def ms_ssim(
    prediction: Frame,
    target: Frame,
    *,
    scales: SupportsIndex = 5,
    data_range: float | int = 1.0,
) -> Float[Array, ""]:
    """Return the multi-scale structural similarity of a frame, in [0, 1]; identical frames give 1.

    Wang, Simoncelli and Bovik 2003, equation 7: the product over scales of the mean of contrast and
    structure, at the coarsest scale of the mean SSIM, to the powers `SCALE_WEIGHTS`. Windows are
    those of `ssim_gaussian`; from one scale to the next blocks of 2x2 pixels are averaged, an odd
    last row or column counting twice; a negative mean counts as 0, and the answers of channels are
    averaged, as in `tf.image.ssim_multiscale`.

    The published five scales need frames of at least 161 pixels. Smaller ones have fewer scales
    here, the finest ones, with weights divided by their sum: 3 for frames of 64 pixels, 2 for 32.
    This is **another metric**, to be named with its number, "MS-SSIM, 3 scales". Other code
    shrinks the window instead, whose numbers differ.

    **Arguments:** `prediction`, which is not clipped, and `target`, both (height, width,
    channels); `scales`, from 1 to 5, no more than `most_scales` of the frame; `data_range`, 1 for
    frames in [0, 1].

    Raises `ValueError` for a `data_range` that is not positive and finite, frames that have other
    axes or are too small for the scales, and another number of scales.
    """
    check_range(data_range)
    _check_axes(target)
    weights = _weights(scales, *target.shape[:2])
    answer = jnp.ones(target.shape[-1], jnp.result_type(prediction, target))
    for scale, weight in enumerate(weights, start=1):
        luminance, structure = luminance_and_structure(
            prediction, target, _gaussian(), data_range=data_range
        )
        maps = structure if scale < len(weights) else luminance * structure
        answer = answer * jnp.maximum(maps.mean((0, 1)), 0) ** weight
        prediction, target = _halved(prediction), _halved(target)
    return answer.mean()


def _weights(scales: SupportsIndex, height: int, width: int) -> tuple[float, ...]:
    """Return the exponent of every scale, or raise `ValueError` for too many."""
    count = whole_number("scales", scales)
    if count > (most := most_scales(height, width)):
        raise ValueError(
            f"expected at most {most} scales for frames of {height} x {width} pixels, got {count}: "
            f"the coarsest must hold a window of {_WINDOW} x {_WINDOW}; use scales={most} and "
            "state it beside the number"
        )
    # All five are as published; their sum is 1.0001.
    whole = count == len(SCALE_WEIGHTS)
    total = 1.0 if whole else sum(SCALE_WEIGHTS[:count])
    return tuple(weight / total for weight in SCALE_WEIGHTS[:count])


def most_scales(height: int, width: int) -> int:
    """Return how many scales, at most five, a frame has for `ms_ssim`, 0 below 11 pixels."""
    edge, count = min(height, width), 0
    while edge >= _WINDOW and count < len(SCALE_WEIGHTS):
        edge, count = -(-edge // 2), count + 1
    return count


def _halved(images: Images) -> Float[Array, "rows columns channels"]:
    """Return the means of blocks of 2x2 pixels."""
    height, width, channels = images.shape
    even = jnp.pad(images, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
    blocks = even.reshape((height + 1) // 2, 2, (width + 1) // 2, 2, channels)
    return blocks.mean((1, 3))


def _gaussian() -> Float[np.ndarray, " window"]:
    """Return the weights of a window in one direction."""
    weights = np.exp(-0.5 * np.square((np.arange(_WINDOW) - _WINDOW // 2) / _SIGMA))
    return weights / weights.sum()


def _check_axes(frame: Frame) -> None:
    """Raise `ValueError` for a frame without its axes, or smaller than a window."""
    if frame.ndim != 3 or min(frame.shape[:2]) < _WINDOW:
        raise ValueError(
            f"expected frames (height, width, channels) of at least {_WINDOW}x{_WINDOW} pixels, "
            f"the size of the Gaussian window, got shape {frame.shape}; use larger frames, or ssim"
        )
