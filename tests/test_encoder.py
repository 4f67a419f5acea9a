"""Bottom-up: chained stacks at frame rate, then summed over each level's windows."""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jaxtyping import TypeCheckError
from models import draw, made
from reference import dense, relu

from cwvae.clock import Clock
from cwvae.encoder import DenseStack, Encoder
from cwvae.vision import FrameEncoder

SIZE, FEATURE = 32, 16


def stacks(count: int) -> tuple[DenseStack, ...]:
    return tuple(made(DenseStack, FEATURE, hidden=5, depth=3, seed=n) for n in range(count))


def encoder(clock: Clock, count: int | None = None) -> Encoder:
    frame = made(FrameEncoder, size=SIZE, channels=1, multiplier=1 / 32)
    return Encoder(frame, stacks(clock.levels - 1 if count is None else count), clock)


@given(seed=st.integers(0, 2**31))
def test_a_stack_is_dense_layers_with_relus_between_them(seed):
    stack, vector = made(DenseStack, 4, hidden=5, depth=3, seed=seed), draw(seed, 4)
    weights = {
        f"{number}/{leaf}": np.float64(getattr(layer, leaf))
        for number, layer in enumerate(stack.layers)
        for leaf in ("kernel", "bias")
    }
    hidden = relu(dense(weights, "0", np.float64(vector)))
    expected = dense(weights, "2", relu(dense(weights, "1", hidden)))
    np.testing.assert_allclose(stack(vector), expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(("clock", "frames"), [(Clock(3, (2, 3)), 8), (Clock(2, 1), 3)])
def test_features_are_sums_over_windows_of_chained_stacks(clock, frames):
    network, video = encoder(clock), draw(1, frames, SIZE, SIZE, 1)
    actual = eqx.filter_jit(network)(video)
    assert [f.shape for f in actual] == [(ticks, FEATURE) for ticks in clock.ticks(frames)]
    expected = [np.zeros(f.shape) for f in actual]
    frame_encoder = eqx.filter_jit(network.frame)
    for t in range(frames):
        feature = frame_encoder(video[t])
        for level, period in enumerate(clock.periods):
            if level > 0:
                feature = network.stacks[level - 1](feature)
            expected[level][t // period] += feature
    for ours, theirs in zip(actual, expected, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-4)


def test_one_level_has_the_frames_features_and_no_stack():
    network, video = encoder(Clock(1)), draw(1, 2, SIZE, SIZE, 1)
    (features,) = network(video)
    assert network.stacks == ()
    np.testing.assert_allclose(features[1], network.frame(video[1]), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("count", [0, 1, 3])
def test_a_wrong_number_of_stacks_is_refused(count):
    with pytest.raises(ValueError, match=f"3 levels need 2 dense stacks, .*, got {count}"):
        encoder(Clock(3, 2), count)


def test_a_stack_without_layers_is_refused():
    with pytest.raises(ValueError, match="at least 1 dense layer, got 0"):
        made(DenseStack, FEATURE, hidden=5, depth=0)


@pytest.mark.parametrize("shape", [(32, 32, 1), (1, 2, 32, 32, 1)])
def test_what_is_not_a_video_is_refused_by_name(shape):
    with pytest.raises(TypeCheckError, match="parameter 'video'"):
        encoder(Clock(1))(jnp.zeros(shape))


def test_a_video_of_bytes_is_refused_by_name():
    with pytest.raises(TypeCheckError, match="parameter 'video'"):
        encoder(Clock(1))(jnp.zeros((2, 32, 32, 1), "uint8"))


def test_a_video_without_frames_is_refused():
    with pytest.raises(ValueError, match="at least 1 frame, got none"):
        encoder(Clock(1))(jnp.zeros((0, 32, 32, 1)))
