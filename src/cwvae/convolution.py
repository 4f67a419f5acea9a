"""Convolutions with stride 2 over many images at once, and the gradients that they need.

Images are (channels, height, width, images): the *last* axis counts them, so that whatever moves
pixels about moves runs of consecutive numbers. `correlate` and `spread` are adjoint linear maps,
to space what `clock.pool` and `clock.hold` are to time, so each is the other's gradient, and both
share `correlation`, the gradient of the kernel.

Every one of the three is written twice. On a CPU it is one matrix product, with `unfold` before
or `fold` after it, since XLA's own convolutions and above all their gradients are several times
slower there. Elsewhere it is XLA's convolution. They have gradients in reverse mode only
(no `jax.jvp`), and inside `jax.lax.map` and `scan` of the first order only.
"""

from functools import partial

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float, PRNGKeyArray

from cwvae.initialisers import glorot_uniform, zeros
from cwvae.layers import add_bias

__all__ = ["Conv", "ConvTranspose", "correlate", "fold", "spread", "unfold"]

STRIDE = 2  # of every convolution of the official networks
LAYOUT = ("CHWN", "HWIO", "CHWN")

Images = Float[Array, "channels height width images"]
Kernel = Float[Array, "size size a b"]


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
    return lax.platform_dependent(
        kernel, images, cpu=_correlate_by_product, default=_correlate_by_xla
    )


@partial(jax.custom_vjp, nondiff_argnums=(2, 3))
def spread(kernel: Kernel, images: Images, height: int, width: int) -> Images:
    """Add up windows, two pixels apart, of a kernel (size, size, out, in) times each pixel.

    The adjoint of `correlate` for images of `height` and `width`, which may reach past the last
    window.
    """
    return lax.platform_dependent(
        kernel,
        images,
        cpu=partial(_spread_by_product, height=height, width=width),
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
        cpu=partial(_correlation_by_product, size=size),
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


def unfold(size: int, images: Images) -> Float[Array, "taps rows columns images"]:
    """Gather every window of size x size pixels, two pixels apart.

    (c, n, m, images) becomes (size size c, (n - size) // 2 + 1, (m - size) // 2 + 1, images).
    """
    # First the columns, then the rows of the windows: fewer and longer pieces than at once.
    return _windows(size, _windows(size, images, axis=2), axis=1)


def _windows(size: int, images: Images, *, axis: int) -> Float[Array, "taps *axes"]:
    """Gather windows along one axis, side by side along the first."""
    last = STRIDE * ((images.shape[axis] - size) // STRIDE) + 1
    return jnp.concatenate(
        [lax.slice_in_dim(images, start, start + last, STRIDE, axis=axis) for start in range(size)]
    )


def fold(
    size: int, windows: Float[Array, "taps rows columns images"], height: int, width: int
) -> Images:
    """Add up overlapping windows into images of `height` and `width`: the adjoint of `unfold`."""
    windows = windows.reshape(size, size, -1, *windows.shape[1:])
    # First the columns of each row of the windows, then the rows: fewer additions than at once.
    rows = [_overlap(row, width, axis=2) for row in windows]
    return _overlap(jnp.stack(rows), height, axis=1)


def _overlap(parts: Float[Array, "size *axes"], length: int, *, axis: int) -> Float[Array, "*axes"]:
    """Add up parts that stand two apart along an axis, each one further than the part before."""
    taps = -(-parts.shape[0] // STRIDE)

    def phase(first: int) -> Float[Array, "*axes"]:
        shifted = []
        for tap, part in enumerate(parts[first::STRIDE]):
            before_after = [(0, 0)] * part.ndim
            before_after[axis] = (tap, taps - 1 - tap)
            shifted.append(jnp.pad(part, before_after))
        return sum(shifted[1:], start=shifted[0])

    # The even and the odd pixels, interleaved.
    phases = jnp.stack([phase(0), phase(1)], axis=axis + 1)
    shape = phases.shape
    whole = phases.reshape(*shape[:axis], STRIDE * shape[axis], *shape[axis + 2 :])
    whole = lax.slice_in_dim(whole, 0, min(length, whole.shape[axis]), axis=axis)
    short = [(0, 0)] * whole.ndim
    short[axis] = (0, length - whole.shape[axis])
    return jnp.pad(whole, short)


def _correlate_by_product(kernel: Kernel, images: Images) -> Images:
    """Multiply the kernel, as one matrix, with all windows."""
    # Behind a barrier, since a product that transposes its first factor itself is slower.
    matrix = lax.optimization_barrier(kernel.reshape(-1, kernel.shape[-1]).T)
    return jnp.tensordot(matrix, unfold(kernel.shape[0], images), 1)


def _spread_by_product(kernel: Kernel, images: Images, *, height: int, width: int) -> Images:
    """Multiply the kernel, as one matrix, with all pixels, and fold."""
    windows = jnp.tensordot(kernel.reshape(-1, kernel.shape[-1]), images, 1)
    return fold(kernel.shape[0], windows, height, width)


def _correlation_by_product(large: Images, small: Images, *, size: int) -> Kernel:
    """Multiply all windows with all pixels."""
    windows = unfold(size, large)[:, : small.shape[1], : small.shape[2]]
    matrix = windows.reshape(windows.shape[0], -1) @ small.reshape(small.shape[0], -1).T
    return matrix.reshape(size, size, large.shape[0], small.shape[0])


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
