"""Many frames through a network of one frame: the same answers, whatever the way."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxprs import choose, kept
from models import draw, made
from reference import assert_alike

from cwvae.kernels import chunks
from cwvae.likelihoods import LearnedNormal
from cwvae.nn.frame_networks import AbstractFrameNetwork, log_probs, map_frames
from cwvae.nn.layers import Dense
from cwvae.nn.vision import FrameDecoder, FrameEncoder

ENCODER = made(FrameEncoder, size=32, channels=1, multiplier=1 / 32)
DECODER = made(FrameDecoder, state=7, size=32, channels=1, multiplier=1 / 32)
NETWORKS = {"encoder": (ENCODER, (32, 32, 1)), "decoder": (DECODER, (7,))}
networks = pytest.mark.parametrize("name", NETWORKS)


class Doubling(AbstractFrameNetwork):
    """A dense layer whose way through many frames can be seen in its answers."""

    dense: Dense

    def __call__(self, frame):
        return self.dense(frame)

    def batch(self, frames):
        return 2 * jax.vmap(self.dense)(frames)


@pytest.fixture
def small_chunks(monkeypatch):
    """Let three images be many."""
    monkeypatch.setattr(chunks, "CHUNK", 3)


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
    monkeypatch.setattr(chunks, "CHUNK", 16)
    whole = eqx.filter_jit(eqx.filter_grad(lambda n: total(n)))((network, rows))
    assert_alike(chunked, whole, 1e-4)


@networks
def test_vmap_over_videos_networks_and_both(name, small_chunks):
    network, shape = NETWORKS[name]
    videos = draw(0, 2, 4, *shape)
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
        inputs = two if axes[0] == 0 else arrays, videos if axes[1] == 0 else videos[0]
        found = jax.jit(jax.vmap(run, in_axes=axes))(*inputs)
        assert_alike(found, jnp.stack([run(*pair) for pair in pairs]), 1e-4)


@networks
def test_the_gradient_of_each_video_under_vmap(name, small_chunks):
    network, shape = NETWORKS[name]
    videos = draw(0, 2, 4, *shape)

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


def test_a_network_without_a_way_of_its_own_is_mapped_and_another_takes_its_own():
    rows, network = draw(0, 5, 4), Doubling(made(Dense, 4, 3))
    assert np.array_equal(map_frames(jnp.sum, rows), rows.sum(1))
    assert_alike(map_frames(network, rows), 2 * jax.vmap(network)(rows))


@pytest.mark.parametrize("way", ["chunked", "mapped"])
def test_log_probs_of_a_decoder_are_those_of_its_frames_with_their_gradients(way, small_chunks):
    network, likelihood = DECODER, LearnedNormal(stddev=0.7)
    states, targets, counts = draw(0, 7, 7), draw(1, 7, 32, 32, 1), draw(2, 7)

    @eqx.filter_jit
    @eqx.filter_value_and_grad
    def together(arguments):
        network, likelihood, states, targets = arguments
        known = network if way == "chunked" else lambda state: network(state)
        return counts @ log_probs(known, likelihood.log_prob, states, targets)

    @eqx.filter_jit
    @eqx.filter_value_and_grad
    def one_after_the_other(arguments):
        network, likelihood, states, targets = arguments
        return sum(
            count * likelihood.log_prob(network(state), target)
            for count, state, target in zip(counts, states, targets, strict=True)
        )

    arguments = (network, likelihood, states, targets)
    assert_alike(together(arguments), one_after_the_other(arguments), 1e-4)


def test_nothing_of_what_happens_inside_is_kept_for_the_gradient(small_chunks, monkeypatch):
    choose(monkeypatch, "cpu")

    # Its gradient needs two numbers a pixel: the difference and the exponential.
    def bumps(decoded, target):
        return jnp.sum(jnp.exp(-((decoded - target) ** 2)))

    def forgotten(network, states, targets):
        return jnp.sum(log_probs(network, bumps, states, targets))

    def remembered(network, states, targets):
        return jnp.sum(jax.vmap(bumps)(map_frames(network, states), targets))

    def kept_per_frame(value) -> float:
        few, many = (
            kept(value, DECODER, draw(0, count, 7), draw(1, count, 32, 32, 1)) for count in (6, 12)
        )
        return (many - few) / 6

    # The target and its gradient (32 x 32 each), and little besides.
    assert kept_per_frame(forgotten) < 2.25 * 32 * 32
    assert kept_per_frame(remembered) > 3 * 32 * 32
