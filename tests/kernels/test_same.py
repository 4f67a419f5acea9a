"""Convolutions that keep the edge, and those that double it after every pixel four times."""

import jax
import jax.numpy as jnp
import pytest
from models import draw
from reference import assert_alike

from cwvae.baselines.svg.maps import Doubled
from cwvae.kernels.same import conv_same


@pytest.mark.parametrize(("height", "width"), [(4, 6), (5, 3), (1, 2)])
def test_products_of_windows_are_xlas_own_convolution_with_its_gradients(height, width):
    kernel, images = draw(0, 3, 3, 2, 4), draw(1, 2, height, width, 3)
    answers = draw(2, 4, height, width, 3)

    def run(kernels):
        value, pullback = jax.vjp(lambda *a: conv_same(*a, kernels=kernels), kernel, images)
        return value, pullback(answers)

    assert_alike(jax.jit(run, static_argnums=0)("im2col"), run("xla"))


def test_doubling_before_a_convolution_is_one_transposed_convolution():
    kernel, images = draw(0, 3, 3, 2, 4), draw(1, 2, 3, 5, 3)
    doubled = jnp.repeat(jnp.repeat(images, 2, axis=1), 2, axis=2)
    expected = conv_same(kernel, doubled, kernels="xla")
    assert_alike(jax.jit(Doubled(kernel, "im2col").__call__)(images), expected)
