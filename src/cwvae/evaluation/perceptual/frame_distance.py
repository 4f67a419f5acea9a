"""LPIPS: how different two frames look, by the features of a network that knows pictures."""

import functools
from collections.abc import Sequence
from typing import NamedTuple, SupportsIndex

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float, Shaped

from cwvae.arguments import whole_number
from cwvae.evaluation.perceptual.pixels import check_pixels, scaled
from cwvae.evaluation.perceptual.weights import load_weights
from cwvae.shapes import checked

__all__ = ["NETWORKS", "lpips"]

NETWORKS = ("alex", "vgg")
"""The networks of `lpips`: AlexNet, with which it is reported, and VGG16."""

# How the images of the backbones' training were normalised, in [-1, 1], by channel.
_SHIFT = (-0.030, -0.088, -0.188)
_SCALE = (0.458, 0.448, 0.450)
_EPSILON = 1e-10
_LEAST = 32  # pixels; less than 31 leave nothing of AlexNet's last layers

# (frames, height, width, channels), of which a layer changes all but the first.
_Grid = Float[Array, "frames _ _ _"]


class _Conv(NamedTuple):
    """What there is to know of a convolution beside its weights.

    Whether its rectified output is compared, and how large a pool, of stride 2, follows.
    """

    padding: int
    stride: int = 1
    compared: bool = True
    pool: int = 0


_LAYERS = {
    "alex": (_Conv(2, stride=4, pool=3), _Conv(2, pool=3), _Conv(1), _Conv(1), _Conv(1)),
    "vgg": tuple(
        _Conv(1, compared=last, pool=2 * (last and number < 4))
        for number, convs in enumerate((2, 2, 3, 3, 3))
        for last in (False,) * (convs - 1) + (True,)
    ),
}


class _Network(eqx.Module):
    """Trained weights: a kernel and a bias of every convolution, and a weight per channel."""

    convs: list[tuple[Array, Array]]
    heads: list[Array]


@checked
def lpips(
    frames: Shaped[Array | np.ndarray, "*frames height width channels"],
    others: Shaped[Array | np.ndarray, "*frames height width channels"],
    *,
    network: str = "alex",
    chunk: SupportsIndex = 64,
) -> Float[np.ndarray, "*frames"]:
    """Return the learned perceptual distance (LPIPS) of every frame from another one.

    Zhang et al. 2018, arXiv:1801.03924, version 0.1: the weighted squared differences of a
    network's features, of length 1 at every pixel, averaged over pixels and summed over five
    layers; 0 for equal frames, smaller is better.

    Frames are clipped to [0, 1] and scaled to [-1, 1] here (numbers that were computed on [0, 1]
    are others), gray ones put into all three channels, and **not** resized: of 64 x 64 pixels
    AlexNet's last layers have 3 x 3, and results on enlarged frames are others.

    **Arguments:**

    - `frames`, `others`: of one shape, at least 32 x 32 pixels, 1 or 3 channels, with any axes
      before, bytes or floats in [0, 1].
    - `network`: "alex", which most papers report, or "vgg".
    - `chunk`: pairs of frames that are in the network at a time. Memory and speed depend on it.

    Raises `ValueError` for another network and frames of other sizes or values, `TypeCheckError`
    for two shapes, `MissingExtraError` without the extra `metrics`.
    """
    if network not in NETWORKS:
        raise ValueError(f"network must be one of {NETWORKS}, got {network!r}; use 'alex'")
    chunk = whole_number("chunk", chunk)
    first, second = _in_a_row("frames", frames), _in_a_row("others", others)
    trained = _trained(network)
    distances = np.empty(len(first), np.float32)
    for start in range(0, len(first), chunk):
        # The last chunk is filled with the last pair, so that one compilation is enough.
        rows = np.minimum(np.arange(start, start + min(chunk, len(first))), len(first) - 1)
        distances[rows] = _distances(trained, network, first[rows], second[rows])
    return distances.reshape(frames.shape[:-3])


def _in_a_row(
    name: str, frames: Shaped[Array | np.ndarray, "*frames height width channels"]
) -> Shaped[np.ndarray, "all height width channels"]:
    """Return frames without the axes before them, or raise `ValueError` for wrong ones."""
    array = check_pixels(name, frames, "")
    *_, height, width, channels = array.shape
    if min(height, width) < _LEAST:
        raise ValueError(
            f"{name} must have at least {_LEAST} x {_LEAST} pixels for LPIPS, "
            f"got {height} x {width}; enlarge them, and state how"
        )
    return array.reshape(-1, height, width, channels)


@functools.cache
def _trained(name: str) -> _Network:
    """Return a trained network; raises as `load_weights` does."""
    weights = load_weights(name)
    above = {"alex": "AlexNet_0", "vgg": "VGG16_0"}[name]
    places = (f"{above}/Conv_{i}" for i in range(len(_LAYERS[name])))
    return _Network(
        [(jnp.asarray(weights[f"{p}/kernel"]), jnp.asarray(weights[f"{p}/bias"])) for p in places],
        [jnp.asarray(weights[f"NetLinLayer_{i}/Conv_0/kernel"].reshape(-1)) for i in range(5)],
    )


@functools.partial(jax.jit, static_argnums=1)
def _distances(
    trained: _Network,
    name: str,
    frames: Shaped[Array | np.ndarray, "frames height width channels"],
    others: Shaped[Array | np.ndarray, "frames height width channels"],
) -> Float[Array, " frames"]:
    """Return the distance of every pair."""
    shift, scale = (jnp.asarray(c, jnp.float32).reshape(1, 1, 1, 3) for c in (_SHIFT, _SCALE))
    inputs = ((scaled(images) - shift) / scale for images in (frames, others))
    first, second = (_features(trained, name, grid) for grid in inputs)
    total = jnp.zeros(len(frames), jnp.float32)
    for ours, theirs, head in zip(first, second, trained.heads, strict=True):
        weighted = jnp.square(ours - theirs) * head.reshape(1, 1, 1, -1)
        total = total + weighted.sum(-1).mean((1, 2))
    return total


def _features(trained: _Network, name: str, grid: _Grid) -> Sequence[_Grid]:
    """Return the features of frames, of length 1 at every pixel, of the layers that count."""
    found = []
    for layer, (kernel, bias) in zip(_LAYERS[name], trained.convs, strict=True):
        summed = lax.conv_general_dilated(
            grid,
            kernel,
            (layer.stride,) * 2,
            [(layer.padding,) * 2] * 2,
            dimension_numbers=("NHWC", "HWIO", "NHWC"),
            precision=lax.Precision.HIGHEST,
        )
        grid = jax.nn.relu(summed + bias.reshape(1, 1, 1, -1))
        if layer.compared:
            length = jnp.sqrt(jnp.square(grid).sum(-1, keepdims=True))
            found.append(grid / (length + _EPSILON))
        if layer.pool:
            window = (1, layer.pool, layer.pool, 1)
            grid = lax.reduce_window(grid, -jnp.inf, lax.max, window, (1, 2, 2, 1), "VALID")
    return found
