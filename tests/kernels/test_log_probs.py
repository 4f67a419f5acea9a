"""Log-probabilities whose gradient is taken along with them, chunk by chunk."""

from functools import partial

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxprs import primitives
from models import draw
from reference import assert_alike

from cwvae.kernels import chunks
from cwvae.kernels.log_probs import log_probs_in_chunks


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch):
    """Let three images be many."""
    monkeypatch.setattr(chunks, "CHUNK", 3)


class Scores(eqx.Module):
    """Log-probabilities with a weight of their own."""

    weight: jax.Array

    def __call__(self, frames, targets):
        return jnp.tanh(self.weight * frames.sum((1, 2)) * targets[:, 0])


def at_once(scores, rows, targets):
    return scores(rows, targets)


def chunked(scores, rows, targets):
    return log_probs_in_chunks(scores, rows, targets, kernels="im2col")


def inputs(count: int):
    return Scores(draw(0)), draw(1, count, 4, 2), draw(2, count, 3)


OBJECTIVES = {
    "the sum": jnp.sum,
    "a function of the sum": lambda found: found.sum() ** 3,
    "frames that count differently": lambda found: jnp.vdot(jnp.arange(1.0, 1 + len(found)), found),
    "a function of each": lambda found: jnp.sum(found**3),
}
objectives = pytest.mark.parametrize("objective", OBJECTIVES)


@objectives
@pytest.mark.parametrize("count", [1, 3, 4, 7])
def test_values_and_gradients_are_those_without_chunks(count, objective):
    @eqx.filter_jit
    @eqx.filter_value_and_grad
    def value(arguments, way):
        return OBJECTIVES[objective](way(*arguments))

    arguments = inputs(count)
    assert_alike(value(arguments, chunked), value(arguments, at_once), 1e-5)
    assert_alike(chunked(*arguments), at_once(*arguments), 1e-6)


@objectives
def test_gradients_of_gradients_are_those_without_chunks(objective):
    def slope(arguments, way):
        gradient = eqx.filter_grad(lambda a: OBJECTIVES[objective](way(*a)))(arguments)
        return sum(jnp.sum(leaf**2) for leaf in jax.tree.leaves(gradient))

    second = eqx.filter_jit(eqx.filter_grad(slope))
    arguments = inputs(7)
    assert_alike(second(arguments, chunked), second(arguments, at_once), 1e-4)


def test_how_much_a_frame_counts_may_be_differentiated_where_all_count_alike():
    scores, rows, targets = inputs(7)

    def gradient_of_weight(counts, way):
        return jax.grad(lambda w: counts @ way(Scores(w), rows, targets))(scores.weight)

    found, expected = (jax.grad(gradient_of_weight)(jnp.ones(7), way) for way in (chunked, at_once))
    assert len(np.unique(expected)) == 7
    assert_alike(found, expected, 1e-5)


@pytest.mark.parametrize("kernels", ["im2col", "auto"])
@pytest.mark.parametrize("take", ["each", "sum"])
def test_gradients_with_vmap_over_videos_are_those_of_each(take, kernels):
    scores, rows, targets = Scores(draw(0)), draw(1, 2, 5, 4, 2), draw(2, 2, 5, 3)

    def of(way):
        def value(weight, rows, targets):
            return way(Scores(weight), rows, targets).sum()

        if take == "each":
            return jax.vmap(jax.grad(value), in_axes=(None, 0, 0))(scores.weight, rows, targets)
        videos = jax.vmap(value, in_axes=(None, 0, 0))
        total = jax.grad(lambda *inputs: videos(*inputs).sum(), argnums=(0, 1, 2))
        return total(scores.weight, rows, targets)

    assert_alike(
        jax.jit(lambda: of(partial(log_probs_in_chunks, kernels=kernels)))(), of(at_once), 1e-5
    )


def test_with_vmap_over_videos_that_count_alike_one_branch_runs_and_not_both():
    scores, rows, targets = Scores(draw(0)), draw(1, 2, 5, 4, 2), draw(2, 2, 5, 3)
    videos = jax.vmap(lambda w, *video: chunked(Scores(w), *video).sum(), in_axes=(None, 0, 0))
    gradient = jax.grad(lambda weight: videos(weight, rows, targets).sum())
    assert primitives(gradient, scores.weight)["cond"]


@pytest.mark.parametrize(
    "way",
    [
        lambda f, x: jax.jvp(f, (x,), (x,)),
        lambda f, x: jax.linearize(f, x)[1](x),
        lambda f, x: jax.jacfwd(f)(x),
        lambda f, x: jax.grad(lambda x: jax.jvp(f, (x,), (x,))[1].sum())(x),
        lambda f, x: jax.jit(lambda x: jax.jvp(f, (x,), (x,)))(x),
    ],
)
def test_forward_mode_is_an_error_that_names_the_switch(way):
    scores, rows, targets = inputs(7)
    message = 'build the model with kernels="xla", or set CWVAE_KERNELS=xla'
    with pytest.raises(TypeError, match=message):
        way(lambda rows: chunked(scores, rows, targets), rows)


def test_what_fills_the_last_chunk_may_have_any_log_probability():
    # The logarithm of what fills would be that of the last frame, of zeros it would be infinite.
    rows, targets = jnp.full((4, 2, 1), 0.5), jnp.ones((4, 1))

    def value(rows):
        return chunked(lambda rows, _: jnp.log(rows).sum((1, 2)), rows, targets).sum()

    found, gradient = jax.jit(jax.value_and_grad(value))(rows)
    assert found == pytest.approx(8 * np.log(0.5))
    assert np.all(gradient == 2)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32"])
def test_gradients_of_a_network_in_few_bits_are_summed_in_more(dtype):
    # Of a chunk alone the gradient is 90,000, too large for float16; that of the mean is not.
    rows, targets = jnp.ones((400, 4, 4), dtype), jnp.zeros((400, 1), "uint8")

    def scores(weight, rows, targets):
        return 1875 * (weight * rows).sum((1, 2)).astype("float32")

    def mean(weight, rows):
        return chunked(jax.tree_util.Partial(scores, weight), rows, targets).mean()

    with jax.numpy_dtype_promotion("strict"):
        weight = jnp.ones((), dtype)
        found, gradients = jax.jit(jax.value_and_grad(mean, argnums=(0, 1)))(weight, rows)
    assert [g.dtype for g in gradients] == [jnp.dtype(dtype)] * 2
    assert float(found) == pytest.approx(30_000, rel=0.01)
    assert float(gradients[0]) == pytest.approx(30_000, rel=0.03)
    assert_alike(gradients[1].astype("float32"), jnp.full((400, 4, 4), 1875 / 400), 0.01)
