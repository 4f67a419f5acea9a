"""Checks of arguments that functions share."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from cwvae.arguments import check_positive, check_shape, check_share, described, whole_number


@pytest.mark.parametrize("value", [3, np.int64(3), np.uint8(3), jnp.asarray(3), np.asarray(3)])
def test_a_whole_number_of_any_kind_becomes_an_int(value):
    assert type(whole_number("size", value)) is int
    assert whole_number("size", value) == 3


@pytest.mark.parametrize("value", [0, -1, 2.0, "2", None, np.float32(2), jnp.asarray([1, 2])])
def test_any_other_number_raises_an_error_that_names_it(value):
    with pytest.raises(ValueError, match="size must be a whole number of at least 1, got "):
        whole_number("size", value)


def test_a_traced_number_raises_an_error_with_the_remedy():
    with pytest.raises(ValueError, match=r"got int32.*; pass it as a Python int, which is static"):
        jax.jit(lambda n: whole_number("size", n))(3)


@pytest.mark.parametrize("value", [0, -1.0, float("nan"), float("inf"), "1", None])
def test_what_is_not_positive_and_finite_raises_an_error(value):
    with pytest.raises(ValueError, match=f"rate must be positive and finite, got {value}"):
        check_positive("rate", value)
    check_positive("rate", np.float32(0.5))


@pytest.mark.parametrize("value", [-0.1, 1.1, float("nan"), "0"])
def test_what_is_no_share_raises_an_error(value):
    with pytest.raises(ValueError, match=rf"share must be in \[0, 1\], got {value}"):
        check_share("share", value)
    for share in (0, 0.5, 1):
        check_share("share", share)


@pytest.mark.parametrize("shape", [(3,), (3, 4), (2, 3, 1), ()])
def test_another_shape_raises_an_error_with_both(shape):
    message = r"noise must have shape \(ticks, 3\), got \(.*\); draw it"
    with pytest.raises(ValueError, match=message):
        check_shape("noise", jnp.zeros(shape), ("ticks", 3), "draw it")
    check_shape("noise", jnp.zeros((7, 3)), ("ticks", 3), "draw it")


def test_values_are_described_shortly():
    assert described(np.zeros((2, 3), np.float32)) == "float32[2,3]"
    assert described((jnp.zeros(2), 3)) == "(float32[2], 3)"
    assert described([[[0.0]] * 3] * 5) == "(list of 3, list of 3, list of 3, list of 3, ...)"
    assert described(None) == "None"
    assert described({"a": 1}) == "dict"
    assert len(described("x" * 1000)) <= 60
