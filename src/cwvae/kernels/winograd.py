"""Convolutions with stride 2 in fewer multiplications: two rows of the answer at a time.

Two neighbouring answers y of a convolution of data d with r taps g share so much that r + 1
products make both, where 2 r would be needed for each alone:

    y = A^T [(G g) * (B^T d)]

(Winograd 1980; Lavin and Gray 2016, equation 6, F(2, r)). Here that is done along the rows, with
matrix products over windows along the columns and over channels in place of *. With stride 2 the
even and the odd rows of a window are convolved apart, so a kernel of 4 has r = 2 taps, one of 6
has r = 3. What is multiplied shrinks to 3/4 and 2/3, and so does the gathering of windows.

The three functions are those of `im2col`, to rounding. In float32 that is as good, in bfloat16
errors are about twice as large, since sums are rounded before they are multiplied.
"""

from collections.abc import Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float

from cwvae.kernels.im2col import STRIDE, Kernel, LargeImages, SmallImages, gather, overlap

__all__ = ["TILES", "conv", "conv_transpose", "kernel_gradient"]

_ROWS = 2  # of the answer that a tile makes


class _Tile(NamedTuple):
    """The matrices of F(2, r); each has a row for each product."""

    data: np.ndarray  # B^T (r + 1, r + 1)
    taps: np.ndarray  # G (r + 1, r)
    answers: np.ndarray  # A (r + 1, 2)


TILES = {
    4: _Tile(
        data=np.array([[1, -1, 0], [0, 1, 0], [0, -1, 1]]),
        taps=np.array([[1, 0], [1, 1], [0, 1]]),
        answers=np.array([[1, 0], [1, 1], [0, 1]]),
    ),
    6: _Tile(
        data=np.array([[1, 0, -1, 0], [0, 1, 1, 0], [0, -1, 1, 0], [0, 1, 0, -1]]),
        taps=np.array([[1, 0, 0], [0.5, 0.5, 0.5], [0.5, -0.5, 0.5], [0, 0, 1]]),
        answers=np.array([[1, 0], [1, 1], [1, -1], [0, -1]]),
    ),
}
"""By the size of the kernel."""


def conv(kernel: Kernel, images: LargeImages) -> SmallImages:
    """Multiply tiles of the kernel with tiles of the images, and make two rows of all products."""
    size = kernel.shape[0]
    rows = (images.shape[1] - size) // STRIDE + 1
    products = [
        # Behind a barrier, as in `im2col.conv`.
        jnp.tensordot(lax.optimization_barrier(matrix.T), windows, 1)
        for matrix, windows in zip(_taps(kernel), _data(size, images, rows), strict=True)
    ]
    channels, tiles, columns, count = products[0].shape
    products = [product.reshape(channels, tiles, -1) for product in products]
    pairs = [_combined(row, products) for row in TILES[size].answers.T]
    answer = jnp.stack(pairs, axis=2).reshape(channels, _ROWS * tiles, columns, count)
    return answer[:, :rows]


def conv_transpose(kernel: Kernel, images: SmallImages, *, height: int, width: int) -> LargeImages:
    """Go back through all steps of `conv`, the last one first."""
    size, ins = kernel.shape[0], kernel.shape[2]
    pairs = _pairs(size, images)
    tiles, _, count = pairs.shape[2:]
    windows = jax.vmap(lambda matrix, pair: jnp.tensordot(matrix, pair, 1))(_taps(kernel), pairs)
    windows = windows.reshape(len(windows), size, -1, *windows.shape[2:])
    products = [overlap(window, width, axis=2) for window in windows]
    products = [product.reshape(STRIDE, ins, tiles, width * count) for product in products]
    data = [_combined(row, products) for row in TILES[size].data.T]
    # Even and odd rows side by side, so that what overlaps is two rows at a time.
    side_by_side = jnp.stack([jnp.moveaxis(both, 0, 2) for both in data])
    whole = overlap(side_by_side, -(-height // STRIDE), axis=1)
    return whole.reshape(ins, -1, width, count)[:, :height]


def kernel_gradient(large: LargeImages, small: SmallImages, *, size: int) -> Kernel:
    """Multiply tiles of the large images with tiles of the small ones."""
    rows, columns = small.shape[1:3]
    products = [
        windows[:, :, :columns].reshape(len(windows), -1) @ pair.reshape(len(pair), -1).T
        for windows, pair in zip(_data(size, large, rows), _pairs(size, small), strict=True)
    ]
    like = jax.ShapeDtypeStruct((size, size, large.shape[0], small.shape[0]), large.dtype)
    (kernel,) = jax.linear_transpose(_taps, like)(jnp.stack(products))
    return kernel


def _taps(kernel: Kernel) -> Float[Array, "products taps out"]:
    """Return G g: for each product a matrix of (columns, even or odd rows, in) and out."""
    size, _, ins, outs = kernel.shape
    taps = jnp.swapaxes(kernel.reshape(-1, STRIDE, size, ins, outs), 1, 2)
    return jnp.stack([_combined(row, taps).reshape(-1, outs) for row in TILES[size].taps])


def _data(
    size: int, images: LargeImages, rows: int
) -> list[Float[Array, "taps tiles columns images"]]:
    """Return B^T d: for each product the windows along the columns, and tiles for the rows."""
    channels, height, width, count = images.shape
    tiles, taps = -(-rows // _ROWS), size // STRIDE
    # The last tile may reach past the last row.
    short = max(0, STRIDE * (_ROWS * tiles + taps - 1) - height)
    whole = jnp.pad(images, [(0, 0), (0, short), (0, 0), (0, 0)])
    lines = whole.reshape(channels, height + short, width * count)

    def every_tile(row: int) -> Float[Array, "in tiles line"]:
        step = _ROWS * STRIDE
        return lax.slice_in_dim(lines, row, row + step * (tiles - 1) + 1, step, axis=1)

    def data(weights: np.ndarray) -> Float[Array, "taps tiles columns images"]:
        even, odd = (
            _combined(weights, [every_tile(STRIDE * tap + first) for tap in range(taps + 1)])
            for first in range(STRIDE)
        )
        both = jnp.concatenate([even, odd]).reshape(STRIDE * channels, tiles, width, count)
        return gather(size, both, axis=2)

    return [data(weights) for weights in TILES[size].data]


def _pairs(size: int, images: SmallImages) -> Float[Array, "products out tiles columns images"]:
    """Return A y: for each product the sum of two neighbouring rows that it contributes to."""
    channels, rows, columns, count = images.shape
    tiles = -(-rows // _ROWS)
    whole = jnp.pad(images, [(0, 0), (0, _ROWS * tiles - rows), (0, 0), (0, 0)])
    lines = whole.reshape(channels, tiles, _ROWS, columns * count)
    pair = [lines[:, :, row] for row in range(_ROWS)]
    # A concatenation and no stack: with it the decoder takes 40 ms for 64 frames, with a stack
    # 47 ms (jax 0.10.2, a Xeon of 2 cores).
    products = jnp.concatenate([_combined(row, pair)[None] for row in TILES[size].answers])
    return products.reshape(-1, channels, tiles, columns, count)


def _combined(
    weights: np.ndarray, parts: Sequence[Float[Array, "*axes"]] | Float[Array, " parts *axes"]
) -> Float[Array, "*axes"]:
    """Return the sum of the parts, one along the first axis for each weight.

    Most weights are 0, 1 or -1, and need no multiplication.
    """
    terms: list[Array] = [
        part if weight == 1 else -part if weight == -1 else float(weight) * part
        for weight, part in zip(weights, parts, strict=True)
        if weight
    ]
    return sum(terms[1:], start=terms[0])
