"""Convolutions with stride 2 over many images at once, and the gradients that they need.

Images are (channels, height, width, images): the *last* axis counts them, so that whatever moves
pixels about moves runs of consecutive numbers. `conv` and `conv_transpose` are adjoint linear
maps, to space what `clock.pool` and `clock.hold` are to time, so each is the other's gradient,
and both share `kernel_gradient`, the gradient of the kernel.

Each of the three is written for a CPU and for all else. On a CPU it is made of matrix products
(`im2col` and `winograd`), since XLA's own convolutions and above all their gradients are several
times slower there. Elsewhere it is XLA's convolution. They have gradients in reverse mode only
(no `jax.jvp`), and inside `jax.lax.map` and `scan` of the first order only.
"""

from functools import partial
from types import ModuleType

import jax
import numpy as np
from jax import lax

from cwvae.kernels import im2col, winograd
from cwvae.kernels.im2col import STRIDE, Images, Kernel

__all__ = ["conv", "conv_transpose", "kernel_gradient"]

LAYOUT = ("CHWN", "HWIO", "CHWN")


@jax.custom_vjp
def conv(kernel: Kernel, images: Images) -> Images:
    """Multiply windows, two pixels apart, with a kernel (size, size, in, out), and add up."""
    return lax.platform_dependent(kernel, images, cpu=_conv_on_cpu, default=_conv_by_xla)


@partial(jax.custom_vjp, nondiff_argnums=(2, 3))
def conv_transpose(kernel: Kernel, images: Images, height: int, width: int) -> Images:
    """Add up windows, two pixels apart, of a kernel (size, size, out, in) times each pixel.

    The adjoint of `conv` for images of `height` and `width`, which may reach past the last
    window.
    """
    return lax.platform_dependent(
        kernel,
        images,
        cpu=partial(_conv_transpose_on_cpu, height=height, width=width),
        default=partial(_conv_transpose_by_xla, height=height, width=width),
    )


@partial(jax.custom_vjp, nondiff_argnums=(2,))
def kernel_gradient(large: Images, small: Images, size: int) -> Kernel:
    """Return the gradient of a kernel (size, size, channels of large, channels of small).

    `large` and `small` are the images on the two sides of `conv`, or their gradients.
    """
    return lax.platform_dependent(
        large,
        small,
        cpu=partial(_kernel_gradient_on_cpu, size=size),
        default=partial(_kernel_gradient_by_xla, size=size),
    )


# Only what goes in is kept for the gradient: windows, which are several times larger, are not.


def _conv_forward(kernel, images):
    return conv(kernel, images), (kernel, images)


def _conv_backward(kept, gradient):
    kernel, images = kept
    return (
        kernel_gradient(images, gradient, kernel.shape[0]),
        conv_transpose(kernel, gradient, *images.shape[1:3]),
    )


def _conv_transpose_forward(kernel, images, height, width):
    return conv_transpose(kernel, images, height, width), (kernel, images)


def _conv_transpose_backward(height, width, kept, gradient):
    kernel, images = kept
    rows, columns = images.shape[1:3]
    # Pixels past the last window have heard nothing.
    size = kernel.shape[0]
    gradient = gradient[:, : STRIDE * (rows - 1) + size, : STRIDE * (columns - 1) + size]
    return kernel_gradient(gradient, images, size), conv(kernel, gradient)


def _kernel_gradient_forward(large, small, size):
    return kernel_gradient(large, small, size), (large, small)


def _kernel_gradient_backward(size, kept, gradient):
    large, small = kept
    return conv_transpose(gradient, small, *large.shape[1:3]), conv(gradient, large)


conv.defvjp(_conv_forward, _conv_backward)
conv_transpose.defvjp(_conv_transpose_forward, _conv_transpose_backward)
kernel_gradient.defvjp(_kernel_gradient_forward, _kernel_gradient_backward)


def _on_cpu(kernel: tuple[int, ...], rows: int, dtype: np.dtype) -> ModuleType:
    """Return how a CPU does it: in fewer multiplications where that is also less time.

    Few rows and few channels make few multiplications for each number that tiles move, and in
    numbers of few bits the sums that tiles are made of would be rounded too much.
    """
    size, _, *channels = kernel
    pays = size in winograd.TILES and rows >= 6 and min(channels) >= 16 and dtype.itemsize >= 4
    return winograd if pays else im2col


def _conv_on_cpu(kernel: Kernel, images: Images) -> Images:
    """Choose by the rows of the answer."""
    rows = (images.shape[1] - kernel.shape[0]) // STRIDE + 1
    return _on_cpu(kernel.shape, rows, images.dtype).conv(kernel, images)


def _conv_transpose_on_cpu(kernel: Kernel, images: Images, *, height: int, width: int) -> Images:
    """Choose by the rows of the images."""
    way = _on_cpu(kernel.shape, images.shape[1], images.dtype)
    return way.conv_transpose(kernel, images, height=height, width=width)


def _kernel_gradient_on_cpu(large: Images, small: Images, *, size: int) -> Kernel:
    """Choose by the rows of the small images."""
    kernel = (size, size, large.shape[0], small.shape[0])
    return _on_cpu(kernel, small.shape[1], large.dtype).kernel_gradient(large, small, size=size)


def _conv_by_xla(kernel: Kernel, images: Images) -> Images:
    """Let XLA do it."""
    return lax.conv_general_dilated(
        images, kernel, (STRIDE, STRIDE), "VALID", dimension_numbers=LAYOUT
    )


def _conv_transpose_by_xla(kernel: Kernel, images: Images, *, height: int, width: int) -> Images:
    """Let XLA do it: transpose its convolution."""
    like = jax.ShapeDtypeStruct((kernel.shape[2], height, width, images.shape[3]), images.dtype)
    (answer,) = jax.linear_transpose(partial(_conv_by_xla, kernel), like)(images)
    return answer


def _kernel_gradient_by_xla(large: Images, small: Images, *, size: int) -> Kernel:
    """Let XLA do it: transpose its convolution with respect to the kernel."""
    shape = (size, size, large.shape[0], small.shape[0])
    like = jax.ShapeDtypeStruct(shape, large.dtype)
    (answer,) = jax.linear_transpose(lambda kernel: _conv_by_xla(kernel, large), like)(small)
    return answer
