"""Convolutions with stride 2 over many images at once, and the gradients that they need.

Images are (channels, height, width, images): the *last* axis counts them, so that whatever moves
pixels about moves runs of consecutive numbers. `correlate` and `spread` are adjoint linear maps,
to space what `clock.pool` and `clock.hold` are to time, so each is the other's gradient, and both
share `correlation`, the gradient of the kernel.

Each of the three is written for a CPU and for all else. On a CPU it is made of matrix products
(`windows` and `winograd`), since XLA's own convolutions and above all their gradients are several
times slower there. Elsewhere it is XLA's convolution. They have gradients in reverse mode only
(no `jax.jvp`), and inside `jax.lax.map` and `scan` of the first order only.
"""

from functools import partial
from types import ModuleType

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float, PRNGKeyArray

from cwvae import windows, winograd
from cwvae.initialisers import glorot_uniform, zeros
from cwvae.layers import add_bias
from cwvae.windows import STRIDE, Images, Kernel

__all__ = ["Conv", "ConvTranspose", "correlate", "correlation", "spread"]

LAYOUT = ("CHWN", "HWIO", "CHWN")


class Conv(eqx.Module):
    """A convolution with stride 2 and no padding: `kernel` (size, size, in, out), as in Keras.

    An edge of n pixels becomes (n - size) // 2 + 1 pixels. It computes in the precision of the
    images.
    """

    kernel: Float[Array, "size size in out"]
    bias: Float[Array, "out"]

    def __init__(self, in_channels: int, out_channels: int, size: int, *, key: PRNGKeyArray):
        """Draw a Glorot uniform kernel and zero biases."""
        self.kernel = glorot_uniform((size, size, in_channels, out_channels), key=key)
        self.bias = zeros(out_channels)

    def __call__(
        self, images: Float[Array, "in height width images"]
    ) -> Float[Array, "out rows columns images"]:
        """Correlate the images with the kernel (no flip) at every second pixel."""
        answer = correlate(self.kernel.astype(images.dtype), images)
        return add_bias(answer, self.bias.reshape(-1, 1, 1, 1))


class ConvTranspose(eqx.Module):
    """A transposed convolution with stride 2 and no padding: `kernel` (size, size, out, in).

    An edge of n pixels becomes 2 (n - 1) + size pixels. It computes in the precision of the
    images.
    """

    kernel: Float[Array, "size size out in"]
    bias: Float[Array, "out"]

    def __init__(self, in_channels: int, out_channels: int, size: int, *, key: PRNGKeyArray):
        """Draw a Glorot uniform kernel and zero biases."""
        self.kernel = glorot_uniform((size, size, out_channels, in_channels), key=key)
        self.bias = zeros(out_channels)

    def __call__(
        self, images: Float[Array, "in rows columns images"]
    ) -> Float[Array, "out height width images"]:
        """Spread every pixel over a window, windows two pixels apart (the kernel not flipped)."""
        kernel = self.kernel.astype(images.dtype)
        height, width = (
            STRIDE * (edge - 1) + size
            for edge, size in zip(images.shape[1:3], kernel.shape[:2], strict=True)
        )
        answer = jnp.asarray(spread(kernel, images, height, width))
        return add_bias(answer, self.bias.reshape(-1, 1, 1, 1))

    def from_pixel(self, pixel: Float[Array, "in"]) -> Float[Array, "size size out"]:
        """Return what becomes of an image of one pixel: (height, width, channels), in that order.

        There a transposed convolution is a dense layer, and for many images one matrix product.
        """
        window = self.kernel.astype(pixel.dtype).reshape(-1, self.kernel.shape[-1]) @ pixel
        return add_bias(window.reshape(self.kernel.shape[:3]), self.bias.reshape(1, 1, -1))


@jax.custom_vjp
def correlate(kernel: Kernel, images: Images) -> Images:
    """Multiply windows, two pixels apart, with a kernel (size, size, in, out), and add up."""
    return lax.platform_dependent(kernel, images, cpu=_correlate_on_cpu, default=_correlate_by_xla)


@partial(jax.custom_vjp, nondiff_argnums=(2, 3))
def spread(kernel: Kernel, images: Images, height: int, width: int) -> Images:
    """Add up windows, two pixels apart, of a kernel (size, size, out, in) times each pixel.

    The adjoint of `correlate` for images of `height` and `width`, which may reach past the last
    window.
    """
    return lax.platform_dependent(
        kernel,
        images,
        cpu=partial(_spread_on_cpu, height=height, width=width),
        default=partial(_spread_by_xla, height=height, width=width),
    )


@partial(jax.custom_vjp, nondiff_argnums=(2,))
def correlation(large: Images, small: Images, size: int) -> Kernel:
    """Return the gradient of a kernel (size, size, channels of large, channels of small).

    `large` and `small` are the images on the two sides of `correlate`, or their gradients.
    """
    return lax.platform_dependent(
        large,
        small,
        cpu=partial(_correlation_on_cpu, size=size),
        default=partial(_correlation_by_xla, size=size),
    )


# Only what goes in is kept for the gradient: windows, which are several times larger, are not.


def _correlate_forward(kernel, images):
    return correlate(kernel, images), (kernel, images)


def _correlate_backward(kept, gradient):
    kernel, images = kept
    return (
        correlation(images, gradient, kernel.shape[0]),
        spread(kernel, gradient, *images.shape[1:3]),
    )


def _spread_forward(kernel, images, height, width):
    return spread(kernel, images, height, width), (kernel, images)


def _spread_backward(height, width, kept, gradient):
    kernel, images = kept
    rows, columns = images.shape[1:3]
    # Pixels past the last window have heard nothing.
    size = kernel.shape[0]
    gradient = gradient[:, : STRIDE * (rows - 1) + size, : STRIDE * (columns - 1) + size]
    return correlation(gradient, images, size), correlate(kernel, gradient)


def _correlation_forward(large, small, size):
    return correlation(large, small, size), (large, small)


def _correlation_backward(size, kept, gradient):
    large, small = kept
    return spread(gradient, small, *large.shape[1:3]), correlate(gradient, large)


correlate.defvjp(_correlate_forward, _correlate_backward)
spread.defvjp(_spread_forward, _spread_backward)
correlation.defvjp(_correlation_forward, _correlation_backward)


def _on_cpu(kernel: tuple[int, ...], rows: int, dtype: np.dtype) -> ModuleType:
    """Return how a CPU does it: in fewer multiplications where that is also less time.

    Few rows and few channels make few multiplications for each number that tiles move, and in
    numbers of few bits the sums that tiles are made of would be rounded too much.
    """
    size, _, *channels = kernel
    pays = size in winograd.TILES and rows >= 6 and min(channels) >= 16 and dtype.itemsize >= 4
    return winograd if pays else windows


def _correlate_on_cpu(kernel: Kernel, images: Images) -> Images:
    """Choose by the rows of the answer."""
    rows = (images.shape[1] - kernel.shape[0]) // STRIDE + 1
    return _on_cpu(kernel.shape, rows, images.dtype).correlate(kernel, images)


def _spread_on_cpu(kernel: Kernel, images: Images, *, height: int, width: int) -> Images:
    """Choose by the rows of the images."""
    way = _on_cpu(kernel.shape, images.shape[1], images.dtype)
    return way.spread(kernel, images, height=height, width=width)


def _correlation_on_cpu(large: Images, small: Images, *, size: int) -> Kernel:
    """Choose by the rows of the small images."""
    kernel = (size, size, large.shape[0], small.shape[0])
    return _on_cpu(kernel, small.shape[1], large.dtype).correlation(large, small, size=size)


def _correlate_by_xla(kernel: Kernel, images: Images) -> Images:
    """Let XLA do it."""
    return lax.conv_general_dilated(
        images, kernel, (STRIDE, STRIDE), "VALID", dimension_numbers=LAYOUT
    )


def _spread_by_xla(kernel: Kernel, images: Images, *, height: int, width: int) -> Images:
    """Let XLA do it: transpose its convolution."""
    like = jax.ShapeDtypeStruct((kernel.shape[2], height, width, images.shape[3]), images.dtype)
    (answer,) = jax.linear_transpose(partial(_correlate_by_xla, kernel), like)(images)
    return answer


def _correlation_by_xla(large: Images, small: Images, *, size: int) -> Kernel:
    """Let XLA do it: transpose its convolution with respect to the kernel."""
    shape = (size, size, large.shape[0], small.shape[0])
    like = jax.ShapeDtypeStruct(shape, large.dtype)
    (answer,) = jax.linear_transpose(lambda kernel: _correlate_by_xla(kernel, large), like)(small)
    return answer
