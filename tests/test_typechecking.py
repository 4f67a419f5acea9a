"""The check of a function's arguments against its annotations."""

import jax
import jax.numpy as jnp
import jax.random as jr
import jaxtyping
import numpy as np
import pytest
from jaxtyping import Array, Float, PRNGKeyArray, PyTree

from cwvae.typechecking import TypeCheckError, checked


@checked
def product(
    left: Float[Array, "rows inner"], right: Float[Array, "inner columns"], scale: float = 1
):
    """Return a product of matrices."""
    return scale * left @ right


Levels = PyTree[Float[Array, "?ticks"], " levels"]


@checked
def lengths(
    levels: Levels,
    others: Levels | None = None,
) -> tuple[int, ...]:
    """Return the length of every level."""
    return tuple(level.shape[0] for level in levels)


@checked
def broken(key: PRNGKeyArray) -> Float[Array, " axis"]:
    """Return what the annotation does not promise."""
    return key


ROWS, COLUMNS = jnp.ones((2, 3)), jnp.ones((3, 4))
LEVELS = jnp.ones(4), jnp.ones(2)


def test_arguments_that_fit_pass_called_or_traced_an_int_for_a_float_too():
    assert product(ROWS, COLUMNS, 2).shape == (2, 4)
    assert jax.jit(product)(ROWS, COLUMNS).shape == (2, 4)
    assert lengths(LEVELS) == lengths(LEVELS, LEVELS) == (4, 2)


WRONG = {
    "an array of other axes": (
        lambda: product(ROWS[0], COLUMNS),
        r"product: parameter 'left' must be floats with axes \(rows, inner\), got float32\[3\]; ",
    ),
    "an array of NumPy's": (
        lambda: product(np.ones((2, 3), np.float32), COLUMNS),
        r"'left' must be floats with axes \(rows, inner\), got float32\[2,3\]; convert it with",
    ),
    "whole numbers": (
        lambda: product(ROWS, COLUMNS.astype(int)),
        r"'right' .*got int32\[3,4\]; convert it to floats$",
    ),
    "two that do not agree": (
        lambda: product(ROWS, COLUMNS.T),
        r"'right' .*got float32\[4,3\]; its axes must agree with those of 'left', float32",
    ),
    "a word for a number": (
        lambda: product(ROWS, COLUMNS, "2"),
        "'scale' .* float, got '2'; check",
    ),
    "a level of other ticks": (
        lambda: lengths(LEVELS, (LEVELS[0], LEVELS[0])),
        r"'others' must be a tuple with an array for each level, floats with axes \(ticks\) or "
        r"None, got float32\[4\] at level 1; .*'levels', float32\[2\]$",
    ),
    "None where there must be something": (lambda: lengths(None), "'levels' must be .*got None"),
    "a result": (
        lambda: broken(jr.key(0)),
        r"broken must return floats with axes \(axis\), got key<fry>\[\]; mend",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_an_argument_that_does_not_fit_is_named_with_what_was_expected_and_got(name):
    call, message = WRONG[name]
    with pytest.raises(TypeCheckError, match=message) as caught:
        call()
    assert isinstance(caught.value, jaxtyping.TypeCheckError)
    assert "\n" not in str(caught.value)


def test_the_checks_can_be_turned_off():
    jaxtyping.config.update("jaxtyping_disable", True)
    try:
        assert product(ROWS, COLUMNS, jnp.float32(2)).shape == (2, 4)
        assert broken(3) == 3
    finally:
        jaxtyping.config.update("jaxtyping_disable", False)


class Scaled:
    @checked
    def times(self, value: float, /, *, factor: float) -> float:
        """Return a product."""
        return value * factor


MISFITS = {
    "one missing": (
        lambda: product(ROWS),
        r"^product needs the argument right; call it as product\(left, right, scale=1\)$",
    ),
    "one missing that has no place": (
        lambda: Scaled().times(1.0),
        r"^Scaled\.times needs the argument factor; .*times\(value, /, \*, factor\)$",
    ),
    "one too many": (
        lambda: product(ROWS, COLUMNS, 1, 2),
        "^product takes 3 arguments without names, got 4; call it as ",
    ),
    "one too many of a method": (
        lambda: Scaled().times(1.0, 2.0),
        "times takes 1 argument without names, got 2; call it as ",
    ),
    "one of another name": (
        lambda: product(ROWS, columns=COLUMNS),
        "^product has no argument columns; call it as ",
    ),
    "one given twice": (
        lambda: product(ROWS, COLUMNS, left=ROWS),
        "^product does not take its arguments so: multiple values for argument 'left'; call it",
    ),
}


@pytest.mark.parametrize("name", MISFITS)
def test_a_missing_argument_or_one_too_many_is_named_with_its_function(name):
    call, message = MISFITS[name]
    with pytest.raises(TypeError, match=message):
        call()


def test_an_error_inside_of_a_function_is_not_changed():
    @checked
    def inner(value: float) -> float:
        raise ValueError("inner")

    with pytest.raises(ValueError, match=r"^inner$"):
        inner(1.0)
