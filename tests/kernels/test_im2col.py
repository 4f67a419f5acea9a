"""Convolutions on a CPU: as one matrix product and by tiles, against XLA's own."""

import math

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from models import draw
from reference import assert_alike

from cwvae.kernels import im2col, strided, winograd, xla
from cwvae.kernels.im2col import fold, unfold

# Kernel size, height and width, images. Edges are odd and even, square and not; with rows of the
# answer for whole tiles and not, and rows of the images that no window reaches.
CASES = [(4, (6, 6), 1), (4, (7, 7), 3), (4, (9, 6), 2), (6, (9, 8), 2), (6, (13, 6), 1)]
OTHER_SIZES = [(3, (6, 7), 3), (5, (9, 10), 1)]
WAYS = [(im2col, case) for case in CASES + OTHER_SIZES] + [(winograd, case) for case in CASES]


@pytest.mark.parametrize(("way", "case"), WAYS)
def test_it_agrees_with_xlas_own(way, case):
    size, edges, count = case
    kernel, large = draw(0, size, size, 2, 3), draw(1, 2, *edges, count)
    small_images = eqx.filter_jit(way.conv)(kernel, large)
    small = draw(2, *small_images.shape)
    assert_alike(small_images, xla.conv(kernel, large))
    for name, arguments in {
        "conv_transpose": {
            "images": small,
            "kernel": kernel,
            "height": edges[0],
            "width": edges[1],
        },
        "kernel_gradient": {"large": large, "small": small, "size": size},
    }.items():
        there = getattr(xla, name)
        assert_alike(eqx.filter_jit(getattr(way, name))(**arguments), there(**arguments))


@pytest.mark.parametrize("size", [4, 6])
def test_tiles_are_exact_where_sums_are(size):
    # Whole numbers, times 4 for the halves in the tiles of a kernel of 6.
    numbers = np.random.default_rng(0)
    kernel = 4 * numbers.integers(-5, 6, (size, size, 2, 3)).astype(np.float32)
    large = numbers.integers(-5, 6, (2, 14, 11, 2)).astype(np.float32)
    kernel, large = jnp.asarray(kernel), jnp.asarray(large)
    small = eqx.filter_jit(im2col.conv)(kernel, large)
    assert np.array_equal(eqx.filter_jit(winograd.conv)(kernel, large), small)
    ways = [eqx.filter_jit(way.conv_transpose) for way in (im2col, winograd)]
    back = [way(kernel, small, height=14, width=11) for way in ways]
    assert np.array_equal(*back)


def multiplications(function, *arguments) -> int:
    """Count those of the matrix products in a program."""
    total = 0
    for equation in jax.make_jaxpr(function)(*arguments).eqns:
        if equation.primitive.name == "dot_general":
            (ones, _), _ = equation.params["dimension_numbers"]
            left, (answer,) = equation.invars[0].aval.shape, equation.outvars
            total += math.prod(answer.aval.shape) * math.prod(left[axis] for axis in ones)
    return total


@pytest.mark.parametrize(("size", "share"), [(4, 3 / 4), (6, 2 / 3)])
def test_tiles_take_a_smaller_share_of_the_multiplications(size, share):
    kernel, images = draw(0, size, size, 16, 16), draw(1, 16, 2 * 7 + size, 9 + size, 2)
    products = 8 * 5 * 2 * size**2 * 16 * 16  # rows, columns, images, windows, channels
    assert multiplications(im2col.conv, kernel, images) == products
    assert multiplications(winograd.conv, kernel, images) == share * products


@pytest.mark.parametrize(
    ("size", "rows", "channels", "dtype", "way"),
    [
        (4, 14, (32, 64), "float32", winograd),
        (6, 13, (32, 64), "float32", winograd),
        (6, 13, (32, 64), "bfloat16", im2col),
        (5, 13, (32, 64), "float32", im2col),
        (4, 2, (128, 256), "float32", im2col),
        (6, 30, (1, 32), "float32", im2col),
        (4, 31, (3, 32), "float32", im2col),
    ],
)
def test_tiles_where_they_pay(size, rows, channels, dtype, way, monkeypatch):
    called = []

    def spy(module, name):
        run = getattr(module, name)

        def spied(*arguments, **options):
            called.append((module, name))
            return run(*arguments, **options)

        return spied

    for module in (im2col, winograd):
        for name in ("conv", "conv_transpose", "kernel_gradient"):
            monkeypatch.setattr(module, name, spy(module, name))

    large = jnp.zeros((channels[0], 2 * (rows - 1) + size, 2 + size, 2), dtype)
    kernel = jnp.zeros((size, size, *channels), dtype)

    def total(kernel, images):
        return jnp.sum(strided.conv(kernel, images) ** 2)

    jax.jit(jax.grad(total, argnums=(0, 1))).lower(kernel, large)
    assert {name for module, name in called if module is way} == {
        "conv",
        "conv_transpose",
        "kernel_gradient",
    }
    assert {module for module, _ in called} == {way}


@pytest.mark.parametrize(("size", "edges"), [(2, (4, 3)), (3, (3, 5)), (4, (7, 6))])
def test_unfold_gathers_every_second_window(size, edges):
    images = np.asarray(draw(0, 2, *edges, 3))
    windows = unfold(size, jnp.asarray(images))
    rows, columns = ((edge - size) // 2 + 1 for edge in edges)
    assert windows.shape == (size * size * 2, rows, columns, 3)
    for row, column in np.ndindex(rows, columns):
        window = images[:, 2 * row : 2 * row + size, 2 * column : 2 * column + size]
        expected = window.transpose(1, 2, 0, 3).reshape(-1, 3)
        assert np.array_equal(windows[:, row, column], expected)


@pytest.mark.parametrize(("size", "edges"), [(2, (4, 3)), (3, (3, 5)), (4, (7, 6))])
def test_unfold_and_fold_are_adjoint(size, edges):
    whole = np.random.default_rng(0).integers(-9, 10, (2, *edges, 3)).astype(np.float32)
    windows = unfold(size, jnp.asarray(whole))
    other = np.random.default_rng(1).integers(-9, 10, windows.shape).astype(np.float32)
    folded = fold(size, jnp.asarray(other), *edges)
    assert np.vdot(windows, other) == np.vdot(whole, folded)
