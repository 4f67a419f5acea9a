"""Many frames through a network that knows one: the same answers, whatever the way."""

from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from models import draw, made
from reference import assert_alike

from cwvae import frames
from cwvae.frames import AbstractFrameNetwork, each, in_chunks
from cwvae.layers import Dense
from cwvae.vision import FrameDecoder, FrameEncoder

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

    def many(self, frames):
        self.asked(len(frames))
        return jax.vmap(self.dense)(frames)


@pytest.fixture
def small_chunks(monkeypatch):
    """Let three images be many."""
    monkeypatch.setattr(frames, "CHUNK", {jax.default_backend(): 3})


def one_by_one(network, rows):
    return jax.tree.map(lambda *answers: jnp.stack(answers), *map(network, rows))


@networks
@pytest.mark.parametrize("count", [1, 3, 7])
def test_many_frames_are_one_after_the_other(name, count, small_chunks):
    network, shape = NETWORKS[name]
    rows = draw(0, count, *shape)
    many = eqx.filter_jit(each)(network, rows)
    assert_alike(many, one_by_one(eqx.filter_jit(network), rows))


@networks
def test_gradients_are_those_without_chunks(name, small_chunks, monkeypatch):
    network, shape = NETWORKS[name]
    rows = draw(0, 7, *shape)

    def total(network_and_rows):
        return jnp.sum(each(*network_and_rows) ** 2)

    chunked = eqx.filter_jit(eqx.filter_grad(total))((network, rows))
    monkeypatch.setattr(frames, "CHUNK", {})
    whole = eqx.filter_jit(eqx.filter_grad(lambda n: total(n)))((network, rows))
    assert_alike(chunked, whole, 1e-4)


def test_vmap_puts_the_frames_of_all_videos_one_after_the_other():
    asked: list[int] = []
    network = Counting(made(Dense, 4, 3), asked.append)
    videos = draw(0, 2, 5, 6, 4)
    found = jax.vmap(jax.vmap(lambda video: each(network, video)))(videos)
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
        return each(eqx.combine(arrays, rest), video)

    def row(tree, index):
        return jax.tree.map(lambda a: a[index], tree)

    for axes, pairs in {
        (None, 0): [(arrays, videos[0]), (arrays, videos[1])],
        (0, None): [(row(two, 0), videos[0]), (row(two, 1), videos[0])],
        (0, 0): [(row(two, 0), videos[0]), (row(two, 1), videos[1])],
    }.items():
        given = two if axes[0] == 0 else arrays, videos if axes[1] == 0 else videos[0]
        found = jax.jit(jax.vmap(run, in_axes=axes))(*given)
        assert_alike(found, jnp.stack([run(*pair) for pair in pairs]), 1e-4)


@networks
def test_the_gradient_of_each_video_under_vmap(name):
    network, shape = NETWORKS[name]
    videos = draw(0, 2, 3, *shape)

    def total(network, video):
        return jnp.sum(each(network, video) ** 2)

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
    assert np.array_equal(each(jnp.sum, rows), rows.sum(1))


@pytest.mark.parametrize("count", [1, 3, 4, 7, 9])
def test_chunks_are_worked_on_one_after_the_other_and_nothing_is_left_over(count, small_chunks):
    seen = []

    def function(frames):
        seen.append(frames.shape)
        return jnp.stack([frames.sum((1, 2)), frames[:, 0, 0]], axis=1)

    frames = draw(0, count, 4, 2)
    assert_alike(in_chunks(function, frames), function(frames))
    assert seen[-2] == (min(count, 3), 4, 2)
