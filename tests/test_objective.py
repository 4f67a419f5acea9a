"""The bound and the training loss made from it."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from bounds import BATCH, CLOCK, FRAMES, batch, beliefs, row_of, samples, seeds
from hypothesis import given as draws
from hypothesis import settings
from jaxtyping import TypeCheckError
from models import (
    STOCH,
    conditioning,
    draw,
    noise,
    plain,
    plain_video,
    stacked,
    tiny,
)
from reference import (
    assert_alike,
    belief_kl,
    frame_by_frame,
    frame_log_likelihood,
    gaussian_kl,
    rendered,
    windows,
)

from cwvae.clock import Clock
from cwvae.clockwork import Past
from cwvae.model import CWVAE
from cwvae.objective import Elbo, elbo, importance_weighted_bound, loss

bound = eqx.filter_jit(elbo)


@eqx.filter_jit
def training_loss(model, videos, noises, known=None, **options):
    return loss(model, videos, noises, known, **options)


def bounds(model: CWVAE, inputs) -> Elbo:
    """Return the bounds of the rows of a batch."""
    return eqx.filter_vmap(bound, in_axes=(None, 0, 0, 0))(model, *inputs)


# The terms of the bound.


@pytest.mark.parametrize("kind", ["rssm", "categorical", "conditioned"])
@draws(seed=seeds)
@settings(max_examples=10)
def test_the_bound_is_that_of_a_frame_by_frame_model_in_float64(kind, seed):
    model, video = plain(CLOCK, kind=kind, seed=seed), plain_video(FRAMES, seed=seed)
    noises = noise(model.hierarchy, FRAMES, seed=seed)
    known = conditioning(model.hierarchy, FRAMES, seed=seed)
    _, traces = frame_by_frame(
        model.hierarchy.cells, (3,), FRAMES, noises, known, features=windows(video, (3,))
    )
    decoded = rendered(model, traces[0].output)
    actual = bound(model, video, noises, known)
    expected = frame_log_likelihood(video, decoded, 0.5)
    np.testing.assert_allclose(actual.log_likelihood, expected, rtol=1e-4, atol=1e-4)
    for nats, trace in zip(actual.kl, traces, strict=True):
        expected = belief_kl(trace.posterior, trace.prior)
        np.testing.assert_allclose(nats, expected, rtol=1e-4, atol=1e-4)


def test_the_bound_of_frames_through_the_networks_is_that_of_its_parts():
    model, video = tiny(), jax.nn.sigmoid(draw(1, FRAMES, 32, 32, 1))
    noises = noise(model.hierarchy, FRAMES)

    @eqx.filter_jit
    def parts(model):
        features, known = model.features(video), model.hierarchy.conditioning(FRAMES)
        _, traces = model.hierarchy.observe(model.hierarchy.init(), features, noises, known)
        return model.decode(traces[0].output), traces, elbo(model, video, noises)

    decoded, traces, actual = parts(model)
    expected = frame_log_likelihood(video, decoded, 0.5)
    np.testing.assert_allclose(actual.log_likelihood, expected, rtol=1e-5)
    for nats, trace in zip(actual.kl, traces, strict=True):
        q, p = trace.posterior, trace.prior
        expected = gaussian_kl(q.mean, q.stddev, p.mean, p.stddev)
        np.testing.assert_allclose(nats, expected, rtol=1e-5, atol=1e-5)


def test_the_value_is_the_likelihood_less_the_kl_of_every_tick_of_every_level():
    terms = Elbo(
        jnp.asarray([-1.0, -2.0, -4.0]),
        (jnp.asarray([8.0, 16.0, 32.0]), jnp.asarray([64.0])),
        Past(()),
    )
    assert terms.value == -1 - 2 - 4 - 8 - 16 - 32 - 64
    rows = stacked([terms, terms])
    assert np.array_equal(rows.value, [terms.value] * 2)


@beliefs
def test_kl_is_not_negative_and_blind_levels_have_none(kind):
    model, video = plain(CLOCK, kind=kind, blind={1}), plain_video(FRAMES)
    inputs = noise(model.hierarchy, FRAMES), conditioning(model.hierarchy, FRAMES)
    seen, blind = bound(model, video, *inputs).kl
    assert np.all(seen > 0)
    assert np.all(blind == 0)


def test_rows_of_a_batch_have_bounds_of_their_own():
    model = plain(CLOCK)
    inputs = batch(model)
    together = bounds(model, inputs)
    for row in range(BATCH):
        assert_alike(row_of(together, row), bound(model, *row_of(inputs, row)))


def test_without_times_frames_come_at_0_1_2():
    model, video = plain(Clock(1), kind="flow"), plain_video(3)
    noises = noise(model.hierarchy, 3)
    plainly, otherwise = (
        model.hierarchy.conditioning(3, times=np.arange(3) * step) for step in (1, 2)
    )
    actual = bound(model, video, noises)
    assert_alike(actual, bound(model, video, noises, plainly))
    assert np.all(actual.kl[0][1:] != bound(model, video, noises, otherwise).kl[0][1:])


def test_a_model_of_actions_needs_them():
    model, video = plain(CLOCK, kind="conditioned"), plain_video(FRAMES)
    with pytest.raises(ValueError, match="level 0 needs actions of 3 numbers, got none"):
        elbo(model, video, noise(model.hierarchy, FRAMES))


def test_a_numpy_video_in_float64_will_do():
    model, video = plain(Clock(1)), plain_video(2)
    noises = noise(model.hierarchy, 2)
    assert_alike(elbo(model, np.float64(video), noises), elbo(model, video, noises), 1e-6)


# The training loss.


def expected_loss(model, inputs, *, beta=1.0, free_nats=0.0):
    """Return nll, penalty and KL per level in nats per frame, from the bounds of the rows."""
    rows = bounds(model, inputs)
    nll = -np.float64(rows.log_likelihood).sum(1).mean()
    nats = np.asarray([np.float64(level).sum(1).mean() for level in rows.kl])
    penalty = (beta * np.maximum(0, nats - free_nats)).sum()
    return nll / FRAMES, penalty / FRAMES, nats / FRAMES


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"beta": 0.5},
        {"beta": (0.5, 2.0)},
        {"beta": 0},
        {"free_nats": 3.0},
        {"free_nats": [0.5, 1.5], "beta": 2},
        {"free_nats": 1e6},
    ],
)
def test_the_penalty_weighs_each_levels_kl_and_takes_off_its_free_nats(options):
    model = plain(CLOCK)
    inputs = batch(model)
    actual = training_loss(model, *inputs, **options)
    arrays = {name: np.asarray(value) for name, value in options.items()}
    nll, penalty, nats = expected_loss(model, inputs, **arrays)
    np.testing.assert_allclose(actual.nll, nll, rtol=1e-5)
    np.testing.assert_allclose(actual.penalty, penalty, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(actual.kl, nats, rtol=1e-5)
    np.testing.assert_allclose(actual.total, nll + penalty, rtol=1e-5)


def test_the_plain_loss_is_minus_the_mean_bound_per_frame():
    model = plain(CLOCK)
    inputs = batch(model)
    expected = -np.float64(bounds(model, inputs).value).mean() / FRAMES
    np.testing.assert_allclose(training_loss(model, *inputs).total, expected, rtol=1e-5)


@pytest.mark.parametrize("frames", [4, 20])
def test_the_loss_and_its_gradients_are_those_of_minus_the_mean_bound(frames):
    model = tiny(levels=1)
    video = jax.nn.sigmoid(draw(1, 2, frames, 32, 32, 1))
    noises = stacked([noise(model.hierarchy, frames, seed=row) for row in range(2)])

    def mean_bound(model):
        return -jax.vmap(lambda *row: elbo(model, *row).value)(video, noises).mean() / frames

    @eqx.filter_jit
    def both(model):
        ways = (mean_bound, lambda model: loss(model, video, noises).total)
        return [eqx.filter_value_and_grad(way)(model) for way in ways]

    assert_alike(*both(model), 1e-4)


def test_free_nats_come_off_the_mean_over_the_batch_of_the_sum_over_time():
    model = plain(CLOCK)
    inputs = batch(model)
    totals = np.float64(bounds(model, inputs).kl[0]).sum(1)
    # More than the least row has, less than the mean: a threshold on each row would differ.
    free = (totals.min() + totals.mean()) / 2
    assert np.maximum(0, totals - free).mean() > totals.mean() - free + 1e-3
    actual = training_loss(model, *inputs, beta=(1.0, 0.0), free_nats=(float(free), 0.0))
    np.testing.assert_allclose(actual.penalty * FRAMES, totals.mean() - free, rtol=1e-4)


@beliefs
def test_free_nats_of_ticks_grow_with_the_period_and_are_spread_over_the_latent_vector(kind):
    model = plain(CLOCK, kind=kind)
    inputs = batch(model)
    infer = eqx.filter_vmap(eqx.filter_jit(CWVAE.infer), in_axes=(None, 0, 0, 0))
    _, traces = infer(model, *inputs)
    levels = [np.float64(trace.posterior.kl_parts(trace.prior)) for trace in traces]
    per_frame = float(np.quantile(levels[0], 0.25)) * levels[0].shape[-1]
    penalty = 0.0
    for parts, period in zip(levels, (1, 3), strict=True):
        share = per_frame * period / parts.shape[-1]
        assert np.any(parts < share)
        assert np.any(parts > share)
        penalty += np.maximum(parts, share).sum((1, 2)).mean() / FRAMES
    actual = training_loss(model, *inputs, tick_free_nats=per_frame)
    np.testing.assert_allclose(actual.penalty, penalty, rtol=1e-5)
    np.testing.assert_allclose(actual.kl, training_loss(model, *inputs).kl, rtol=1e-6)


def test_free_nats_that_have_fallen_to_0_are_none():
    model = plain(CLOCK)
    inputs = batch(model)
    fallen = {name: jnp.zeros(()) for name in ("free_nats", "tick_free_nats")}
    assert_alike(training_loss(model, *inputs, **fallen), training_loss(model, *inputs), 1e-6)


def test_beta_and_free_nats_may_be_arrays_that_are_traced():
    model = plain(CLOCK)
    inputs = batch(model)
    options = {"beta": (0.5, 2.0), "free_nats": 0.3, "tick_free_nats": (0.1, 0.2)}
    arrays = {name: jnp.asarray(value) for name, value in options.items()}
    expected = training_loss(model, *inputs, **options)
    assert_alike(training_loss(model, *inputs, **arrays), expected, 1e-6)


def test_the_kl_of_a_tick_and_active_units_are_those_of_the_batch():
    model = plain(CLOCK)
    inputs = batch(model)
    actual = training_loss(model, *inputs)
    ticks = np.asarray(CLOCK.ticks(FRAMES))
    np.testing.assert_allclose(
        actual.kl_per_tick, np.float64(actual.kl) * FRAMES / ticks, rtol=1e-5
    )
    assert np.array_equal(actual.active_units, [STOCH] * 2)
    blind = training_loss(plain(CLOCK, blind={1}), *inputs)
    assert np.array_equal(blind.active_units, [STOCH, 0])
    assert blind.kl_per_tick[1] == 0


# Options outside their range.


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"beta": -1.0}, "beta must not be negative, got -1.0"),
        ({"beta": (1.0, -1.0)}, "beta must not be negative"),
        ({"beta": (1.0,) * 3}, "beta must be one number or 2, one a level, got 3"),
        ({"free_nats": -0.1}, "free_nats must not be negative, got -0.1"),
        ({"free_nats": (1.0,)}, "free_nats must be one number or 2, one a level, got 1"),
        ({"tick_free_nats": -0.1}, "tick_free_nats must not be negative, got -0.1"),
        ({"tick_free_nats": (1.0,)}, "tick_free_nats must be one number or 2, one a level, got 1"),
        ({"beta": jnp.ones(3)}, "beta must be one number or 2, one a level, got 3"),
        ({"beta": -jnp.ones(2)}, "beta must not be negative"),
        ({"kl_balance": 1.5}, r"kl_balance must be in \[0, 1\], got 1.5"),
        ({"kl_balance": -0.1}, r"kl_balance must be in \[0, 1\], got -0.1"),
        ({"kl_balance": float("nan")}, r"kl_balance must be in \[0, 1\], got nan"),
        ({"beta": float("nan")}, "beta must"),
        ({"free_nats": float("nan")}, "free_nats must"),
    ],
)
def test_an_option_outside_its_range_is_an_error(options, message):
    model = plain(CLOCK)
    with pytest.raises(ValueError, match=message):
        loss(model, *batch(model), **options)


@pytest.mark.parametrize("change", [lambda v: v.ravel()[0], lambda v: v.astype(int)])
def test_what_is_not_videos_is_an_error_that_names_it(change):
    model = plain(CLOCK)
    videos, noises, known = batch(model)
    with pytest.raises(TypeCheckError, match="parameter 'videos'"):
        loss(model, change(videos), noises, known)
    with pytest.raises(TypeCheckError, match="parameter 'video'"):
        elbo(model, change(videos[0]), row_of(noises, 0), row_of(known, 0))


@pytest.mark.parametrize("shape", [(32, 32, 1), (2, 2, 32, 32, 1)])
def test_a_video_of_the_wrong_rank_is_an_error_with_the_shapes(shape):
    model = tiny()
    noises = noise(model.hierarchy, shape[0])
    message = rf"frames of .* \(32, 32, 1\), got \({', '.join(map(str, shape[1:]))}\)"
    with pytest.raises(ValueError, match=message):
        elbo(model, jnp.zeros(shape), noises)
    with pytest.raises(ValueError, match=message):
        loss(model, jnp.zeros((1, *shape)), stacked([noises]))


def test_noise_for_another_batch_is_an_error_that_names_it():
    model = plain(CLOCK)
    videos, noises, _ = batch(model)
    with pytest.raises(TypeCheckError, match="parameter 'noise'"):
        loss(model, videos[:2], noises)


def test_a_batch_without_videos_is_an_error():
    inputs = batch(plain(CLOCK))
    with pytest.raises(ValueError, match="batch of at least 1 video, got none"):
        loss(plain(CLOCK), *jax.tree.map(lambda a: a[:0], inputs))


def test_a_bound_of_no_samples_is_an_error():
    model = plain(CLOCK)
    with pytest.raises(ValueError, match="at least 1 sample, got none"):
        importance_weighted_bound(model, plain_video(FRAMES), samples(model, FRAMES, 0))
