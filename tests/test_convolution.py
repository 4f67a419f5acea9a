"""Convolutions as matrix products against XLA's own, values and gradients."""

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest
from jax import lax
from models import draw
from reference import assert_alike

from cwvae.convolution import Conv, ConvTranspose, fold, unfold

LAYOUT = ("NHWC", "HWIO", "NHWC")
# Edges are odd and even, square and not; the networks' convolutions have kernels of 4, the
# transposed ones of 5 and 6.
CASES = [(4, (6, 6)), (4, (7, 7)), (4, (9, 6)), (3, (6, 7))]
TRANSPOSED_CASES = [(5, (1, 1)), (5, (2, 3)), (6, (1, 1)), (6, (3, 2)), (4, (2, 2))]


def with_weights(layer, seed: int = 1):
    """Give a layer random weights, its bias included."""
    kernel, bias = draw(seed, *layer.kernel.shape), draw(seed + 1, *layer.bias.shape)
    return eqx.tree_at(lambda layer: (layer.kernel, layer.bias), layer, (kernel, bias))


def strided(layer, image):
    answer = lax.conv_general_dilated(
        image[None], layer.kernel, (2, 2), "VALID", dimension_numbers=LAYOUT
    )
    return answer[0] + layer.bias.reshape(1, 1, -1)


def transposed(layer, image):
    answer = lax.conv_transpose(
        image[None],
        layer.kernel,
        (2, 2),
        "VALID",
        dimension_numbers=LAYOUT,
        transpose_kernel=True,
    )
    return answer[0] + layer.bias.reshape(1, 1, -1)


def with_gradients(function, layer, image, cotangent):
    """Return the value, and the gradients with respect to the layer and the image."""

    @jax.jit
    def run(layer, image):
        value, pullback = jax.vjp(function, layer, image)
        return value, pullback(cotangent)

    return run(layer, image)


@pytest.mark.parametrize(("size", "edges"), CASES)
def test_conv_is_the_strided_correlation_of_xla_with_its_gradients(size, edges):
    layer = with_weights(Conv(2, 3, size, key=jr.key(0)))
    image = draw(3, *edges, 2)
    cotangent = draw(4, *jax.eval_shape(layer, image).shape)
    ours = with_gradients(lambda layer, image: layer(image), layer, image, cotangent)
    assert_alike(ours, with_gradients(strided, layer, image, cotangent))


@pytest.mark.parametrize(("size", "edges"), TRANSPOSED_CASES)
def test_conv_transpose_is_that_of_xla_with_its_gradients(size, edges):
    layer = with_weights(ConvTranspose(2, 3, size, key=jr.key(0)))
    image = draw(3, *edges, 2)
    cotangent = draw(4, *jax.eval_shape(layer, image).shape)
    ours = with_gradients(lambda layer, image: layer(image), layer, image, cotangent)
    assert_alike(ours, with_gradients(transposed, layer, image, cotangent))


@pytest.mark.parametrize("edge", [4, 6, 7, 14, 31, 64])
def test_conv_takes_n_pixels_to_half_of_n_minus_size_rounded_down_plus_1(edge):
    layer = Conv(1, 2, 4, key=jr.key(0))
    shape = jax.eval_shape(layer, jnp.zeros((edge, edge + 1, 1))).shape
    assert shape == ((edge - 4) // 2 + 1, (edge + 1 - 4) // 2 + 1, 2)


@pytest.mark.parametrize(("edge", "size"), [(1, 5), (5, 5), (13, 6), (30, 6)])
def test_conv_transpose_takes_n_pixels_to_twice_n_minus_1_plus_size(edge, size):
    layer = ConvTranspose(1, 2, size, key=jr.key(0))
    shape = jax.eval_shape(layer, jnp.zeros((edge, edge + 1, 1))).shape
    assert shape == (2 * (edge - 1) + size, 2 * edge + size, 2)


def test_conv_and_conv_transpose_of_one_kernel_are_adjoint():
    up = ConvTranspose(2, 3, 4, key=jr.key(0))
    down = eqx.tree_at(lambda layer: layer.kernel, Conv(3, 2, 4, key=jr.key(1)), up.kernel)
    small, large = draw(6, 2, 3, 2), draw(7, 6, 8, 3)
    assert np.vdot(up(small), large) == pytest.approx(np.vdot(small, down(large)), rel=1e-5)


@pytest.mark.parametrize(("taps", "edges"), [(1, (3, 2)), (2, (4, 3)), (3, (3, 5))])
def test_unfold_gathers_every_window(taps, edges):
    image = np.asarray(draw(0, *edges, 2))
    windows = unfold(taps, jnp.asarray(image))
    assert windows.shape == (edges[0] - taps + 1, edges[1] - taps + 1, taps * taps * 2)
    for row, column in np.ndindex(windows.shape[:2]):
        window = image[row : row + taps, column : column + taps]
        assert np.array_equal(windows[row, column], window.reshape(-1))


@pytest.mark.parametrize(("taps", "edges"), [(1, (3, 2)), (2, (4, 3)), (3, (3, 5))])
def test_unfold_and_fold_are_adjoint(taps, edges):
    whole = np.random.default_rng(0).integers(-9, 10, (*edges, 2)).astype(np.float32)
    windows = unfold(taps, jnp.asarray(whole))
    other = np.random.default_rng(1).integers(-9, 10, windows.shape).astype(np.float32)
    assert np.vdot(windows, other) == np.vdot(whole, fold(taps, jnp.asarray(other)))


@pytest.mark.parametrize("kind", [Conv, ConvTranspose])
def test_kernels_are_glorot_uniform_and_biases_zero(kind):
    layer = kind(24, 32, 4, key=jr.key(0))
    bound = (6 / (4 * 4 * (24 + 32))) ** 0.5
    kernel = np.asarray(layer.kernel)
    assert 0.99 * bound < np.abs(kernel).max() <= bound
    assert kernel.std() == pytest.approx(bound / 3**0.5, rel=0.02)
    assert kernel.mean() == pytest.approx(0, abs=0.02 * bound)
    assert np.all(layer.bias == 0)
