"""Convolutions with stride 2 over many images at once: three maps, each the others' gradient.

Images are (channels, height, width, images): the *last* axis counts them, so that whatever moves
pixels about moves runs of consecutive numbers. `conv` and `conv_transpose` are adjoint linear
maps, to space what `clock.pool` and `clock.hold` are to time, and `kernel_gradient` is the
adjoint of both in the kernel. Each is linear in either argument, so these three are all that
derivatives of any order and mode need.

They are JAX primitives, since only a primitive keeps such rules whatever runs below it: XLA's
convolution, or the matrix products of `im2col` and `winograd`, which a CPU does faster.
`kernels="xla"` goes past them, to XLA's convolution with JAX's own rules.
"""

import functools
from collections.abc import Callable
from functools import partial
from types import ModuleType

import jax
import jax.numpy as jnp
import numpy as np
from jax.extend.core import Primitive
from jax.interpreters import ad, batching, mlir
from jaxtyping import Array

from cwvae.kernels import im2col, winograd, xla
from cwvae.kernels.choice import by_platform, resolve
from cwvae.kernels.im2col import STRIDE, Kernel, LargeImages, SmallImages

__all__ = ["conv", "conv_transpose", "kernel_gradient"]


def conv(kernel: Kernel, images: LargeImages, *, kernels: str = "auto") -> SmallImages:
    """Multiply windows, two pixels apart, with a kernel (size, size, in, out), and add up."""
    return _run("conv", kernel, images, kernels=kernels)


def conv_transpose(
    kernel: Kernel, images: SmallImages, *, height: int, width: int, kernels: str = "auto"
) -> LargeImages:
    """Add up windows, two pixels apart, of a kernel (size, size, out, in) times each pixel.

    The adjoint of `conv` for images of `height` and `width`, which may reach past the last
    window.
    """
    return _run("conv_transpose", kernel, images, height=height, width=width, kernels=kernels)


def kernel_gradient(
    large: LargeImages, small: SmallImages, *, size: int, kernels: str = "auto"
) -> Kernel:
    """Return the gradient of a kernel (size, size, channels of large, channels of small).

    `large` and `small` are the images on the two sides of `conv`, or their gradients.
    """
    return _run("kernel_gradient", large, small, size=size, kernels=kernels)


def _run(name: str, one: Array, other: Array, *, kernels: str, **sizes: int) -> Array:
    """Run XLA's own function, or bind the primitive, which chooses when it is lowered."""
    chosen = resolve(kernels)
    if chosen == "xla":
        return getattr(xla, name)(one, other, **sizes)
    return _PRIMITIVES[name].bind(one, other, kernels=chosen, **sizes)


# The rules of differentiation: each is the transpose of a map in one of its arguments.


def _conv_in_kernel(gradient, kernel, images, **options):
    size = kernel.aval.shape[-4]
    return _PRIMITIVES["kernel_gradient"].bind(images, gradient, size=size, **options)


def _conv_in_images(gradient, kernel, images, **options):
    height, width = images.aval.shape[-3:-1]
    bind = _PRIMITIVES["conv_transpose"].bind
    return bind(kernel, gradient, height=height, width=width, **options)


def _conv_transpose_in_kernel(gradient, kernel, images, *, height, width, **options):
    size = kernel.aval.shape[-4]
    reached = _reached(gradient, size, images.shape)
    return _PRIMITIVES["kernel_gradient"].bind(reached, images, size=size, **options)


def _conv_transpose_in_images(gradient, kernel, images, *, height, width, **options):
    reached = _reached(gradient, kernel.shape[-4], images.aval.shape)
    return _PRIMITIVES["conv"].bind(kernel, reached, **options)


def _kernel_gradient_in_large(gradient, large, small, *, size, **options):
    height, width = large.aval.shape[-3:-1]
    bind = _PRIMITIVES["conv_transpose"].bind
    return bind(gradient, small, height=height, width=width, **options)


def _kernel_gradient_in_small(gradient, large, small, *, size, **options):
    return _PRIMITIVES["conv"].bind(gradient, _reached(large, size, small.aval.shape), **options)


def _reached(large: Array, size: int, small: tuple[int, ...]) -> Array:
    """Cut off the pixels past the last window."""
    height, width = (STRIDE * (edge - 1) + size for edge in small[-3:-1])
    return large[..., :height, :width, :]


# The formulations. Both arguments may have leading axes, of `jax.vmap` over kernels.


def _formulation(name: str, shape: tuple[int, ...], rows: int, dtype: np.dtype, kernels: str):
    """Return how a CPU does it: in fewer multiplications where that is also less time.

    Few rows and few channels make few multiplications for each number that tiles move, and in
    numbers of few bits the sums that tiles are made of would be rounded too much.
    """
    size, _, *channels = shape
    pays = rows >= 6 and min(channels) >= 16 and dtype.itemsize >= 4
    tiles = size in winograd.TILES and kernels != "im2col" and (pays or kernels == "winograd")
    way: ModuleType = winograd if tiles else im2col
    return getattr(way, name)


def _conv_by(kernels: str, kernel: Array, images: Array) -> Array:
    rows = (images.shape[1] - kernel.shape[0]) // STRIDE + 1
    return _formulation("conv", kernel.shape, rows, images.dtype, kernels)(kernel, images)


def _conv_transpose_by(kernels: str, kernel: Array, images: Array, **edges: int) -> Array:
    run = _formulation("conv_transpose", kernel.shape, images.shape[1], images.dtype, kernels)
    return run(kernel, images, **edges)


def _kernel_gradient_by(kernels: str, large: Array, small: Array, *, size: int) -> Array:
    shape = (size, size, large.shape[0], small.shape[0])
    run = _formulation("kernel_gradient", shape, small.shape[1], large.dtype, kernels)
    return run(large, small, size=size)


def _implementation(name: str, formulated: Callable[..., Array]) -> Callable[..., Array]:
    """Return what a primitive computes, on the platform that it is lowered for."""

    def run(one: Array, other: Array, *, kernels: str, **sizes: int) -> Array:
        cpu, plain = partial(formulated, kernels, **sizes), partial(getattr(xla, name), **sizes)
        for _ in one.shape[4:]:
            cpu, plain = jax.vmap(cpu), jax.vmap(plain)
        return by_platform(kernels, cpu, plain, one, other)

    return run


def _batched(name: str, arguments, axes, **options):
    """Put mapped images beside the others, which is faster; mapped kernels become leading axes."""
    one, other = arguments
    on_one, on_other = axes
    if name != "kernel_gradient" and on_one is None:
        merged = jnp.moveaxis(other, on_other, -1)
        count = merged.shape[-2:]
        answers = _PRIMITIVES[name].bind(one, merged.reshape(*merged.shape[:-2], -1), **options)
        return answers.reshape(*answers.shape[:-1], *count), answers.ndim
    length = one.shape[on_one] if on_one is not None else other.shape[on_other]
    leading = (
        jnp.broadcast_to(array, (length, *array.shape))
        if on is None
        else jnp.moveaxis(array, on, 0)
        for array, on in ((one, on_one), (other, on_other))
    )
    return _PRIMITIVES[name].bind(*leading, **options), 0


def _primitive(
    name: str,
    shape: Callable[..., tuple[int, ...]],
    formulated: Callable[..., Array],
    *transposes: Callable[..., Array],
) -> Primitive:
    """Make a primitive that is linear in both arguments, of its transposes in each."""
    primitive = Primitive(f"cwvae_{name}")
    run = _implementation(name, formulated)

    @functools.cache
    def compiled(options: tuple[tuple[str, object], ...]) -> Callable[..., Array]:
        return jax.jit(partial(run, **dict(options)))

    primitive.def_impl(lambda *arrays, **options: compiled(tuple(options.items()))(*arrays))
    primitive.def_abstract_eval(
        lambda one, other, *, kernels, **sizes: one.update(
            shape=shape(one.shape, other.shape, **sizes), weak_type=False
        )
    )
    mlir.register_lowering(primitive, mlir.lower_fun(run, multiple_results=False))
    ad.defbilinear(primitive, *transposes)
    batching.primitive_batchers[primitive] = partial(_batched, name)
    return primitive


def _conv_shape(kernel: tuple[int, ...], images: tuple[int, ...]) -> tuple[int, ...]:
    edges = ((edge - kernel[-4]) // STRIDE + 1 for edge in images[-3:-1])
    return (*kernel[:-4], kernel[-1], *edges, images[-1])


def _conv_transpose_shape(
    kernel: tuple[int, ...], images: tuple[int, ...], *, height: int, width: int
) -> tuple[int, ...]:
    return (*kernel[:-4], kernel[-2], height, width, images[-1])


def _kernel_gradient_shape(
    large: tuple[int, ...], small: tuple[int, ...], *, size: int
) -> tuple[int, ...]:
    return (*large[:-4], size, size, large[-4], small[-4])


_PRIMITIVES = {
    "conv": _primitive("conv", _conv_shape, _conv_by, _conv_in_kernel, _conv_in_images),
    "conv_transpose": _primitive(
        "conv_transpose",
        _conv_transpose_shape,
        _conv_transpose_by,
        _conv_transpose_in_kernel,
        _conv_transpose_in_images,
    ),
    "kernel_gradient": _primitive(
        "kernel_gradient",
        _kernel_gradient_shape,
        _kernel_gradient_by,
        _kernel_gradient_in_large,
        _kernel_gradient_in_small,
    ),
}
