"""Strided convolutions as one matrix product each, laid out as in Keras.

Images are (height, width, channels). `Conv` gathers windows with `unfold` and multiplies;
`ConvTranspose` multiplies and spreads windows with `fold`. The two are adjoint linear maps, to
space what `clock.pool` and `clock.hold` are to time. Matrix products, because XLA's gradients of
strided and transposed convolutions are several times slower on a CPU.
"""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from cwvae.initialisers import glorot_uniform, zeros

__all__ = ["Conv", "ConvTranspose", "fold", "unfold"]

STRIDE = 2  # of every convolution of the official networks


def unfold(taps: int, image: Float[Array, "rows columns a"]) -> Float[Array, "rows2 columns2 b"]:
    """Gather every window of taps x taps pixels: (n, m, c) to (n-taps+1, m-taps+1, taps taps c)."""
    rows, columns = (edge - taps + 1 for edge in image.shape[:2])
    shifts = [(row, column) for row in range(taps) for column in range(taps)]
    windows = [image[row : row + rows, column : column + columns] for row, column in shifts]
    return jnp.concatenate(windows, axis=-1)


def fold(taps: int, windows: Float[Array, "rows2 columns2 b"]) -> Float[Array, "rows columns a"]:
    """Add up overlapping windows of taps x taps pixels: the adjoint of `unfold`."""
    shifts = [(row, column) for row in range(taps) for column in range(taps)]
    # lax.split, since its gradient is one concatenation and that of slicing a sum of paddings.
    parts = jax.lax.split(windows, [windows.shape[-1] // taps**2] * taps**2, axis=-1)
    last = taps - 1
    spread = [
        jnp.pad(part, [(row, last - row), (column, last - column), (0, 0)])
        for part, (row, column) in zip(parts, shifts, strict=True)
    ]
    return sum(spread[1:], start=spread[0])


class Conv(eqx.Module):
    """A convolution with stride 2 and no padding: `kernel` (size, size, in, out).

    An edge of n pixels becomes (n - size) // 2 + 1 pixels.
    """

    kernel: Float[Array, "size size in out"]
    bias: Float[Array, "out"]

    def __init__(self, in_channels: int, out_channels: int, size: int, *, key: PRNGKeyArray):
        """Draw a Glorot uniform kernel and zero biases."""
        self.kernel = glorot_uniform((size, size, in_channels, out_channels), key=key)
        self.bias = zeros(out_channels)

    def __call__(self, image: Float[Array, "height width in"]) -> Float[Array, "rows columns out"]:
        """Correlate the image with the kernel (no flip) at every second pixel."""
        taps, blocks = _in_blocks(self.kernel)
        rows, columns = ((edge - self.kernel.shape[0]) // STRIDE + taps for edge in image.shape[:2])
        # Pixels that no window reaches are cut, those past the edge only meet zeros of the kernel.
        image = _fit(image, STRIDE * rows, STRIDE * columns)
        windows = unfold(taps, _space_to_depth(image))
        return windows @ blocks.reshape(-1, blocks.shape[-1]) + self.bias.reshape(1, 1, -1)


class ConvTranspose(eqx.Module):
    """A transposed convolution with stride 2 and no padding: `kernel` (size, size, out, in).

    An edge of n pixels becomes 2 (n - 1) + size pixels.
    """

    kernel: Float[Array, "size size out in"]
    bias: Float[Array, "out"]

    def __init__(self, in_channels: int, out_channels: int, size: int, *, key: PRNGKeyArray):
        """Draw a Glorot uniform kernel and zero biases."""
        self.kernel = glorot_uniform((size, size, out_channels, in_channels), key=key)
        self.bias = zeros(out_channels)

    def __call__(self, image: Float[Array, "rows columns in"]) -> Float[Array, "height width out"]:
        """Spread every pixel over a window, windows two pixels apart (the kernel not flipped)."""
        taps, blocks = _in_blocks(self.kernel)
        height, width = (STRIDE * (edge - 1) + self.kernel.shape[0] for edge in image.shape[:2])
        windows = image @ blocks.reshape(-1, blocks.shape[-1]).T
        image = _depth_to_space(fold(taps, windows))[:height, :width]
        return image + self.bias.reshape(1, 1, -1)


def _in_blocks(
    kernel: Float[Array, "size size a b"],
) -> tuple[int, Float[Array, "taps taps two two a b"]]:
    """Cut a kernel into blocks of 2 x 2, padded with zeros to whole blocks."""
    size = kernel.shape[0]
    taps = -(-size // STRIDE)
    short = STRIDE * taps - size
    kernel = jnp.pad(kernel, [(0, short), (0, short), (0, 0), (0, 0)])
    blocks = kernel.reshape(taps, STRIDE, taps, STRIDE, *kernel.shape[2:])
    return taps, blocks.transpose(0, 2, 1, 3, 4, 5)


def _fit(
    image: Float[Array, "rows columns a"], height: int, width: int
) -> Float[Array, "height width a"]:
    """Cut an image, or pad it with zeros, at the far edges."""
    image = image[:height, :width]
    return jnp.pad(image, [(0, height - image.shape[0]), (0, width - image.shape[1]), (0, 0)])


def _space_to_depth(image: Float[Array, "height width a"]) -> Float[Array, "rows columns b"]:
    """Move each block of 2 x 2 pixels into the channels, (row, column, channel) in that order."""
    height, width, channels = image.shape
    blocks = image.reshape(height // STRIDE, STRIDE, width // STRIDE, STRIDE, channels)
    return blocks.transpose(0, 2, 1, 3, 4).reshape(height // STRIDE, width // STRIDE, -1)


def _depth_to_space(image: Float[Array, "rows columns b"]) -> Float[Array, "height width a"]:
    """Undo `_space_to_depth`."""
    rows, columns, _ = image.shape
    blocks = image.reshape(rows, columns, STRIDE, STRIDE, -1).transpose(0, 2, 1, 3, 4)
    return blocks.reshape(STRIDE * rows, STRIDE * columns, -1)
