"""Many frames through a network that knows one: the same answers, whatever the way."""

from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from models import draw, made
from reference import assert_alike

from cwvae.kernels import chunks
from cwvae.kernels.chunks import in_chunks, total_in_chunks
from cwvae.likelihoods import LearnedNormal
from cwvae.nn.frame_networks import AbstractFrameNetwork, log_prob_sum, map_frames
from cwvae.nn.layers import Dense
from cwvae.nn.vision import FrameDecoder, FrameEncoder

ENCODER = made(FrameEncoder, size=32, channels=1, multiplier=1 / 32)
DECODER = made(FrameDecoder, state=7, size=32, channels=1, multiplier=1 / 32)
NETWORKS = {"encoder": (ENCODER, (32, 32, 1)), "decoder": (DECODER, (7,))}
networks = pytest.mark.parametrize("name", NETWORKS)


class Counting(AbstractFrameNetwork):
    """A dense layer that says of how many frames it was asked at once."""

    dense: Dense
    asked: Callable[[int], None] = eqx.field(static=True)

    def __call__(self, frame):
        return self.dense(frame)

    def batch(self, frames):
        self.asked(len(frames))
        return jax.vmap(self.dense)(frames)


@pytest.fixture
def small_chunks(monkeypatch):
    """Let three images be many."""
    monkeypatch.setattr(chunks, "CHUNK", {jax.default_backend(): 3})


def one_by_one(network, rows):
    return jax.tree.map(lambda *answers: jnp.stack(answers), *map(network, rows))


@networks
@pytest.mark.parametrize("count", [1, 3, 7])
def test_many_frames_are_one_after_the_other(name, count, small_chunks):
    network, shape = NETWORKS[name]
    rows = draw(0, count, *shape)
    many = eqx.filter_jit(map_frames)(network, rows)
    assert_alike(many, one_by_one(eqx.filter_jit(network), rows))


@networks
def test_gradients_are_those_without_chunks(name, small_chunks, monkeypatch):
    network, shape = NETWORKS[name]
    rows = draw(0, 7, *shape)

    def total(network_and_rows):
        return jnp.sum(map_frames(*network_and_rows) ** 2)

    chunked = eqx.filter_jit(eqx.filter_grad(total))((network, rows))
    monkeypatch.setattr(chunks, "CHUNK", {})
    whole = eqx.filter_jit(eqx.filter_grad(lambda n: total(n)))((network, rows))
    assert_alike(chunked, whole, 1e-4)


def test_vmap_puts_the_frames_of_all_videos_one_after_the_other():
    asked: list[int] = []
    network = Counting(made(Dense, 4, 3), asked.append)
    videos = draw(0, 2, 5, 6, 4)
    found = jax.vmap(jax.vmap(lambda video: map_frames(network, video)))(videos)
    assert asked[-1] == 2 * 5 * 6
    kernel, bias = network.dense.kernel, network.dense.bias
    assert_alike(found, jnp.einsum("abci,io->abco", videos, kernel) + bias.reshape(1, 1, 1, -1))


@networks
def test_vmap_over_videos_networks_and_both(name):
    network, shape = NETWORKS[name]
    videos = draw(0, 2, 3, *shape)
    arrays, rest = eqx.partition(network, eqx.is_array)
    two = jax.tree.map(lambda a: jnp.stack([a, 2 * a]), arrays)

    def run(arrays, video):
        return map_frames(eqx.combine(arrays, rest), video)

    def row(tree, index):
        return jax.tree.map(lambda a: a[index], tree)

    for axes, pairs in {
        (None, 0): [(arrays, videos[0]), (arrays, videos[1])],
        (0, None): [(row(two, 0), videos[0]), (row(two, 1), videos[0])],
        (0, 0): [(row(two, 0), videos[0]), (row(two, 1), videos[1])],
    }.items():
        conditioning = two if axes[0] == 0 else arrays, videos if axes[1] == 0 else videos[0]
        found = jax.jit(jax.vmap(run, in_axes=axes))(*conditioning)
        assert_alike(found, jnp.stack([run(*pair) for pair in pairs]), 1e-4)


@networks
def test_the_gradient_of_each_video_under_vmap(name):
    network, shape = NETWORKS[name]
    videos = draw(0, 2, 3, *shape)

    def total(network, video):
        return jnp.sum(map_frames(network, video) ** 2)

    grad = eqx.filter_grad(total)
    found = eqx.filter_jit(eqx.filter_vmap(grad, in_axes=(None, 0)))(network, videos)
    expected = [eqx.filter_jit(grad)(network, video) for video in videos]
    assert_alike(found, jax.tree.map(lambda a, b: jnp.stack([a, b]), *expected), 1e-4)
    # And of a sum of videos, which vmap is inside of.
    summed = eqx.filter_jit(
        eqx.filter_grad(lambda n: jnp.sum(jax.vmap(lambda video: total(n, video))(videos)))
    )(network)
    assert_alike(summed, jax.tree.map(lambda a, b: a + b, *expected), 1e-4)


def test_a_network_that_has_no_way_of_its_own_is_mapped():
    rows = draw(0, 5, 4)
    assert np.array_equal(map_frames(jnp.sum, rows), rows.sum(1))


@pytest.mark.parametrize("count", [1, 3, 4, 7, 9])
def test_chunks_are_worked_on_one_after_the_other_and_nothing_is_left_over(count, small_chunks):
    seen = []

    def function(frames):
        seen.append(frames.shape)
        return jnp.stack([frames.sum((1, 2)), frames[:, 0, 0]], axis=1)

    frames = draw(0, count, 4, 2)
    assert_alike(in_chunks(function, frames), function(frames))
    assert seen[-2] == (min(count, 3), 4, 2)


class Scores(eqx.Module):
    """A score that has a weight of its own."""

    weight: jax.Array

    def __call__(self, frames, targets):
        return jnp.tanh(self.weight * frames.sum((1, 2)) * targets[:, 0])


@pytest.mark.parametrize("count", [1, 3, 4, 7, 9])
def test_a_total_and_its_gradients_are_those_without_chunks(count, small_chunks, monkeypatch):
    scores, (rows, targets) = Scores(draw(0)), (draw(1, count, 4, 2), draw(2, count, 3))

    @eqx.filter_jit
    @eqx.filter_value_and_grad
    def cubed(arguments, way):
        return way(*arguments) ** 3

    def at_once(scores, rows, targets):
        return jnp.sum(scores(rows, targets))

    chunked = cubed((scores, rows, targets), total_in_chunks)
    assert_alike(chunked, cubed((scores, rows, targets), at_once), 1e-5)
    value = eqx.filter_jit(total_in_chunks)(scores, rows, targets)
    assert value == pytest.approx(float(at_once(scores, rows, targets)), rel=1e-5)


def test_what_fills_the_last_chunk_of_a_total_may_have_any_score(small_chunks):
    # The logarithm of what fills would be that of the last frame, of zeros it would be infinite.
    rows, targets = jnp.full((4, 2, 1), 0.5), jnp.ones((4, 1))

    def value(rows):
        return total_in_chunks(lambda rows, _: jnp.log(rows).sum((1, 2)), rows, targets)

    found, gradient = jax.jit(jax.value_and_grad(value))(rows)
    assert found == pytest.approx(8 * np.log(0.5))
    assert np.all(gradient == 2)


@pytest.mark.parametrize("way", ["many", "mapped"])
def test_the_total_of_a_decoder_is_the_sum_over_frames_with_its_gradients(way, small_chunks):
    network, likelihood = DECODER, LearnedNormal(stddev=0.7)
    states, targets = draw(0, 7, 7), draw(1, 7, 32, 32, 1)

    @eqx.filter_jit
    @eqx.filter_value_and_grad
    def summed(arguments):
        network, likelihood, states, targets = arguments
        known = network if way == "many" else lambda state: network(state)
        return log_prob_sum(known, likelihood.log_prob, states, targets)

    @eqx.filter_jit
    @eqx.filter_value_and_grad
    def one_after_the_other(arguments):
        network, likelihood, states, targets = arguments
        return sum(
            likelihood.log_prob(network(state), target)
            for state, target in zip(states, targets, strict=True)
        )

    arguments = (network, likelihood, states, targets)
    assert_alike(summed(arguments), one_after_the_other(arguments), 1e-4)


def test_a_total_keeps_nothing_of_what_happens_inside_for_its_gradient(small_chunks):
    def squares(decoded, target):
        return jnp.sum((decoded - target) ** 2)

    def chunked(network, states, targets):
        return log_prob_sum(network, squares, states, targets)

    def kept(network, states, targets):
        return jnp.sum(jax.vmap(squares)(map_frames(network, states), targets))

    def numbers_per_frame(value) -> float:
        def temporaries(count: int) -> int:
            inputs = DECODER, draw(0, count, 7), draw(1, count, 32, 32, 1)
            compiled = eqx.filter_jit(eqx.filter_grad(value)).lower(*inputs).compile()
            return compiled.compiled.memory_analysis().temp_size_in_bytes

        return (temporaries(60) - temporaries(30)) / 30 / 4

    # The target (32 x 32) in chunks, and little besides.
    assert numbers_per_frame(chunked) < 1.2 * 32 * 32 < numbers_per_frame(kept) / 2


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32"])
def test_a_total_of_a_network_in_few_bits_is_summed_in_more(dtype, small_chunks):
    # Of a chunk alone the gradient is 90,000, too large for float16; that of the mean is not.
    rows, targets = jnp.ones((400, 4, 4), dtype), jnp.zeros((400, 1), "uint8")

    def scores(weight, rows, targets):
        return 1875 * (weight * rows).sum((1, 2)).astype("float32")

    def mean(weight, rows):
        return total_in_chunks(jax.tree_util.Partial(scores, weight), rows, targets) / 400

    with jax.numpy_dtype_promotion("strict"):
        weight = jnp.ones((), dtype)
        found, gradients = jax.jit(jax.value_and_grad(mean, argnums=(0, 1)))(weight, rows)
    assert [g.dtype for g in gradients] == [jnp.dtype(dtype)] * 2
    assert float(found) == pytest.approx(30_000, rel=0.01)
    assert float(gradients[0]) == pytest.approx(30_000, rel=0.03)
    assert_alike(gradients[1].astype("float32"), jnp.full((400, 4, 4), 1875 / 400), 0.01)


def test_a_total_of_scores_in_few_bits_does_not_stop_growing(small_chunks):
    rows = jnp.ones((999, 1), "bfloat16")
    found = total_in_chunks(lambda rows, _: rows[:, 0], rows, rows)
    assert found.dtype == jnp.bfloat16
    assert float(found) == pytest.approx(999, rel=0.01)
