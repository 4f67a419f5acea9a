"""The distribution of a frame against the float64 formula."""

import dataclasses
from functools import partial

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from models import OUTPUT, made, noise, tiny
from reference import assert_alike, frame_log_likelihood, sigmoid

from cwvae.likelihoods import Bernoulli, DiscretisedLogistic, FixedNormal, LearnedNormal
from cwvae.nn.vision import FrameDecoder
from cwvae.objective import elbo


def frames(seed: int) -> tuple[jnp.ndarray, jnp.ndarray]:
    """Draw the decoder's output and a frame."""
    values = np.random.default_rng(seed).random((2, 5, 4, 3))
    return jnp.asarray(values[0], dtype=float), jnp.asarray(values[1], dtype=float)


@pytest.mark.parametrize("stddev", [0.1, 0.4, 1.0])
@given(seed=st.integers(0, 2**32 - 1))
def test_the_log_likelihood_sums_pixels_and_keeps_the_constants(stddev, seed):
    decoded, frame = frames(seed)
    expected = frame_log_likelihood(frame, decoded, stddev)
    actual = FixedNormal(stddev).log_prob(decoded, frame)
    np.testing.assert_allclose(actual, expected, rtol=2e-6, atol=2e-5)


def test_a_perfect_frame_is_the_likeliest():
    decoded, frame = frames(0)
    likelihood = FixedNormal(0.4)
    assert likelihood.log_prob(frame, frame) > likelihood.log_prob(decoded, frame)


def test_the_expected_frame_is_the_decoders_output():
    decoded, _ = frames(0)
    assert np.array_equal(FixedNormal(0.4).mean(decoded), decoded)


# A scale that is learned.


@pytest.mark.parametrize("stddev", [0.1, 1.0])
def test_the_learned_normal_is_the_fixed_one_at_its_scale(stddev):
    decoded, frame = frames(0)
    learned, fixed = LearnedNormal(stddev), FixedNormal(stddev)
    assert_alike(learned.log_prob(decoded, frame), fixed.log_prob(decoded, frame))
    assert np.array_equal(learned.mean(decoded), decoded)


def test_the_learned_scale_is_at_its_best_at_the_error():
    decoded, frame = frames(0)
    error = float(np.sqrt(np.mean((np.float64(frame) - np.float64(decoded)) ** 2)))

    @eqx.filter_grad
    def slope(likelihood):
        return likelihood.log_prob(decoded, frame)

    assert abs(slope(LearnedNormal(error)).log_stddev) < 1e-3
    assert slope(LearnedNormal(error / 2)).log_stddev > 1
    assert slope(LearnedNormal(error * 2)).log_stddev < -1


# Pixels that are on or off.


@given(st.integers(0, 2**32 - 1))
def test_the_bernoulli_is_the_float64_formula(seed):
    decoded, frame = frames(seed)
    log_odds = 8 * (decoded - 0.5)
    p, x = sigmoid(np.float64(log_odds)), np.float64(frame)
    expected = (x * np.log(p) + (1 - x) * np.log(1 - p)).sum()
    np.testing.assert_allclose(Bernoulli().log_prob(log_odds, frame), expected, rtol=1e-5)
    np.testing.assert_allclose(Bernoulli().mean(log_odds), p, rtol=1e-5)


@pytest.mark.parametrize("log_odds", [-1e4, 1e4])
def test_the_bernoulli_is_finite_where_a_pixel_is_certain(log_odds):
    value, slope = jax.value_and_grad(Bernoulli().log_prob)(jnp.full((1, 1, 1), log_odds), HALF)
    np.testing.assert_allclose(value, -5e3, rtol=1e-6)
    np.testing.assert_allclose(np.abs(slope), 0.5, rtol=1e-6)


HALF = jnp.full((1, 1, 1), 0.5)


# Pixels of so many levels.


def logistic(mean: float, log_scale: float) -> jnp.ndarray:
    """Return the decoder's output for one pixel."""
    return jnp.asarray([[[mean, log_scale]]], dtype=float)


def every_level(levels: int) -> jnp.ndarray:
    """Return a frame of one pixel for every level."""
    return jnp.asarray(np.arange(levels) / (levels - 1), dtype=float).reshape(levels, 1, 1, 1)


@pytest.mark.parametrize("levels", [2, 5, 256])
@pytest.mark.parametrize(("mean", "scale"), [(0.5, 0.1), (-0.2, 0.3), (1.0, 0.004), (0.3, 5.0)])
def test_every_level_has_the_logistic_probability_of_its_bin(levels, mean, scale):
    likelihood, decoded = DiscretisedLogistic(levels), logistic(mean, np.log(scale))
    log_probs = jax.vmap(partial(likelihood.log_prob, decoded))(every_level(levels))
    # The outermost bins reach to infinity.
    edges = (np.arange(levels + 1) - 0.5) / (levels - 1)
    edges[0], edges[-1] = -np.inf, np.inf
    exact_mean, log_scale = np.asarray(decoded[0, 0], np.float64)
    tails = 0.5 * (1 + np.tanh(0.5 * (edges - exact_mean) / np.exp(log_scale)))
    np.testing.assert_allclose(np.exp(log_probs), np.diff(tails), rtol=1e-3, atol=1e-7)
    assert np.exp(np.float64(log_probs)).sum() == pytest.approx(1, abs=1e-5)


def test_log_probabilities_of_pixels_and_channels_add_up():
    means, frame = frames(0)
    decoded = jnp.concatenate([means, means - 3], axis=-1)  # first all means, then all scales
    likelihood = DiscretisedLogistic(4)
    each = [
        likelihood.log_prob(logistic(mean, mean - 3), jnp.full((1, 1, 1), pixel))
        for mean, pixel in zip(means.ravel(), frame.ravel(), strict=True)
    ]
    np.testing.assert_allclose(likelihood.log_prob(decoded, frame), sum(each), rtol=1e-5)


def test_pixels_are_of_the_nearest_level():
    likelihood, decoded = DiscretisedLogistic(5), logistic(0.4, -2.0)
    exact = likelihood.log_prob(decoded, HALF)
    for pixel in (0.4, 0.6):
        assert_alike(likelihood.log_prob(decoded, jnp.full((1, 1, 1), pixel)), exact)
    assert abs(likelihood.log_prob(decoded, jnp.full((1, 1, 1), 0.35)) - exact) > 1e-3


@pytest.mark.parametrize("mean", [-1e8, -1.0, 0.0, 0.5, 1e4, 1e8])
@pytest.mark.parametrize("log_scale", [-200.0, -30.0, -7.0, 0.0, 30.0, 200.0])
def test_values_and_gradients_are_finite_however_wrong_the_decoder_is(mean, log_scale):
    graded = jax.vmap(jax.value_and_grad(DiscretisedLogistic().log_prob), in_axes=(None, 0))
    values, gradients = graded(
        logistic(mean, log_scale), every_level(256)[jnp.asarray([0, 99, 255])]
    )
    assert np.all(np.isfinite(values))
    assert np.all(np.isfinite(gradients))
    assert np.all(values <= 0)


def exact_log_prob(mean: float, log_scale: float, level: int, last: int = 255) -> float:
    """Return the log-probability of a level in float64."""

    def log_sigmoid(z: float) -> float:
        return -float(np.logaddexp(0.0, -z))

    scale = np.exp(log_scale)
    above, below = ((level + side - last * mean) / (last * scale) for side in (0.5, -0.5))
    if level in (0, last):
        return log_sigmoid(above if level == 0 else -below)
    return log_sigmoid(above) + log_sigmoid(-below) + np.log(-np.expm1(below - above))


@pytest.mark.parametrize("level", [0, 99, 255])
@pytest.mark.parametrize("bins", [1e-3, 2, 17, 20, 60, 88, 95])
@pytest.mark.parametrize("away", [0.0, 0.3, -20.0, -50.0, 50.0])
def test_narrow_and_wide_bins_have_the_exact_values_and_gradients(level, bins, away):
    # A bin is `bins` scales wide, and the mean `away` scales from its middle or its only edge.
    log_scale = -np.log(255 * bins)
    inner = 0 < level < 255
    place = level + (0 if inner else (0.5 if level == 0 else -0.5))
    mean = float(np.float32(place / 255 + away * np.exp(log_scale)))
    log_scale = float(np.float32(log_scale))
    one = DiscretisedLogistic().log_prob
    value, slope = jax.value_and_grad(
        lambda both: one(logistic(both[0], both[1]), jnp.full((1, 1, 1), level / 255))
    )(jnp.asarray([mean, log_scale], "float32"))
    expected = exact_log_prob(mean, log_scale, level)
    assert float(value) == pytest.approx(expected, rel=1e-3, abs=1e-5)
    small = 1e-4 * np.exp(log_scale), 1e-4
    by_mean = exact_log_prob(mean + small[0], log_scale, level)
    by_mean -= exact_log_prob(mean - small[0], log_scale, level)
    by_scale = exact_log_prob(mean, log_scale + small[1], level)
    by_scale -= exact_log_prob(mean, log_scale - small[1], level)
    # In units of the scale, whose rounding the mean's has.
    found = float(slope[0]) * np.exp(log_scale), float(slope[1])
    rounding = 1e-6 * place * bins + 1e-5
    assert found == pytest.approx((by_mean / 2e-4, by_scale / 2e-4), rel=2e-2, abs=rounding)


def test_the_expected_pixel_lies_within_the_range_of_pixels():
    decoded = jnp.asarray([[[-0.5, 0.25, 1.5, 9.0, 9.0, 9.0]]])
    assert np.array_equal(DiscretisedLogistic().mean(decoded), [[[0, 0.25, 1]]])


# Every family.

# With what turns the decoder's last layer into its parameters.
FAMILIES = {
    "fixed": (FixedNormal(0.5), jnp.tanh),
    "learned": (LearnedNormal(0.5), jax.nn.sigmoid),
    "bernoulli": (Bernoulli(), lambda log_odds: log_odds),
    "logistic": (DiscretisedLogistic(), lambda parameters: parameters),
}
families = pytest.mark.parametrize("family", FAMILIES)


@families
def test_an_output_of_another_shape_raises_an_error_with_the_one_that_is_needed(family):
    likelihood, _ = FAMILIES[family]
    width = 3 * likelihood.parameters
    for wrong in ((5, 4, width + 1), (4, 4, width), (width,)):
        expected = rf"must have shape \(5, 4, {width}\), got .*frames of shape \(5, 4, 3\)"
        with pytest.raises(ValueError, match=expected):
            likelihood.log_prob(jnp.zeros(wrong), jnp.zeros((5, 4, 3)))


@families
def test_a_model_can_be_made_with_every_family(family):
    likelihood, activation = FAMILIES[family]
    decoder = partial(FrameDecoder, state=OUTPUT, size=32, multiplier=1 / 32)
    decoder = made(partial(decoder, channels=likelihood.parameters, activation=activation))
    model = dataclasses.replace(tiny(levels=1), decoder=decoder, likelihood=likelihood)
    video = jnp.asarray(np.random.default_rng(0).random((2, 32, 32, 1)), dtype=float)
    shown = jax.eval_shape(model.render, jnp.zeros((2, OUTPUT)))
    assert shown.shape == video.shape

    @eqx.filter_jit
    @eqx.filter_grad
    def gradient(model, video, noise):
        return elbo(model, video, noise).value

    slopes = gradient(model, video, noise(model.hierarchy, 2))
    leaves = jax.tree.leaves((slopes.decoder, slopes.likelihood))
    assert all(np.all(np.isfinite(leaf)) and np.any(leaf != 0) for leaf in leaves)
