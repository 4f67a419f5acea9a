"""Bottom-up: chained stacks on every frame, then sums over each level's windows."""

import dataclasses

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import pytest
from jaxtyping import TypeCheckError
from models import draw, made, plain

from cwvae.clock import Clock
from cwvae.model import CWVAE
from cwvae.nn.compute_dtype import InDtype
from cwvae.nn.encoder import CoarseEncoder, Encoder
from cwvae.nn.layers import DenseStack
from cwvae.nn.vision import FrameEncoder

SIZE, FEATURE = 32, 16

features_of = eqx.filter_jit(CWVAE.features)


def stacks(count: int) -> tuple[DenseStack, ...]:
    sizes = {"hidden_size": 5, "depth": 3}
    return tuple(made(DenseStack, FEATURE, FEATURE, **sizes, seed=n) for n in range(count))


def encoder(count: int) -> Encoder:
    return Encoder(made(FrameEncoder, size=SIZE, channels=1, multiplier=1 / 32), stacks(count))


def model_of(clock: Clock, count: int | None = None) -> CWVAE:
    """Make a model of frames of 32 x 32 pixels, with one stack a level above the first."""
    network = encoder(clock.levels - 1 if count is None else count)
    return dataclasses.replace(plain(clock), encoder=network)


def test_features_of_a_frame_are_chained_stacks_on_the_frame_encoder():
    network, frame = encoder(2), draw(1, SIZE, SIZE, 1)
    actual = network(frame)
    first = network.frame(frame)
    second = network.stacks[0](first)
    for ours, theirs in zip(actual, (first, second, network.stacks[1](second)), strict=True):
        assert ours.shape == (FEATURE,)
        assert np.array_equal(ours, theirs)


# The window of tick n is the frames n period <= t < (n + 1) period, of a causal clock
# (n - 1) period < t <= n period.
CLOCKS = [(Clock(3, (2, 3)), 8), (Clock(2, 1), 3), (Clock(3, (2, 3), lookahead=False), 8)]


@pytest.mark.parametrize(("clock", "frames"), CLOCKS)
def test_a_levels_features_are_the_sums_over_its_windows(clock, frames):
    model, video = model_of(clock), draw(1, frames, SIZE, SIZE, 1)
    actual = features_of(model, video)
    assert [f.shape for f in actual] == [(ticks, FEATURE) for ticks in clock.ticks(frames)]
    expected = [np.zeros(f.shape) for f in actual]
    frame_encoder = eqx.filter_jit(model.encoder.frame)
    for t in range(frames):
        feature = frame_encoder(video[t])
        for level, period in enumerate(clock.periods):
            if level > 0:
                feature = model.encoder.stacks[level - 1](feature)
            tick = t // period if clock.lookahead else -(-t // period)
            if tick < len(expected[level]):
                expected[level][tick] += feature
    for ours, theirs in zip(actual, expected, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-4)


def test_one_level_has_the_frames_features_and_no_stack():
    model, video = model_of(Clock(1)), draw(1, 2, SIZE, SIZE, 1)
    (features,) = features_of(model, video)
    assert model.encoder.stacks == ()
    np.testing.assert_allclose(features[1], model.encoder.frame(video[1]), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("count", [0, 1, 3])
def test_a_wrong_number_of_stacks_is_an_error(count):
    message = f"3 levels need an encoder with features for each, got features for {count + 1}"
    with pytest.raises(ValueError, match=message):
        model_of(Clock(3, 2), count).features(jnp.zeros((2, SIZE, SIZE, 1)))


@pytest.mark.parametrize("shape", [(32, 32, 1), (1, 2, 32, 32, 1)])
def test_what_is_not_a_video_is_an_error_with_the_shapes(shape):
    message = rf"frames of .* \(32, 32, 1\), got \({', '.join(map(str, shape[1:]))}\)"
    with pytest.raises(ValueError, match=message):
        model_of(Clock(1)).features(jnp.zeros(shape))


def test_a_video_of_bytes_is_an_error_that_names_it():
    with pytest.raises(TypeCheckError, match="parameter 'video'"):
        model_of(Clock(1)).features(jnp.zeros((2, 32, 32, 1), "uint8"))


def test_a_video_without_frames_is_an_error():
    with pytest.raises(ValueError, match="at least 1 frame, got none"):
        model_of(Clock(1)).features(jnp.zeros((0, 32, 32, 1)))


def test_a_coarse_encoder_shows_the_slowest_level_alone_what_is_finer_than_a_block():
    stack = {"hidden_size": 5, "depth": 2}
    coarse = tuple(made(DenseStack, 64, FEATURE, **stack, seed=n) for n in range(2))
    network = CoarseEncoder(encoder(0).frame, coarse, 4)
    frame = draw(1, SIZE, SIZE, 1)
    # The same in every block of 4 x 4 pixels, whose means therefore stay.
    detail = jnp.tile(draw(2, 4, 4, 1), (8, 8, 1))
    ours, other = network(frame), network(frame + detail - detail.mean())
    assert [f.shape for f in ours] == [(FEATURE,)] * 3
    for fine, changed in zip(ours[:2], other[:2], strict=True):
        np.testing.assert_allclose(fine, changed, rtol=1e-4, atol=1e-4)
    assert np.all(np.abs(ours[2] - other[2]) > 1e-4)
    means = np.asarray(frame).reshape(8, 4, 8, 4).mean((1, 3)).reshape(-1)
    np.testing.assert_allclose(ours[0], coarse[0](jnp.asarray(means)), rtol=1e-4, atol=1e-5)


def test_a_coarse_encoder_is_the_same_for_many_frames():
    network = CoarseEncoder(
        encoder(0).frame, (made(DenseStack, 64, FEATURE, hidden_size=5, depth=2),), 4
    )
    frames = draw(1, 3, SIZE, SIZE, 1)
    for together, single in zip(
        network.batch(frames), zip(*map(network, frames), strict=True), strict=True
    ):
        np.testing.assert_allclose(together, np.stack(single), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("read", [1, 3, 9, None])
@pytest.mark.parametrize(
    "wrap", [lambda network: network, lambda network: InDtype(network, "float32")]
)
def test_a_coarse_encoder_leaves_out_what_a_static_level_does_not_read(read, wrap):
    coarse = (made(DenseStack, 64, FEATURE, hidden_size=5, depth=2),)
    network = CoarseEncoder(encoder(0).frame, coarse, 4)
    videos = draw(1, 2, 5, SIZE, SIZE, 1)
    expected = [np.stack(f) for f in zip(*map(network.batch, videos), strict=True)]
    if read is not None:
        expected[-1][:, read:] = 0
    for actual, level in zip(wrap(network).videos(videos, read), expected, strict=True):
        np.testing.assert_allclose(actual, level, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("lookahead", [True, False])
def test_the_clock_states_how_many_frames_a_static_level_reads(lookahead):
    coarse = (made(DenseStack, 64, FEATURE, hidden_size=5, depth=2),)
    model = model_of(Clock(2, static_window=3, lookahead=lookahead))
    coarsely = eqx.tree_at(lambda m: m.encoder, model, CoarseEncoder(encoder(0).frame, coarse, 4))
    features = coarsely.encode_videos(draw(1, 2, 5, SIZE, SIZE, 1))
    seen = np.abs(features[-1]).max((0, 2)) > 0
    assert seen.tolist() == [n < (3 if lookahead else 1) for n in range(5)]


def test_videos_without_frames_are_an_error():
    with pytest.raises(ValueError, match="at least 1 frame, got none"):
        model_of(Clock(1)).encode_videos(jnp.zeros((2, 0, 32, 32, 1)))


def test_blocks_that_do_not_divide_a_frame_raise_an_error():
    network = CoarseEncoder(encoder(0).frame, (), 5)
    with pytest.raises(ValueError, match="blocks of 5 pixels must divide the frame, got 32 x 32"):
        network(draw(1, SIZE, SIZE, 1))
