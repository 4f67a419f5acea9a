"""The leaky ReLU between the stages of the decoder, on every platform."""

import jax
import numpy as np
import pytest
from jaxprs import choose, primitives
from models import draw

from cwvae.nn.activations import activated


@pytest.mark.parametrize("rows", [1, 2, 5])
def test_between_stages_of_the_decoder_is_a_leaky_relu_with_its_gradient(rows):
    images, gradient = draw(0, 3, rows, 2, 4), draw(1, 3, rows, 2, 4)
    answer, pullback = jax.vjp(lambda images: activated(images, "auto"), images)
    expected = np.where(images > 0, images, 0.2 * images)
    np.testing.assert_allclose(answer, expected, rtol=1e-6)
    np.testing.assert_allclose(activated(images, "auto"), expected, rtol=1e-6)
    slopes = np.where(images > 0, gradient, 0.2 * gradient)
    np.testing.assert_allclose(pullback(gradient)[0], slopes, rtol=1e-6)


@pytest.mark.parametrize("platform", ["cpu", "cuda"])
def test_every_platform_activates_and_only_a_cpu_does_so_in_halves(platform, monkeypatch):
    choose(monkeypatch, platform)
    found = primitives(lambda images: activated(images, "auto"), draw(0, 3, 4, 2, 4))
    halves = platform == "cpu"
    assert (found["max"], found["concatenate"]) == (1 + halves, halves)
