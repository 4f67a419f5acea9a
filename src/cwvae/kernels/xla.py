"""Convolutions with stride 2 as XLA does them itself, with its own rules of differentiation."""

from functools import partial

import jax
from jax import lax

from cwvae.kernels.im2col import STRIDE, Kernel, LargeImages, SmallImages

__all__ = ["conv", "conv_transpose", "kernel_gradient"]

_LAYOUT = ("CHWN", "HWIO", "CHWN")


def conv(kernel: Kernel, images: LargeImages) -> SmallImages:
    """Return the strided convolution, without flipping the kernel."""
    return lax.conv_general_dilated(
        images, kernel, (STRIDE, STRIDE), "VALID", dimension_numbers=_LAYOUT
    )


def conv_transpose(kernel: Kernel, images: SmallImages, *, height: int, width: int) -> LargeImages:
    """Return the transpose of `conv` in the images."""
    like = jax.ShapeDtypeStruct((kernel.shape[2], height, width, images.shape[3]), images.dtype)
    (answer,) = jax.linear_transpose(partial(conv, kernel), like)(images)
    return answer


def kernel_gradient(large: LargeImages, small: SmallImages, *, size: int) -> Kernel:
    """Return the transpose of `conv` in the kernel."""
    shape = (size, size, large.shape[0], small.shape[0])
    like = jax.ShapeDtypeStruct(shape, large.dtype)
    (answer,) = jax.linear_transpose(lambda kernel: conv(kernel, large), like)(small)
    return answer
