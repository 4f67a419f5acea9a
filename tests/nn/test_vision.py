"""One frame to one vector and back, at every size."""

import copy
import pickle

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest
from jaxtyping import TypeCheckError
from models import draw, made

from cwvae.nn.vision import FrameDecoder, FrameEncoder, feature_size

SIZES = (32, 64, 128, 256)
CHANNELS = {32: 128, 64: 256, 128: 256, 256: 256}  # after the last convolution


def encoder(size: int, channels: int = 1, multiplier: float = 1 / 32) -> FrameEncoder:
    return made(FrameEncoder, size=size, channels=channels, multiplier=multiplier)


def decoder(size: int, channels: int = 1, multiplier: float = 1 / 32) -> FrameDecoder:
    return made(FrameDecoder, state=7, size=size, channels=channels, multiplier=multiplier)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("size", SIZES)
def test_a_frame_becomes_a_vector_of_2_x_2_x_the_last_channels(size, channels):
    frame = jnp.zeros((size, size, channels))
    shape = jax.eval_shape(encoder(size, channels), frame).shape
    assert shape == (4 * CHANNELS[size] // 32,) == (feature_size(size, 1 / 32),)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("size", SIZES)
def test_a_vector_becomes_a_frame_of_the_size_asked_for(size, channels):
    assert jax.eval_shape(decoder(size, channels), jnp.zeros(7)).shape == (size, size, channels)


def test_the_stages_at_64_pixels_are_the_official_ones():
    down, up = encoder(64, 3, 1.0), decoder(64, 3, 1.0)
    kernels = [convolution.kernel.shape for convolution in down.convolutions]
    assert kernels == [(4, 4, 3, 32), (4, 4, 32, 64), (4, 4, 64, 128), (4, 4, 128, 256)]
    edges, edge = [], 64
    for convolution in down.convolutions:
        images = jnp.zeros((convolution.kernel.shape[2], edge, edge, 1))
        edge = jax.eval_shape(convolution, images).shape[1]
        edges.append(edge)
    assert edges == [31, 14, 6, 2]
    assert up.dense.kernel.shape == (7, 1024)
    kernels = [convolution.kernel.shape for convolution in up.convolutions]
    assert kernels == [(5, 5, 128, 1024), (5, 5, 64, 128), (6, 6, 32, 64), (6, 6, 3, 32)]
    edges, edge = [], 1
    for convolution in up.convolutions:
        images = jnp.zeros((convolution.kernel.shape[3], edge, edge, 1))
        edge = jax.eval_shape(convolution, images).shape[1]
        edges.append(edge)
    assert edges == [5, 13, 30, 64]


@pytest.mark.parametrize(("size", "stages"), [(32, 3), (64, 4), (128, 5), (256, 6)])
def test_each_doubling_of_the_size_takes_one_stage_more(size, stages):
    assert len(encoder(size).convolutions) == len(decoder(size).convolutions) == stages


@pytest.mark.parametrize("multiplier", [1 / 8, 0.5, 2])
def test_the_multiplier_scales_every_channel_count(multiplier):
    counts = [c.kernel.shape[3] for c in encoder(64, 1, multiplier).convolutions]
    assert counts == [32 * multiplier, 64 * multiplier, 128 * multiplier, 256 * multiplier]
    counts = [c.kernel.shape[3] for c in decoder(64, 1, multiplier).convolutions]
    assert counts == [1024 * multiplier, 128 * multiplier, 64 * multiplier, 32 * multiplier]


def leaky(x: np.ndarray) -> np.ndarray:
    return np.where(x > 0, x, 0.2 * x)


def convolved(image: np.ndarray, kernel: np.ndarray, bias: np.ndarray) -> np.ndarray:
    """Convolve an image with a kernel at every second pixel, the slow way."""
    size, edge = len(kernel), (len(image) - len(kernel)) // 2 + 1
    windows = [
        [image[2 * row : 2 * row + size, 2 * column : 2 * column + size] for column in range(edge)]
        for row in range(edge)
    ]
    return np.einsum("rcabi,abio->rco", np.asarray(windows), kernel) + bias


def transposed(image: np.ndarray, kernel: np.ndarray, bias: np.ndarray) -> np.ndarray:
    """Spread every pixel over a window, windows two pixels apart, the slow way."""
    size, edge = len(kernel), len(image)
    answer = np.zeros((2 * (edge - 1) + size,) * 2 + kernel.shape[2:3]) + bias
    for row, column in np.ndindex(edge, edge):
        window = np.einsum("aboi,i->abo", kernel, image[row, column])
        answer[2 * row : 2 * row + size, 2 * column : 2 * column + size] += window
    return answer


def weights(layer) -> tuple[np.ndarray, np.ndarray]:
    return np.asarray(layer.kernel, np.float64), np.asarray(layer.bias, np.float64)


def test_the_encoder_is_convolutions_with_leaky_relus_flattened():
    network, frame = encoder(32, 3, 1 / 16), draw(0, 32, 32, 3)
    image = np.float64(frame)
    for convolution in network.convolutions:
        image = leaky(convolved(image, *weights(convolution)))
    np.testing.assert_allclose(
        eqx.filter_jit(network)(frame), image.reshape(-1), rtol=1e-4, atol=1e-5
    )


@pytest.mark.parametrize(("options", "last"), [({}, np.tanh), ({"activation": jnp.abs}, np.abs)])
def test_the_decoder_is_transposed_convolutions_with_leaky_relus_and_a_tanh_or_other(options, last):
    sizes = {"state": 7, "size": 32, "channels": 3, "multiplier": 1 / 16}
    network, state = made(FrameDecoder, **sizes, **options), draw(0, 7)
    kernel, bias = weights(network.dense)
    image = (np.float64(state) @ kernel + bias).reshape(1, 1, -1)
    # No activation after the dense layer.
    image = transposed(image, *weights(network.convolutions[0]))
    for convolution in network.convolutions[1:]:
        image = transposed(leaky(image), *weights(convolution))
    np.testing.assert_allclose(eqx.filter_jit(network)(state), last(image), rtol=1e-4, atol=1e-5)


def test_a_numpy_frame_will_do():
    network, frame = encoder(32), np.float32(draw(0, 32, 32, 1))
    assert np.array_equal(network(frame), network(jnp.asarray(frame)))


@pytest.mark.parametrize("size", [0, 16, 48, 65, 512])
@pytest.mark.parametrize("kind", [encoder, decoder])
def test_a_size_that_is_no_power_of_two_from_32_to_256_is_an_error(kind, size):
    with pytest.raises(
        ValueError, match=rf"^size must be 32, 64, 128 or 256 pixels, got {size}; choose"
    ):
        kind(size)


@pytest.mark.parametrize("multiplier", [0, 1 / 33, -1])
def test_a_multiplier_that_leaves_no_channel_is_an_error(multiplier):
    with pytest.raises(ValueError, match="leaves no channel; it must be at least 1/32"):
        encoder(32, 1, multiplier)


@pytest.mark.parametrize("shape", [(64, 64, 1), (32, 64, 1), (32, 32, 3), (32, 32)])
def test_a_frame_of_another_size_is_an_error_with_the_remedy(shape):
    message = r"frames of \(height, width, channels\) \(32, 32, 1\), got .*; resize the video"
    with pytest.raises(ValueError, match=message):
        encoder(32)(jnp.zeros(shape))


def test_a_frame_of_bytes_is_an_error_that_names_it():
    with pytest.raises(TypeCheckError, match="parameter 'frame'"):
        encoder(32)(jnp.zeros((32, 32, 1), "uint8"))


def test_both_networks_start_glorot_uniform_with_zero_biases():
    networks = (
        FrameEncoder(size=32, channels=1, multiplier=1 / 4, key=jr.key(0)),
        FrameDecoder(state=20, size=32, channels=1, multiplier=1 / 4, key=jr.key(1)),
    )
    for network in networks:
        for leaf in jax.tree.leaves(network):
            fans = sum(leaf.shape[-2:]) * int(np.prod(leaf.shape[:-2])) if leaf.ndim > 1 else 1
            bound = (6 / fans) ** 0.5 if leaf.ndim > 1 else 0
            assert np.abs(leaf).max() <= bound
            assert np.abs(leaf).max() >= 0.9 * bound


@pytest.mark.parametrize("size", [6, 8])
def test_states_of_another_length_are_an_error_with_the_remedy(size):
    message = f"vectors of length 7, got {size}; decode the outputs"
    with pytest.raises(ValueError, match=message):
        decoder(32)(jnp.zeros(size))
    with pytest.raises(ValueError, match=message):
        decoder(32).log_probs(lambda *_: 0.0, jnp.zeros((2, size)), jnp.zeros((2, 32, 32, 1)))


@pytest.mark.parametrize("kind", [encoder, decoder])
def test_a_network_can_be_copied_and_pickled(kind):
    network = kind(32)
    for other in (copy.deepcopy(network), pickle.loads(pickle.dumps(network))):
        assert jax.tree.all(jax.tree.map(np.array_equal, network, other))
