"""Strided convolution layers over many images, laid out and initialised as in Keras.

Images are (channels, height, width, images), as in `cwvae.kernels.strided`.
"""

import equinox as eqx
from jaxtyping import Array, Float, PRNGKeyArray

from cwvae.kernels.choice import resolve
from cwvae.kernels.im2col import STRIDE
from cwvae.kernels.strided import conv, conv_transpose
from cwvae.nn.initialisers import glorot_uniform, zeros
from cwvae.nn.layers import add_bias

__all__ = ["Conv", "ConvTranspose"]


class Conv(eqx.Module):
    """A convolution with stride 2 and no padding: `kernel` (size, size, in, out), as in Keras.

    An edge of n pixels becomes (n - size) // 2 + 1 pixels. It computes in the precision of the
    images.
    """

    kernel: Float[Array, "size size in out"]
    bias: Float[Array, " out"]
    kernels: str = eqx.field(static=True)

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        size: int,
        *,
        kernels: str = "auto",
        key: PRNGKeyArray,
    ):
        """Draw a Glorot uniform kernel and zero biases."""
        resolve(kernels)
        self.kernels = kernels
        self.kernel = glorot_uniform((size, size, in_channels, out_channels), key=key)
        self.bias = zeros(out_channels)

    def __call__(
        self, images: Float[Array, "in height width images"]
    ) -> Float[Array, "out rows columns images"]:
        """Correlate the images with the kernel (no flip) at every second pixel."""
        answer = conv(self.kernel.astype(images.dtype), images, kernels=self.kernels)
        return add_bias(answer, self.bias.reshape(-1, 1, 1, 1))


class ConvTranspose(eqx.Module):
    """A transposed convolution with stride 2 and no padding: `kernel` (size, size, out, in).

    An edge of n pixels becomes 2 (n - 1) + size pixels. It computes in the precision of the
    images.
    """

    kernel: Float[Array, "size size out in"]
    bias: Float[Array, " out"]
    kernels: str = eqx.field(static=True)

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        size: int,
        *,
        kernels: str = "auto",
        key: PRNGKeyArray,
    ):
        """Draw a Glorot uniform kernel and zero biases."""
        resolve(kernels)
        self.kernels = kernels
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
        answer = conv_transpose(kernel, images, height=height, width=width, kernels=self.kernels)
        return add_bias(answer, self.bias.reshape(-1, 1, 1, 1))

    def from_pixel(self, pixel: Float[Array, " in"]) -> Float[Array, "size size out"]:
        """Return what becomes of an image of one pixel: (height, width, channels), in that order.

        There a transposed convolution is a dense layer, and for many images one matrix product.
        """
        window = self.kernel.astype(pixel.dtype).reshape(-1, self.kernel.shape[-1]) @ pixel
        return add_bias(window.reshape(self.kernel.shape[:3]), self.bias.reshape(1, 1, -1))
