"""I3D, the network of FVD: from videos to the logits of the 400 actions of Kinetics.

Carreira and Zisserman 2017, as in deepmind/kinetics-i3d: an Inception network whose convolutions
and pools have time as a third axis. Up to the pool where time is at a quarter of its rate, a long
video goes through it in pieces with what lies around them: the same numbers in less memory.
"""

import functools
from collections.abc import Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float, Shaped

from cwvae.evaluation.perceptual.pixels import scaled
from cwvae.evaluation.perceptual.resize import resize
from cwvae.evaluation.perceptual.weights import Weights, load_weights

__all__ = ["LEAST_FRAMES", "SIZE", "Units", "load_units", "logits"]

SIZE = 224
"""Rows and columns of the frames that the network was trained on."""
LEAST_FRAMES = 9
"""With fewer, less than two steps are left at an eighth of the rate, which the last pool needs."""

Units = dict[str, tuple[Array, Array]]
"""Kernel (time, height, width, input, output) and bias of every convolution, by its name."""

# (batch, time, height, width, channels), of which a layer changes all but the first.
_Grid = Float[Array, "batch _ _ _ _"]
_Pad = tuple[int, int]

_BN_EPS = 1e-3  # Sonnet's batch normalisation, which has a bias and no scale
_EARLIER = 4  # frames in one step of time after the lower layers


class _Layer(NamedTuple):
    """A convolution, an Inception module, or a pool, which has no name; (time, space)."""

    name: str
    kernel: tuple[int, int]
    stride: tuple[int, int] = (1, 1)


_LOWER = (
    _Layer("Conv3d_1a_7x7", (7, 7), (2, 2)),
    _Layer("", (1, 3), (1, 2)),
    _Layer("Conv3d_2b_1x1", (1, 1)),
    _Layer("Conv3d_2c_3x3", (3, 3)),
    _Layer("", (1, 3), (1, 2)),
    _Layer("Mixed_3b", (3, 3)),
    _Layer("Mixed_3c", (3, 3)),
    _Layer("", (3, 3), (2, 2)),
)
_UPPER = (
    *(_Layer(f"Mixed_4{letter}", (3, 3)) for letter in "bcdef"),
    _Layer("", (2, 2), (2, 2)),
    _Layer("Mixed_5b", (3, 3)),
    _Layer("Mixed_5c", (3, 3)),
)


@functools.cache
def load_units() -> Units:
    """Return the trained convolutions; raises as `load_weights` does."""
    return _units(load_weights("i3d"))


def logits(
    units: Units,
    videos: Shaped[Array | np.ndarray, "batch frames height width channels"],
    *,
    chunk: int = 64,
    size: int = SIZE,
) -> Float[Array, "batch 400"]:
    """Return the logits of every video, averaged over time.

    **Arguments:** `units`, of `load_units`; `videos`, bytes or floats in [0, 1], with at least
    `LEAST_FRAMES` frames, which are resized to `size`; `chunk`, frames that go through the lower
    layers at a time, beside those around them: memory, and nothing else, depends on it.
    """
    return _upper(units, _pieces(units, videos, chunk, size))


def _pieces(
    units: Units,
    videos: Shaped[Array | np.ndarray, "batch frames height width channels"],
    chunk: int,
    size: int,
) -> list[_Grid]:
    """Return the lower layers' result, piece by piece in time."""
    frames = videos.shape[1]
    steps, most = -(-frames // _EARLIER), max(1, chunk // _EARLIER)
    pieces = []
    for first in range(0, steps, most):
        start, stop, pads = _needed(first, min(steps, first + most), frames)
        pieces.append(_lower(units, jnp.asarray(videos[:, start:stop]), pads, size))
    return pieces


def _needed(first: int, last: int, frames: int) -> tuple[int, int, tuple[_Pad, ...]]:
    """Return the frames that some steps of the lower layers' result need, from start to stop.

    And how much each layer pads in time: something at the video's ends, nothing inside it.
    """
    pads = []
    for layer, extent in reversed([*zip(_LOWER, _extents(frames), strict=True)]):
        kernel, stride = layer.kernel[0], layer.stride[0]
        start = first * stride - _same(extent, kernel, stride)[0]
        stop = start + (last - first - 1) * stride + kernel
        pads.append((max(0, -start), max(0, stop - extent)))
        first, last = max(0, start), min(extent, stop)
    return first, last, tuple(reversed(pads))


def _extents(frames: int) -> list[int]:
    """Return the steps of time that come into every lower layer."""
    extents = [frames]
    for layer in _LOWER[:-1]:
        extents.append(-(-extents[-1] // layer.stride[0]))
    return extents


@functools.partial(jax.jit, static_argnums=(2, 3))
def _lower(
    units: Units,
    videos: Shaped[Array, "batch frames height width channels"],
    pads: tuple[_Pad, ...],
    size: int,
) -> _Grid:
    """Return what the lower layers make of a piece of each video."""
    grid = resize(scaled(videos), size)
    for layer, pad in zip(_LOWER, pads, strict=True):
        grid = _apply(units, layer, grid, pad)
    return grid


@jax.jit
def _upper(units: Units, pieces: Sequence[_Grid]) -> Float[Array, "batch 400"]:
    """Return the logits of what the lower layers made of all pieces of the videos."""
    grid = jnp.concatenate(pieces, axis=1)
    for layer in _UPPER:
        grid = _apply(units, layer, grid, _same(grid.shape[1], layer.kernel[0], layer.stride[0]))
    features = grid.mean((2, 3))
    # The mean of two steps at a time, whose logits are averaged, which may be done first.
    averaged = ((features[:, 1:] + features[:, :-1]) / 2).mean(1)
    kernel, bias = units["Logits/Conv3d_0c_1x1"]
    product = jnp.matmul(averaged, kernel[0, 0, 0], precision=lax.Precision.HIGHEST)
    return product + bias.reshape(1, -1)


def _apply(units: Units, layer: _Layer, grid: _Grid, pad: _Pad) -> _Grid:
    """Apply one layer, padded in time as given and in space as TensorFlow's "SAME"."""
    (time, space), (slower, smaller) = layer.kernel, layer.stride
    pads = (pad, *(_same(extent, space, smaller) for extent in grid.shape[2:4]))
    if layer.name.startswith("Mixed"):
        return _mixed(units, layer.name, grid, pads)
    strides = (slower, smaller, smaller)
    if layer.name:
        return _conv(units[layer.name], grid, strides, pads)
    return _pool(grid, (time, space, space), strides, pads)


def _mixed(units: Units, name: str, grid: _Grid, pads: Sequence[_Pad]) -> _Grid:
    """Apply an Inception module: four ways side by side."""
    parts = [f"{branch}_1x1" for branch in ("0/Conv3d_0a", "1/Conv3d_0a", "2/Conv3d_0a")]
    point, *narrow = (_conv(units[f"{name}/Branch_{part}"], grid) for part in parts)
    # Where the others lose a step that is not padded, so does this one.
    (before, after), *_ = pads
    point = point[:, 1 - before : point.shape[1] - 1 + after]
    wide = (
        _conv(units[f"{name}/Branch_{branch}/Conv3d_0b_3x3"], inner, pads=pads)
        for branch, inner in enumerate(narrow, start=1)
    )
    pooled = _pool(grid, (3, 3, 3), (1, 1, 1), pads)
    last = _conv(units[f"{name}/Branch_3/Conv3d_0b_1x1"], pooled)
    return jnp.concatenate([point, *wide, last], axis=-1)


def _conv(
    unit: tuple[Array, Array],
    grid: _Grid,
    strides: Sequence[int] = (1, 1, 1),
    pads: Sequence[_Pad] = ((0, 0),) * 3,
) -> _Grid:
    """Apply a convolution and a rectifier.

    As one over space, whose channels are those of all steps of time that a kernel covers: on a
    CPU up to seven times faster than XLA's convolution over three axes.
    """
    kernel, bias = unit
    padded = jnp.pad(grid, ((0, 0), pads[0], (0, 0), (0, 0), (0, 0)))
    steps = jnp.concatenate(_shifted(padded, 1, kernel.shape[0], strides[0]), axis=-1)
    summed = lax.conv_general_dilated(
        steps.reshape(-1, *steps.shape[2:]),
        jnp.moveaxis(kernel, 0, 2).reshape(*kernel.shape[1:3], -1, kernel.shape[4]),
        strides[1:],
        pads[1:],
        dimension_numbers=("NHWC", "HWIO", "NHWC"),
        precision=lax.Precision.HIGHEST,
    )
    rectified = jax.nn.relu(summed + bias.reshape(1, 1, 1, -1))
    return rectified.reshape(*steps.shape[:2], *summed.shape[1:])


def _pool(
    grid: _Grid, window: Sequence[int], strides: Sequence[int], pads: Sequence[_Pad]
) -> _Grid:
    """Return the largest value in each window, one axis after the other."""
    for axis, (extent, stride, pad) in enumerate(zip(window, strides, pads, strict=True), start=1):
        edges = [pad if other == axis else (0, 0) for other in range(grid.ndim)]
        padded = jnp.pad(grid, edges, constant_values=-jnp.inf)
        grid = functools.reduce(jnp.maximum, _shifted(padded, axis, extent, stride))
    return grid


def _shifted(grid: _Grid, axis: int, extent: int, stride: int) -> list[_Grid]:
    """Return the first places of all windows along an axis, their second places, and so on."""
    reach = (grid.shape[axis] - extent) // stride * stride + 1
    return [lax.slice_in_dim(grid, i, i + reach, stride, axis) for i in range(extent)]


def _same(extent: int, kernel: int, stride: int) -> _Pad:
    """Return how TensorFlow's "SAME" pads an axis, before and after."""
    total = max(0, (-(-extent // stride) - 1) * stride + kernel - extent)
    return total // 2, total - total // 2


def _units(weights: Weights) -> Units:
    """Return the convolutions with their batch normalisation folded into them."""
    ending = "/Conv_0/kernel"
    names = [n.removeprefix("params/").removesuffix(ending) for n in weights if ending in n]
    units = {}
    for name in names:
        kernel = weights[f"params/{name}{ending}"]
        if (bias := weights.get(f"params/{name}/Conv_0/bias")) is None:
            below = f"batch_stats/{name}/BatchNorm_0"
            scale = 1 / np.sqrt(weights[f"{below}/var"].reshape(-1).astype(np.float64) + _BN_EPS)
            mean = weights[f"{below}/mean"].reshape(-1)
            bias = weights[f"params/{name}/BatchNorm_0/bias"] - mean * scale
            kernel = kernel * scale
        units[name] = jnp.asarray(kernel, jnp.float32), jnp.asarray(bias, jnp.float32)
    return units
