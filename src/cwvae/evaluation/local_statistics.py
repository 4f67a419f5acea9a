"""What SSIM is made of: luminance and structure of two images in every window."""

import functools
import math

import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.typing import DTypeLike
from jaxtyping import Array, Float

__all__ = ["Images", "check_range", "luminance_and_structure"]

Images = Float[Array | np.ndarray, "height width channels"]
"""A frame with its axes."""

_Maps = Float[Array, "rows columns channels"]

# Wang et al. 2004, and scikit-image's defaults.
_K1 = 0.01
_K2 = 0.03


def luminance_and_structure(
    prediction: Images,
    target: Images,
    window: Float[np.ndarray, " window"],
    *,
    data_range: float | int,
    sample: float = 1.0,
) -> tuple[_Maps, _Maps]:
    """Return the two factors of SSIM in every window that lies inside the image.

    Wang et al. 2004, equation 13, with K1 = 0.01 and K2 = 0.03: how alike the means are, and how
    alike contrast and structure are, together.

    **Arguments:** `prediction` and `target`; `window`, the weights of one direction, whose sum is
    1: a window weighs a pixel with the product of both directions; `data_range` of the frames;
    `sample`, a factor of variances and covariances.
    """
    floor_of_means = (_K1 * data_range) ** 2
    floor_of_variances = (_K2 * data_range) ** 2
    means = functools.partial(_window_means, window=window)
    # An offset does not change covariances, and mean(x y) - mean(x) mean(y) keeps its digits in
    # float32 when x and y are small: subtract the offset first, and add it to the means later.
    offset_p = jnp.mean(prediction, axis=(0, 1), keepdims=True)
    offset_t = jnp.mean(target, axis=(0, 1), keepdims=True)
    p, t = prediction - offset_p, target - offset_t
    mean_p, mean_t = means(p), means(t)
    variance_p = sample * (means(p * p) - mean_p * mean_p)
    variance_t = sample * (means(t * t) - mean_t * mean_t)
    covariance = sample * (means(p * t) - mean_p * mean_t)
    mean_p, mean_t = mean_p + offset_p, mean_t + offset_t
    luminance = (2 * mean_p * mean_t + floor_of_means) / (
        mean_p * mean_p + mean_t * mean_t + floor_of_means
    )
    structure = (2 * covariance + floor_of_variances) / (
        variance_p + variance_t + floor_of_variances
    )
    return luminance, structure


def _window_means(image: Images, window: Float[np.ndarray, " window"]) -> _Maps:
    """Return the weighted mean of every window that lies inside the image.

    As two products with band matrices, in the highest precision, which on an accelerator is not
    the default: the variances of SSIM are small differences of these means.
    """
    rows = _band(image.shape[0], window, image.dtype)
    columns = _band(image.shape[1], window, image.dtype)
    product = functools.partial(jnp.einsum, precision=lax.Precision.HIGHEST)
    return product("jw,iwc->ijc", columns, product("ih,hwc->iwc", rows, image))


def _band(
    extent: int, window: Float[np.ndarray, " window"], dtype: DTypeLike
) -> Float[Array, "windows extent"]:
    """Return the matrix whose product averages neighbours."""
    count = extent - len(window) + 1
    bands = (weight * np.eye(count, extent, shift) for shift, weight in enumerate(window))
    return jnp.asarray(sum(bands), dtype)


def check_range(data_range: float | int) -> None:
    """Raise `ValueError` for a range that is not positive and finite."""
    if not 0.0 < data_range < math.inf:
        raise ValueError(
            f"expected a positive and finite data_range, got {data_range}; "
            "use 1.0 for frames in [0, 1]"
        )
