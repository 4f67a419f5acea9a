import jax
import jax.numpy as jnp
import numpy as np
import pytest

from cwvae.training.named_arrays import check_fit, check_rest, filled, named_arrays

TREE = {"a": jnp.arange(3.0), "b": [jnp.zeros((2, 0)), jnp.ones(2)], "c": "text"}


def test_arrays_are_named_by_their_place_but_for_empty_ones():
    assert set(named_arrays(TREE)) == {"['a']", "['b'][1]"}
    assert set(named_arrays(TREE, "model.")) == {"model.['a']", "model.['b'][1]"}


@pytest.mark.parametrize("prefix", ["", "model."])
def test_filling_undoes_naming(prefix):
    shapes = jax.tree.map(
        lambda x: jax.ShapeDtypeStruct(x.shape, x.dtype) if hasattr(x, "shape") else x, TREE
    )
    again = filled(shapes, named_arrays(TREE, prefix), prefix)
    assert jax.tree.structure(again) == jax.tree.structure(TREE)
    assert np.array_equal(again["a"], TREE["a"])
    assert again["b"][0].shape == (2, 0)
    assert again["c"] == "text"


def array(shape, dtype="float32"):
    return jax.ShapeDtypeStruct(shape, np.dtype(dtype))


@pytest.mark.parametrize(
    ("saved", "message"),
    [
        ({"a": array((3,))}, r"a is float32 \(3,\) in the checkpoint and float32 \(2,\) in the mo"),
        ({}, "a is missing in the checkpoint"),
        ({"a": array((2,)), "b": array(())}, r"b is float32 \(\) in the checkpoint and missing in"),
        ({"a": array((2,), "float64")}, "start with JAX_ENABLE_X64=1"),
    ],
)
def test_arrays_that_differ_are_named(saved, message):
    with pytest.raises(ValueError, match=message):
        check_fit(saved, {"a": array((2,))})


def test_arrays_that_are_the_same_fit():
    check_fit({"a": array((2,))}, {"a": jnp.ones(2)})


def test_arrays_besides_those_of_a_model_have_a_limit():
    mine = {"model.a": jax.ShapeDtypeStruct((1000,), jnp.float32)}
    check_rest(mine | {"optimiser.a": jax.ShapeDtypeStruct((3000,), jnp.float32)}, mine)
    with pytest.raises(ValueError, match=r"4,294,971,296 bytes for a model of 4,000; take another"):
        check_rest(mine | {"optimiser.a": jax.ShapeDtypeStruct((2**30,), jnp.float32)}, mine)
