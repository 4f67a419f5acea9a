"""The linear maps between images that the networks are made of: convolutions without a bias.

Images are (channels, height, width, images). Padding is that of the authors' networks: an edge is
halved, doubled or kept.
"""

import abc

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from cwvae.baselines.svg.norm import Images, Mapped
from cwvae.kernels.same import conv_same
from cwvae.kernels.strided import conv, conv_transpose
from cwvae.nn.initialisers import normal

__all__ = ["AbstractMap", "Doubled", "Down", "FromVector", "Same", "ToVector", "Up", "drawn"]


def drawn(size: int, in_channels: int, out_channels: int, *, key: PRNGKeyArray) -> Array:
    """Draw a kernel (size, size, in, out) from N(0, 0.02), as the authors do."""
    return normal((size, size, in_channels, out_channels), stddev=0.02, key=key)


class AbstractMap(eqx.Module):
    """A linear map between images."""

    @abc.abstractmethod
    def __call__(self, images: Images) -> Mapped:
        """Map the images."""


class Down(AbstractMap):
    """A 4 x 4 convolution with stride 2 and a zero on every side: an edge is halved."""

    kernel: Float[Array, "4 4 in out"]
    kernels: str = eqx.field(static=True)

    def __call__(self, images: Images) -> Mapped:
        """Correlate images and kernel at every second pixel."""
        around = jnp.pad(images, [(0, 0), (1, 1), (1, 1), (0, 0)])
        return conv(self.kernel, around, kernels=self.kernels)


class Up(AbstractMap):
    """A 4 x 4 transposed convolution with stride 2, its margin cut off: an edge is doubled."""

    kernel: Float[Array, "4 4 in out"]
    kernels: str = eqx.field(static=True)

    def __call__(self, images: Images) -> Mapped:
        """Spread every pixel over a window, windows two pixels apart."""
        return _doubled(jnp.swapaxes(self.kernel, 2, 3), images, self.kernels)


class Doubled(AbstractMap):
    """Every pixel four times (nearest neighbour), then a 3 x 3 convolution that keeps the edge.

    Of the nine pixels of a window at most four differ, so that both are one transposed convolution
    of a 4 x 4 kernel in less than half of the multiplications.
    """

    kernel: Float[Array, "3 3 in out"]
    kernels: str = eqx.field(static=True)

    def __call__(self, images: Images) -> Mapped:
        """Double the edges and correlate."""
        spread = self.kernel[::-1, ::-1]
        for axis in (0, 1):
            before, after = ([(0, 0)] * 4 for _ in range(2))
            before[axis], after[axis] = (1, 0), (0, 1)
            spread = jnp.pad(spread, before) + jnp.pad(spread, after)
        return _doubled(jnp.swapaxes(spread, 2, 3), images, self.kernels)


class Same(AbstractMap):
    """A 3 x 3 convolution that keeps the edge, zeros around."""

    kernel: Float[Array, "3 3 in out"]
    kernels: str = eqx.field(static=True)

    def __call__(self, images: Images) -> Mapped:
        """Correlate images and kernel."""
        return conv_same(self.kernel, images, kernels=self.kernels)


class ToVector(AbstractMap):
    """A convolution whose kernel is as large as the images: one pixel is left."""

    kernel: Float[Array, "height width in out"]

    def __call__(self, images: Images) -> Mapped:
        """Multiply the kernel, as one matrix, with all images."""
        pixels = jnp.einsum("hwio,ihwn->on", self.kernel, images)
        return pixels[:, None, None]


class FromVector(AbstractMap):
    """A transposed convolution of images of one pixel, which become as large as the kernel."""

    kernel: Float[Array, "height width in out"]

    def __call__(self, images: Images) -> Mapped:
        """Multiply the kernel, as one matrix, with all pixels."""
        return jnp.einsum("hwio,in->ohwn", self.kernel, images[:, 0, 0])


def _doubled(kernel: Float[Array, "4 4 out in"], images: Images, kernels: str) -> Mapped:
    """Return the transposed convolution without its margin."""
    height, width = (2 * edge + 2 for edge in images.shape[1:3])
    whole = conv_transpose(kernel, images, height=height, width=width, kernels=kernels)
    return whole[:, 1:-1, 1:-1]
