"""Normal pixels whose variance is the mean squared error of the batch."""

import dataclasses

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from bounds import CLOCK, FRAMES, batch
from hypothesis import given
from hypothesis import strategies as st
from models import draw, noise, plain, stacked, tiny
from reference import assert_alike, frame_log_likelihood

from cwvae.likelihoods import CalibratedNormal, FixedNormal
from cwvae.objective import elbo, importance_weighted_bound, loss
from cwvae.training.config import TrainConfig
from cwvae.training.step import init_train_state, train_step

SIZE = 60
"""Numbers of a frame below."""

value_of = eqx.filter_jit(loss)
step = eqx.filter_jit(train_step)


def drawn(seed: int, scale: float = 1.0) -> tuple[jax.Array, jax.Array]:
    """Draw what a decoder returned for four frames, and the frames, so far from each other."""
    frames = draw(seed, 4, 5, 4, 3)
    return frames + scale * draw(seed + 1, 4, 5, 4, 3), frames


def mean_log_prob(likelihood, decoded, frames):
    return jax.vmap(likelihood.log_prob)(decoded, frames).mean()


def calibrated(likelihood, decoded, frames):
    return likelihood.calibrate(mean_log_prob(likelihood, decoded, frames), SIZE)


def in_float64(decoded, frames, least: float) -> tuple[float, float]:
    """Return the log-likelihood of a frame under the best stddev that is not below the least."""
    decoded, frames = np.float64(decoded), np.float64(frames)
    stddev = max(least, np.sqrt(np.mean((decoded - frames) ** 2)))
    return frame_log_likelihood(frames, decoded, stddev).mean(), stddev


@pytest.mark.parametrize("stddev", [0.1, 1.0])
def test_under_what_is_kept_it_is_the_fixed_normal(stddev):
    decoded, frames = drawn(0)
    ours, fixed = CalibratedNormal(stddev), FixedNormal(stddev)
    assert_alike(ours.log_prob(decoded[0], frames[0]), fixed.log_prob(decoded[0], frames[0]))
    assert np.array_equal(ours.mean(decoded[0]), decoded[0])
    assert float(ours.stddev) == pytest.approx(stddev)


@pytest.mark.parametrize("stddev", [0.05, 0.3, 2.0])
@given(seed=st.integers(0, 2**31), scale=st.sampled_from([0.05, 0.3, 2.0]))
def test_a_batch_is_measured_by_its_own_error_whatever_is_kept(stddev, seed, scale):
    decoded, frames = drawn(seed, scale)
    likelihood = CalibratedNormal(stddev, floor=0.01, warmup=0)
    log_prob, found = calibrated(likelihood, decoded, frames)
    expected, root = in_float64(decoded, frames, 0)
    np.testing.assert_allclose(found, root, rtol=2e-3)
    np.testing.assert_allclose(log_prob, expected, rtol=1e-3, atol=0.05)
    # The closed form: -D/2 log(2 pi e m).
    closed = -SIZE / 2 * np.log(2 * np.pi * np.e * root**2)
    np.testing.assert_allclose(expected, closed, rtol=1e-9)


@pytest.mark.parametrize("least", [0.5, 2.0])
def test_a_batch_that_is_better_than_the_floor_is_measured_by_the_floor(least):
    decoded, frames = drawn(0, 0.2)
    likelihood = CalibratedNormal(1.0, floor=least, warmup=0)
    log_prob, found = calibrated(likelihood, decoded, frames)
    expected, root = in_float64(decoded, frames, least)
    assert float(found) == pytest.approx(least) == root
    np.testing.assert_allclose(log_prob, expected, rtol=1e-5)


# Error of the batch over the floor: far above, barely, below, far below.
@pytest.mark.parametrize("ratio", [20.0, 1.05, 0.95, 0.05])
def test_gradients_agree_with_finite_differences(ratio):
    decoded, frames = drawn(3, 0.3)
    floor = in_float64(decoded, frames, 0)[1] / ratio
    likelihood = CalibratedNormal(0.4, floor=floor, warmup=0)
    slopes = jax.grad(lambda decoded: calibrated(likelihood, decoded, frames)[0])(decoded)
    along, small = np.float64(draw(9, *decoded.shape)), 1e-6
    ahead, behind = (
        in_float64(np.float64(decoded) + move * along, frames, floor)[0] for move in (small, -small)
    )
    expected = (ahead - behind) / (2 * small)
    np.testing.assert_allclose(np.vdot(along, np.float64(slopes)), expected, rtol=1e-3)


def test_second_derivatives_are_those_of_the_logarithm_of_the_error():
    decoded, frames = drawn(3, 0.3)
    likelihood, direction = CalibratedNormal(0.4, floor=1e-3, warmup=0), draw(9, *decoded.shape)

    def ours(move):
        return calibrated(likelihood, decoded + move * direction, frames)[0]

    def exact(move):
        error = jnp.mean((decoded + move * direction - frames) ** 2)
        return -SIZE / 2 * jnp.log(error)

    second = [jax.grad(jax.grad(value))(0.0) for value in (ours, exact)]
    np.testing.assert_allclose(*second, rtol=1e-3)


# What is kept, from batch to batch.


def test_the_least_falls_by_one_factor_from_the_start_to_the_floor():
    likelihood, least = CalibratedNormal(0.8, floor=0.1, warmup=6), []
    for _ in range(9):
        least.append(float(jnp.sqrt(likelihood.least)))
        likelihood = likelihood.follow(jnp.asarray(0.8))
    np.testing.assert_allclose(least[:7], 0.8 * (0.1 / 0.8) ** (np.arange(7) / 6), rtol=1e-5)
    np.testing.assert_allclose(least[7:], 0.1, rtol=1e-6)


@pytest.mark.parametrize(("stddev", "warmup", "least"), [(0.5, 0, 0.1), (0.01, 6, 0.1)])
def test_without_a_warmup_and_from_below_the_floor_the_least_is_the_floor(stddev, warmup, least):
    likelihood = CalibratedNormal(stddev, floor=0.1, warmup=warmup)
    for _ in range(3):
        assert float(jnp.sqrt(likelihood.least)) == pytest.approx(least)
        likelihood = likelihood.follow(jnp.asarray(0.5))


def test_the_variance_that_is_kept_is_a_running_mean():
    likelihood, random = CalibratedNormal(1.0), np.random.default_rng(0)
    batches = 0.2 * random.uniform(0.8, 1.2, 1500)
    for stddev in batches:
        likelihood = likelihood.follow(jnp.asarray(stddev, dtype=float))
    recent = np.sqrt(np.mean(batches[-200:] ** 2))
    assert float(likelihood.stddev) == pytest.approx(recent, rel=0.03)


def test_no_gradient_reaches_what_is_kept():
    decoded, frames = drawn(0)
    for value in (lambda *of: calibrated(*of)[0], mean_log_prob):
        slopes = eqx.filter_grad(value)(CalibratedNormal(0.5, floor=0.01), decoded, frames)
        assert [float(slopes.variance), float(slopes.least)] == [0, 0]


# In the bound, the loss and the step.


def with_likelihood(model, *, stddev=0.5, **options):
    return dataclasses.replace(model, likelihood=CalibratedNormal(stddev, **options))


def measured_by(model, stddev):
    """Return the model with that standard deviation kept."""
    variance = jnp.square(stddev)
    return eqx.tree_at(lambda m: m.likelihood.variance, model, variance)


@pytest.mark.parametrize("floor", [0.01, 10.0])
def test_the_loss_is_minus_the_mean_bound_under_the_stddev_of_the_batch(floor):
    model = with_likelihood(plain(CLOCK), floor=floor, warmup=0)
    inputs = batch(model)
    actual = value_of(model, *inputs)
    best = measured_by(model, actual.stddev)
    bounds = eqx.filter_vmap(elbo, in_axes=(None, 0, 0, 0))
    expected = -np.float64(bounds(best, *inputs).value).mean() / FRAMES
    np.testing.assert_allclose(actual.total, expected, rtol=1e-5)
    if floor < 1:
        # No other standard deviation makes the bound larger.
        for factor in (0.9, 1.1):
            worse = bounds(measured_by(model, factor * actual.stddev), *inputs).value
            assert np.float64(worse).mean() / FRAMES < -expected


@pytest.mark.parametrize("frames", [4, 20])
def test_the_gradients_of_the_loss_are_those_of_the_bound_also_chunk_by_chunk(frames):
    model = with_likelihood(tiny(levels=1), floor=0.01, warmup=0)
    video = jax.nn.sigmoid(draw(1, 2, frames, 32, 32, 1))
    noises = stacked([noise(model.hierarchy, frames, seed=row) for row in range(2)])

    @eqx.filter_jit
    def both(model):
        def ours(model):
            return loss(model, video, noises).total

        def mean_bound(model):
            return -jax.vmap(lambda *row: elbo(model, *row).value)(video, noises).mean() / frames

        best = measured_by(model, loss(model, video, noises).stddev)
        return [
            eqx.filter_value_and_grad(value)(of)
            for value, of in ((ours, model), (mean_bound, best))
        ]

    assert_alike(*both(model), 1e-3)


def test_models_side_by_side_have_errors_of_their_own():
    models = [with_likelihood(plain(CLOCK, seed=seed), floor=0.01, warmup=0) for seed in (0, 1)]
    inputs = batch(models[0])
    together = eqx.filter_vmap(value_of, in_axes=(eqx.if_array(0), None, None, None))
    arrays, rest = zip(*(eqx.partition(model, eqx.is_array) for model in models), strict=True)
    found = together(eqx.combine(stacked(arrays), rest[0]), *inputs)
    for row, model in enumerate(models):
        alone = value_of(model, *inputs)
        np.testing.assert_allclose(found.stddev[row], alone.stddev, rtol=1e-4)
        np.testing.assert_allclose(found.nll[row], alone.nll, rtol=1e-4)


def test_the_importance_bound_is_under_what_is_kept():
    model = with_likelihood(plain(CLOCK), stddev=0.7)
    fixed = dataclasses.replace(model, likelihood=FixedNormal(0.7))
    videos, noises, known = jax.tree.map(lambda array: array[0], batch(model))
    several = jax.tree.map(lambda array: array[None], noises)
    ours, theirs = (
        eqx.filter_jit(importance_weighted_bound)(one, videos, several, known)
        for one in (model, fixed)
    )
    np.testing.assert_allclose(ours, theirs, rtol=1e-5)


CONFIG = TrainConfig(batch_size=3, frames=FRAMES, learning_rate=1e-2)
OPTIMISERS = {"official": None, "decaying weights": optax.adamw(1e-2, weight_decay=1e-3)}


@pytest.mark.parametrize("name", OPTIMISERS)
def test_a_step_keeps_what_the_batch_sets_and_the_optimiser_does_not_train_it(name):
    optimiser, model = OPTIMISERS[name], with_likelihood(plain(CLOCK), stddev=0.7, warmup=10)
    state = init_train_state(model, CONFIG, optimiser=optimiser)
    videos, expected = batch(model)[0], model.likelihood
    for _ in range(3):
        state, record = step(state, videos, CONFIG, optimiser=optimiser)
        expected = expected.follow(record.loss.stddev)
        # Weight decay alone would move it, by a share of the learning rate.
        np.testing.assert_allclose(state.model.likelihood.variance, expected.variance, rtol=1e-4)
        np.testing.assert_allclose(state.model.likelihood.least, expected.least, rtol=1e-4)
    assert float(state.model.likelihood.stddev) != pytest.approx(0.7, rel=1e-4)


def test_steps_make_the_error_smaller_and_the_stddev_with_it():
    model = with_likelihood(plain(CLOCK), warmup=0, floor=1e-3)
    state, videos, found = init_train_state(model, CONFIG), batch(model)[0], []
    for _ in range(60):
        state, record = step(state, videos, CONFIG)
        found.append(float(record.loss.stddev))
    assert np.mean(found[-5:]) < 0.8 * found[0]
