"""A batch in parts: the values and gradients of the whole, with the memory of a part."""

import jax
import jax.numpy as jnp
import pytest
from models import draw
from reference import assert_alike

from cwvae.kernels.parts import in_parts


def function(weights, rows):
    first, others = rows
    return jnp.tanh(first @ weights), [None if other is None else other**2 for other in others]


def spread(weights, rows, parts):
    """Return what is not a sum over rows: it depends on the means of all of them."""
    answers, (squares, _) = in_parts(function, weights, rows, parts=parts)
    return jnp.maximum(answers.mean(0), 0.1).sum() * jnp.log(squares.mean())


@pytest.mark.parametrize("parts", [2, 3, 6])
def test_values_and_gradients_are_those_of_the_whole_batch(parts):
    weights, rows = draw(0, 3, 2), (draw(1, 6, 3), [draw(2, 6), None])
    assert_alike(in_parts(function, weights, rows, parts=parts)[0], function(weights, rows)[0])
    found, expected = (
        jax.value_and_grad(spread, argnums=(0, 1))(weights, rows, number) for number in (parts, 1)
    )
    jax.tree.map(assert_alike, found, expected)


def test_the_memory_of_a_gradient_is_that_of_a_part():
    def deep(weights, rows):
        for _ in range(8):
            rows = jnp.sin(rows @ weights)
        return rows

    def temporaries(parts: int) -> int:
        gradient = jax.jit(
            jax.grad(lambda weights, rows: in_parts(deep, weights, rows, parts=parts).sum())
        )
        shapes = (jax.ShapeDtypeStruct(shape, "float32") for shape in ((8, 8), (8192, 8)))
        return gradient.lower(*shapes).compile().memory_analysis().temp_size_in_bytes

    assert temporaries(8) < temporaries(1) / 3


def test_parts_that_do_not_divide_a_batch_are_an_error():
    with pytest.raises(ValueError, match=r"multiple of the 4 parts .* got 6; use other numbers"):
        in_parts(function, draw(0, 3, 2), (draw(1, 6, 3), []), parts=4)
