"""Convolutions as matrix products against XLA's own, values and gradients of every order."""

from functools import partial

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest
from models import draw
from reference import assert_alike

from cwvae.kernels import strided, xla
from cwvae.kernels.strided import conv, conv_transpose
from cwvae.nn.convolution import Conv, ConvTranspose

# Kernel size, height and width, images. Edges are odd and even, square and not; the networks'
# convolutions have kernels of 4, the transposed ones of 5 and 6.
CASES = [(4, (6, 6), 1), (4, (7, 7), 3), (4, (9, 6), 2), (3, (6, 7), 3), (6, (9, 8), 2)]
TRANSPOSED_CASES = [(5, (1, 1), 2), (5, (2, 3), 1), (6, (1, 1), 3), (6, (3, 2), 2), (4, (2, 2), 3)]


def with_weights(layer, seed: int = 1):
    """Give a layer random weights, its bias included."""
    kernel, bias = draw(seed, *layer.kernel.shape), draw(seed + 1, *layer.bias.shape)
    return eqx.tree_at(lambda layer: (layer.kernel, layer.bias), layer, (kernel, bias))


def with_gradients(function, cotangent, *arguments):
    """Return the value, and the gradients with respect to all arguments."""

    @jax.jit
    def run(*arguments):
        value, pullback = jax.vjp(function, *arguments)
        return value, pullback(cotangent)

    return run(*arguments)


@pytest.mark.parametrize(("size", "edges", "count"), CASES)
def test_conv_is_the_strided_convolution_of_xla_with_its_gradients(size, edges, count):
    kernel, images = draw(0, size, size, 2, 3), draw(1, 2, *edges, count)
    cotangent = draw(2, *jax.eval_shape(conv, kernel, images).shape)
    ours = with_gradients(conv, cotangent, kernel, images)
    theirs = with_gradients(xla.conv, cotangent, kernel, images)
    assert_alike(ours, theirs)


@pytest.mark.parametrize(("size", "edges", "count"), TRANSPOSED_CASES)
def test_conv_transpose_is_that_of_xla_with_its_gradients(size, edges, count):
    kernel, images = draw(0, size, size, 3, 2), draw(1, 2, *edges, count)
    height, width = (2 * (edge - 1) + size for edge in edges)

    def xlas_own(kernel, images):
        return jax.lax.conv_transpose(
            images,
            kernel,
            (2, 2),
            "VALID",
            dimension_numbers=xla._LAYOUT,
            transpose_kernel=True,
        )

    def ours(kernel, images):
        return conv_transpose(kernel, images, height=height, width=width)

    cotangent = draw(2, 3, height, width, count)
    assert_alike(
        with_gradients(ours, cotangent, kernel, images),
        with_gradients(xlas_own, cotangent, kernel, images),
    )


@pytest.mark.parametrize("function", ["conv", "conv_transpose", "kernel_gradient"])
def test_gradients_of_gradients_are_those_of_xla(function):
    kernel, large, small = draw(0, 4, 4, 2, 3), draw(1, 2, 7, 6, 2), draw(2, 3, 2, 2, 2)
    arguments, options = {
        "conv": ((kernel, large), {}),
        "conv_transpose": ((kernel, small), {"height": 7, "width": 6}),
        "kernel_gradient": ((large, small), {"size": 4}),
    }[function]

    def penalty(run, *arguments):
        def total(*arguments):
            return jnp.sum(run(*arguments) ** 3)

        return sum(jnp.sum(g**2) for g in jax.grad(total, argnums=(0, 1))(*arguments))

    ours = getattr(strided, function)
    theirs = partial(getattr(xla, function), **options)
    found, expected = (
        jax.jit(jax.grad(partial(penalty, run), argnums=(0, 1)))(*arguments)
        for run in (partial(ours, **options), theirs)
    )
    assert_alike(found, expected, 1e-4)


@pytest.mark.parametrize("axes", [(0, None), (None, 3), (1, 0)])
@pytest.mark.parametrize("function", ["conv", "conv_transpose", "kernel_gradient"])
def test_vmap_over_either_argument_or_both_is_that_of_xla(function, axes):
    arguments, options = {
        "conv": ((draw(0, 4, 4, 2, 3), draw(1, 2, 7, 6, 2)), {}),
        "conv_transpose": ((draw(0, 4, 4, 2, 3), draw(2, 3, 2, 2, 2)), {"height": 7, "width": 6}),
        "kernel_gradient": ((draw(1, 2, 7, 6, 2), draw(2, 3, 2, 2, 2)), {"size": 4}),
    }[function]
    mapped = [
        array if axis is None else jnp.stack([array, 2 * array, 3 * array], axis)
        for array, axis in zip(arguments, axes, strict=True)
    ]

    @partial(jax.jit, static_argnums=0)
    def slope(run, *arguments):
        each = jax.vmap(partial(run, **options), in_axes=axes)
        return jax.value_and_grad(lambda *a: jnp.sum(each(*a) ** 3), argnums=(0, 1))(*arguments)

    ours, theirs = getattr(strided, function), getattr(xla, function)
    assert_alike(slope(ours, *mapped), slope(theirs, *mapped), 1e-4)


def test_pixels_that_no_window_reaches_have_no_gradient():
    kernel, images = draw(0, 4, 4, 1, 2), draw(1, 1, 7, 7, 2)
    gradient = jax.grad(lambda images: jnp.sum(conv(kernel, images)))(images)
    assert np.all(gradient[:, 6] == 0)
    assert np.all(gradient[:, :, 6] == 0)
    assert np.all(gradient[:, :6, :6] != 0)


@pytest.mark.parametrize(
    "layer", [Conv(2, 3, 4, key=jr.key(0)), ConvTranspose(2, 3, 4, key=jr.key(0))]
)
def test_a_layer_computes_in_the_precision_of_its_images(layer):
    layer, images = with_weights(layer), draw(1, 2, 6, 6, 2)
    rough = layer(images.astype(jnp.bfloat16))
    assert rough.dtype == jnp.bfloat16
    assert_alike(rough.astype(jnp.float32), layer(images), 2e-2)
    gradient = jax.grad(lambda layer: jnp.sum(layer(images.astype(jnp.bfloat16)).astype(float)))(
        layer
    )
    assert gradient.kernel.dtype == jnp.float32


@pytest.mark.parametrize("edge", [4, 6, 7, 14, 31, 64])
def test_conv_takes_n_pixels_to_half_of_n_minus_size_rounded_down_plus_1(edge):
    layer = Conv(1, 2, 4, key=jr.key(0))
    shape = jax.eval_shape(layer, jnp.zeros((1, edge, edge + 1, 5))).shape
    assert shape == (2, (edge - 4) // 2 + 1, (edge + 1 - 4) // 2 + 1, 5)


@pytest.mark.parametrize(("edge", "size"), [(1, 5), (5, 5), (13, 6), (30, 6)])
def test_conv_transpose_takes_n_pixels_to_twice_n_minus_1_plus_size(edge, size):
    layer = ConvTranspose(1, 2, size, key=jr.key(0))
    shape = jax.eval_shape(layer, jnp.zeros((1, edge, edge + 1, 5))).shape
    assert shape == (2, 2 * (edge - 1) + size, 2 * edge + size, 5)


@pytest.mark.parametrize(("size", "edges", "count"), CASES)
def test_conv_and_conv_transpose_are_adjoint(size, edges, count):
    kernel, large = draw(0, size, size, 3, 2), draw(1, 3, *edges, count)
    small = draw(2, *jax.eval_shape(conv, kernel, large).shape)
    one = np.vdot(conv(kernel, large), small)
    assert one == pytest.approx(
        np.vdot(large, conv_transpose(kernel, small, height=edges[0], width=edges[1])), rel=1e-4
    )


@pytest.mark.parametrize("kind", [Conv, ConvTranspose])
def test_kernels_are_glorot_uniform_and_biases_zero(kind):
    layer = kind(24, 32, 4, key=jr.key(0))
    bound = (6 / (4 * 4 * (24 + 32))) ** 0.5
    kernel = np.asarray(layer.kernel)
    assert 0.99 * bound < np.abs(kernel).max() <= bound
    assert kernel.std() == pytest.approx(bound / 3**0.5, rel=0.02)
    assert kernel.mean() == pytest.approx(0, abs=0.02 * bound)
    assert np.all(layer.bias == 0)
