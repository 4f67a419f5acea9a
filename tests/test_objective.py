"""The bound, the training loss made from it, and the tighter bound of several samples."""

import dataclasses
import functools
import itertools
from functools import partial

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given as draws
from hypothesis import settings
from hypothesis import strategies as st
from jaxtyping import TypeCheckError
from models import (
    CELLS,
    OUTPUT,
    STRAIGHT_THROUGH,
    draw,
    given,
    made,
    noise,
    plain,
    plain_video,
    stacked,
    tiny,
)
from readers_cell import ReadersCell
from reference import (
    assert_alike,
    belief_kl,
    belief_log_prob,
    frame_by_frame,
    frame_log_likelihood,
    gaussian_kl,
    rendered,
    windows,
)

from cwvae.beliefs import Gaussian
from cwvae.cells import AbstractCell
from cwvae.clock import Clock
from cwvae.hierarchy import Hierarchy
from cwvae.likelihoods import FixedNormal
from cwvae.model import CWVAE
from cwvae.objective import Elbo, elbo, importance_weighted_bound, loss

seeds = st.integers(0, 2**31)
kinds = pytest.mark.parametrize("kind", CELLS)
# Of laws about the bound and not about the cell: one of each belief.
beliefs = pytest.mark.parametrize("kind", ["rssm", "categorical"])

CLOCK = Clock(2, 3)
FRAMES, BATCH = 5, 3

bound = eqx.filter_jit(elbo)
tighter_bound = eqx.filter_jit(importance_weighted_bound)


@eqx.filter_jit
def training_loss(model, videos, noises, known=None, **options):
    return loss(model, videos, noises, known, **options)


@eqx.filter_jit
def log_weights(model, video, noises):
    """Return the importance bound of each sample alone."""
    return jax.vmap(lambda n: importance_weighted_bound(model, video, stacked([n])))(noises)


def batch(model: CWVAE, frames: int = FRAMES):
    """Draw videos and, irregular times and actions among it, what is drawn and given beside."""
    videos = stacked([plain_video(frames, seed=row) for row in range(BATCH)])
    noises, known = (
        stacked([draw(model.hierarchy, frames, seed=row) for row in range(BATCH)])
        for draw in (noise, given)
    )
    return videos, noises, known


def row_of(arrays, row: int):
    """Cut one row out of a batch."""
    return jax.tree.map(lambda array: array[row], arrays)


def bounds(model: CWVAE, inputs) -> Elbo:
    """Return the bounds of the rows of a batch."""
    return eqx.filter_vmap(bound, in_axes=(None, 0, 0, 0))(model, *inputs)


def samples(model: CWVAE, frames: int, count: int):
    """Draw noise for several samples of one video."""
    ticks = model.hierarchy.clock.ticks(frames)
    stoch = [cell.stoch for cell in model.hierarchy.cells]
    return tuple(
        draw(level, count, n, width)
        for level, (n, width) in enumerate(zip(ticks, stoch, strict=True))
    )


# The terms of the bound.


@pytest.mark.parametrize("kind", ["rssm", "categorical", "conditioned"])
@draws(seed=seeds)
@settings(max_examples=10)
def test_the_bound_is_that_of_a_frame_by_frame_model_in_float64(kind, seed):
    model, video = plain(CLOCK, kind=kind, seed=seed), plain_video(FRAMES, seed=seed)
    noises = noise(model.hierarchy, FRAMES, seed=seed)
    known = given(model.hierarchy, FRAMES, seed=seed)
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
        features, known = model.hear(video), model.hierarchy.given(FRAMES)
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
        jnp.asarray([-1.0, -2.0, -4.0]), (jnp.asarray([8.0, 16.0, 32.0]), jnp.asarray([64.0]))
    )
    assert terms.value == -1 - 2 - 4 - 8 - 16 - 32 - 64
    rows = stacked([terms, terms])
    assert np.array_equal(rows.value, [terms.value] * 2)


@beliefs
def test_kl_is_not_negative_and_blind_levels_have_none(kind):
    model, video = plain(CLOCK, kind=kind, blind={1}), plain_video(FRAMES)
    inputs = noise(model.hierarchy, FRAMES), given(model.hierarchy, FRAMES)
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
    plainly, otherwise = (model.hierarchy.given(3, times=np.arange(3) * step) for step in (1, 2))
    actual = bound(model, video, noises)
    assert_alike(actual, bound(model, video, noises, plainly))
    assert np.all(actual.kl[0][1:] != bound(model, video, noises, otherwise).kl[0][1:])


def test_a_model_that_hears_actions_is_refused_without_them():
    model, video = plain(CLOCK, kind="conditioned"), plain_video(FRAMES)
    with pytest.raises(ValueError, match=r"actions of level 0 must have shape \(ticks, 3\), got"):
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


def test_free_nats_come_off_the_mean_over_the_batch_of_the_sum_over_time():
    model = plain(CLOCK)
    inputs = batch(model)
    totals = np.float64(bounds(model, inputs).kl[0]).sum(1)
    # More than the least row has, less than the mean: a threshold on each row would differ.
    free = (totals.min() + totals.mean()) / 2
    assert np.maximum(0, totals - free).mean() > totals.mean() - free + 1e-3
    actual = training_loss(model, *inputs, beta=(1.0, 0.0), free_nats=(float(free), 0.0))
    np.testing.assert_allclose(actual.penalty * FRAMES, totals.mean() - free, rtol=1e-4)


# Gradients.


@eqx.filter_jit
def gradients(model, inputs, part, **options):
    """Return the gradient of one part of the loss."""
    return eqx.filter_grad(lambda m: getattr(loss(m, *inputs, **options), part))(model)


def weighted(parts):
    """Add pytrees up, each times its weight."""
    weights, trees = zip(*parts, strict=True)
    return jax.tree.map(
        lambda *leaves: sum(w * leaf for w, leaf in zip(weights, leaves, strict=True)), *trees
    )


@pytest.fixture(scope="module")
def of_share():
    """The penalty's gradients of one level, plain (None) and balanced, and what they are of."""
    model = plain(Clock(1))
    inputs = batch(model, 3)
    shares = (None, 0.0, 0.8, 1.0)
    of = {s: gradients(model, inputs, "penalty", posterior_share=s) for s in shares}
    return (model, *inputs), of


def test_balancing_shares_the_kls_gradient_out(of_share):
    _, of = of_share
    assert_alike(of[0.8], weighted([(0.8, of[1.0]), (0.2, of[0.0])]))
    assert_alike(of[None], weighted([(1.0, of[1.0]), (1.0, of[0.0])]))


def test_balancing_leaves_the_loss(of_share):
    inputs, _ = of_share
    values = [training_loss(*inputs, posterior_share=share) for share in (0.8, None)]
    assert_alike(*values, 1e-6)


def test_the_whole_share_for_the_posterior_leaves_the_prior_untrained(of_share):
    cell = of_share[1][1.0].hierarchy.cells[0]
    assert all(np.all(leaf == 0) for leaf in jax.tree.leaves(cell.prior_head))
    assert all(np.any(leaf != 0) for leaf in jax.tree.leaves(cell.posterior_head))


@beliefs
def test_the_whole_share_for_the_prior_leaves_the_posterior_untrained(kind):
    # One frame, since a later prior hears what the posterior sampled.
    model = plain(Clock(1), kind=kind)
    gradient = gradients(model, batch(model, 1), "penalty", posterior_share=0.0)
    cell = gradient.hierarchy.cells[0]
    assert all(np.all(leaf == 0) for leaf in jax.tree.leaves(cell.posterior_head))
    assert all(np.any(leaf != 0) for leaf in jax.tree.leaves(cell.prior_head))


def test_kl_below_its_free_nats_trains_nothing():
    model = plain(Clock(1))
    gradient = gradients(model, batch(model, 3), "penalty", free_nats=1e6)
    assert all(np.all(leaf == 0) for leaf in jax.tree.leaves(gradient))


class Slope:
    """The loss of a model on one video as a function of its weights, and its gradient, in float64.

    The video comes from a batch, at irregular times and with actions.
    """

    def __init__(self, model: CWVAE, inputs):
        self.inputs = inputs
        self.weights, static = eqx.partition(model, eqx.is_inexact_array)

        def value(weights, inputs):
            row = jax.tree.map(lambda array: array[None], inputs)
            return loss(eqx.combine(weights, static), *row, beta=0.7, free_nats=0.1).total

        self.function = jax.jit(jax.value_and_grad(value))

    def __call__(self, weights, row: int = 0):
        """Return value and gradient for one row of the batch."""
        return self.function(weights, row_of(self.inputs, row))


@functools.cache
def slope_of(kind: str) -> Slope:
    """Return that of a kind of cell below a simple one, or of the tiny model with its networks."""
    with jax.enable_x64(True):
        if kind in CELLS:
            cells = made(CELLS[kind], top_down=OUTPUT), made(ReadersCell, top_down=0)
            model = dataclasses.replace(plain(CLOCK), hierarchy=Hierarchy(cells, CLOCK))
            return Slope(model, batch(model))
        model, video = tiny(), jax.nn.sigmoid(draw(1, FRAMES, 32, 32, 1))
        row = video, noise(model.hierarchy, FRAMES), given(model.hierarchy, FRAMES)
        return Slope(model, stacked([row]))


NETWORKS = "networks"


@pytest.mark.parametrize("kind", [NETWORKS, *(k for k in CELLS if k not in STRAIGHT_THROUGH)])
def test_the_gradient_agrees_with_finite_differences(kind):
    slope, step = slope_of(kind), 1e-6
    leaves, structure = jax.tree.flatten(slope.weights)
    with jax.enable_x64(True):
        along = [draw(seed, *leaf.shape) for seed, leaf in enumerate(leaves)]

        def value(step):
            moved = [leaf + step * d for leaf, d in zip(leaves, along, strict=True)]
            return slope(jax.tree.unflatten(structure, moved))[0]

        gradient = jax.tree.leaves(slope(slope.weights)[1])
        expected = sum(float(jnp.vdot(g, d)) for g, d in zip(gradient, along, strict=True))
        assert (value(step) - value(-step)) / (2 * step) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("kind", [NETWORKS, *CELLS])
def test_the_gradient_flows_to_every_parameter(kind):
    slope = slope_of(kind)
    with jax.enable_x64(True):
        leaves = jax.tree_util.tree_leaves_with_path(slope(slope.weights)[1])
        assert all(np.all(np.isfinite(leaf)) for _, leaf in leaves)
        untrained = [path for path, leaf in leaves if leaf.size and not np.any(leaf != 0)]
    assert [jax.tree_util.keystr(path) for path in untrained] == []


@kinds
def test_jit_vmap_grad_and_scan_compose(kind):
    slope, steps = slope_of(kind), 3

    def moved(weights, gradients):
        return jax.tree.map(lambda w, g: w - 1e-4 * g.mean(0), weights, gradients)

    def step(weights, _):
        rows = jax.vmap(slope.function, in_axes=(None, 0))(weights, slope.inputs)
        return moved(weights, rows[1]), rows

    with jax.enable_x64(True):
        run = eqx.filter_jit(lambda weights: jax.lax.scan(step, weights, length=steps))
        last, records = run(slope.weights)
        weights = slope.weights
        for number in range(steps):
            rows = [slope(weights, row) for row in range(BATCH)]
            alone = jax.tree.map(lambda *arrays: np.stack(arrays), *rows)
            assert_alike(row_of(records, number), alone, 1e-9)
            weights = moved(weights, alone[1])
        assert_alike(last, weights, 1e-9)


# Options outside their range.


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"beta": -1.0}, "beta must not be negative, got -1.0"),
        ({"beta": (1.0, -1.0)}, "beta must not be negative"),
        ({"beta": (1.0,) * 3}, "beta must be one number or 2, one a level, got 3"),
        ({"free_nats": -0.1}, "free_nats must not be negative, got -0.1"),
        ({"free_nats": (1.0,)}, "free_nats must be one number or 2, one a level, got 1"),
        ({"posterior_share": 1.5}, r"posterior_share must be in \[0, 1\], got 1.5"),
        ({"posterior_share": -0.1}, r"posterior_share must be in \[0, 1\], got -0.1"),
        ({"posterior_share": float("nan")}, r"posterior_share must be in \[0, 1\], got nan"),
        ({"beta": float("nan")}, "beta must"),
        ({"free_nats": float("nan")}, "free_nats must"),
    ],
)
def test_an_option_outside_its_range_is_refused(options, message):
    model = plain(CLOCK)
    with pytest.raises(ValueError, match=message):
        loss(model, *batch(model), **options)


@pytest.mark.parametrize("change", [lambda v: v.ravel()[0], lambda v: v.astype(int)])
def test_what_is_not_videos_is_refused_by_name(change):
    model = plain(CLOCK)
    videos, noises, known = batch(model)
    with pytest.raises(TypeCheckError, match="parameter 'videos'"):
        loss(model, change(videos), noises, known)
    with pytest.raises(TypeCheckError, match="parameter 'video'"):
        elbo(model, change(videos[0]), row_of(noises, 0), row_of(known, 0))


@pytest.mark.parametrize("shape", [(32, 32, 1), (2, 2, 32, 32, 1)])
def test_a_video_of_the_wrong_rank_is_refused_with_the_shapes(shape):
    model = tiny()
    noises = noise(model.hierarchy, shape[0])
    message = rf"frames of .* \(32, 32, 1\), got \({', '.join(map(str, shape[1:]))}\)"
    with pytest.raises(ValueError, match=message):
        elbo(model, jnp.zeros(shape), noises)
    with pytest.raises(ValueError, match=message):
        loss(model, jnp.zeros((1, *shape)), stacked([noises]))


def test_noise_for_another_batch_is_refused_by_name():
    model = plain(CLOCK)
    videos, noises, _ = batch(model)
    with pytest.raises(TypeCheckError, match="parameter 'noise'"):
        loss(model, videos[:2], noises)


def test_a_batch_without_videos_is_refused():
    inputs = batch(plain(CLOCK))
    with pytest.raises(ValueError, match="batch of at least 1 video, got none"):
        loss(plain(CLOCK), *jax.tree.map(lambda a: a[:0], inputs))


def test_a_bound_of_no_samples_is_refused():
    model = plain(CLOCK)
    with pytest.raises(ValueError, match="at least 1 sample, got none"):
        importance_weighted_bound(model, plain_video(FRAMES), samples(model, FRAMES, 0))


# Several samples.


@beliefs
def test_one_sample_gives_the_log_of_its_weight(kind):
    model, video = plain(CLOCK, kind=kind), plain_video(FRAMES)
    noises, known = noise(model.hierarchy, FRAMES), given(model.hierarchy, FRAMES)
    _, traces = frame_by_frame(
        model.hierarchy.cells, (3,), FRAMES, noises, known, features=windows(video, (3,))
    )
    decoded = rendered(model, traces[0].output)
    expected = frame_log_likelihood(video, decoded, 0.5).sum()
    for trace in traces:
        expected += belief_log_prob(trace.prior, trace.states.stoch).sum()
        expected -= belief_log_prob(trace.posterior, trace.states.stoch).sum()
    actual = tighter_bound(model, video, stacked([noises]), known)
    np.testing.assert_allclose(actual, expected, rtol=1e-4)


def test_several_samples_give_the_log_of_their_mean_weight():
    model, video = plain(CLOCK), plain_video(FRAMES)
    noises = samples(model, FRAMES, 4)
    alone = np.float64(log_weights(model, video, noises))
    expected = np.log(np.mean(np.exp(alone - alone.max()))) + alone.max()
    np.testing.assert_allclose(tighter_bound(model, video, noises), expected, rtol=1e-5)


def test_the_order_of_samples_does_not_matter():
    model, video = plain(CLOCK), plain_video(FRAMES)
    noises = samples(model, FRAMES, 4)
    turned = jax.tree.map(lambda a: a[np.asarray([2, 0, 3, 1])], noises)
    one, other = (tighter_bound(model, video, n) for n in (noises, turned))
    np.testing.assert_allclose(one, other, rtol=1e-6)


def test_the_same_sample_again_tells_nothing_new():
    model, video = plain(CLOCK), plain_video(FRAMES)
    once = samples(model, FRAMES, 1)
    often = jax.tree.map(lambda a: jnp.repeat(a, 4, axis=0), once)
    one, other = (tighter_bound(model, video, n) for n in (once, often))
    np.testing.assert_allclose(one, other, rtol=1e-6)


@draws(seed=seeds)
@settings(max_examples=10)
def test_the_bound_grows_with_the_samples(seed):
    """The bound of n samples is at least the mean of those of their subsets of equal size."""
    model, video = plain(CLOCK, seed=seed), plain_video(FRAMES, seed=seed)
    noises = samples(model, FRAMES, 4)
    subsets = np.asarray(list(itertools.combinations(range(4), 2)))
    pairs = jax.tree.map(lambda a: a[subsets], noises)
    of_four = tighter_bound(model, video, noises)
    of_pairs = eqx.filter_vmap(tighter_bound, in_axes=(None, None, 0))(model, video, pairs)
    of_one = log_weights(model, video, noises)
    rounding = 1e-5 * abs(of_four)
    assert of_four >= of_pairs.mean() - rounding
    assert of_pairs.mean() >= of_one.mean() - rounding
    assert of_four > of_one.mean()


def test_on_average_the_elbo_is_the_bound_of_one_sample_and_below_that_of_several():
    model, video = plain(CLOCK), plain_video(FRAMES)
    noises = samples(model, FRAMES, 4096)
    elbos = np.float64(eqx.filter_jit(jax.vmap(lambda n: elbo(model, video, n).value))(noises))
    ones = np.float64(log_weights(model, video, noises))
    difference = ones - elbos
    assert abs(difference.mean()) < 4 * difference.std() / len(difference) ** 0.5
    eights = ones.reshape(-1, 8)
    tighter = np.log(np.mean(np.exp(eights - eights.max()), axis=1)) + eights.max()
    assert elbos.mean() < tighter.mean()


# A clockwork model whose posterior and likelihood are known.


class LinearGaussianCell(AbstractCell):
    """z ~ N(what is heard from above, 1), seen through `seen` numbers ~ N(z, variance) a tick.

    Features are the sum of these numbers, which is all that the exact posterior needs.
    """

    seen: int
    variance: float
    top_down: int
    stoch: int = 1
    deter: int = 1
    feature: int = 1

    def hear_above(self, top_down, given):
        return top_down[:1] if self.top_down else jnp.zeros(1)

    def advance(self, state, above):
        return above

    def prior(self, deter):
        return Gaussian(deter, jnp.ones(1))

    def posterior(self, deter, evidence):
        precision = 1 + self.seen / self.variance
        mean = (deter + evidence / self.variance) / precision
        return Gaussian(mean, jnp.full(1, precision**-0.5))


def frame_as_it_is(frame):
    """Tell both levels of a frame of one pixel."""
    return frame.reshape(1), frame.reshape(1)


def first_of(output):
    """Decode the lowest level's z as a frame of one pixel."""
    return output[:1].reshape(1, 1, 1)


def linear_gaussian(stddev: float) -> CWVAE:
    """Make x_t = z_t + stddev n_t, z_t = (z of its window of two) + n_t, the posterior exact."""
    clock, variance = Clock(2, 2), stddev**2
    cells = (
        LinearGaussianCell(seen=1, variance=variance, top_down=2),
        LinearGaussianCell(seen=2, variance=1 + variance, top_down=0),
    )
    return CWVAE(frame_as_it_is, Hierarchy(cells, clock), first_of, FixedNormal(stddev))


def exact_log_likelihood(video, stddev: float) -> float:
    """Return log p(video): pairs of frames are jointly normal, and independent of each other."""
    pairs = np.float64(video).reshape(-1, 2)
    covariance = np.ones((2, 2)) + (1 + stddev**2) * np.eye(2)
    quadratic = np.einsum("pi,ij,pj->p", pairs, np.linalg.inv(covariance), pairs)
    return -0.5 * (quadratic + np.log(np.linalg.det(2 * np.pi * covariance))).sum()


@pytest.mark.parametrize("stddev", [0.3, 1.0])
@draws(seed=seeds)
def test_with_the_exact_posterior_every_sample_gives_the_exact_likelihood(stddev, seed):
    model, video = linear_gaussian(stddev), draw(seed, 6, 1, 1, 1)
    noises = tuple(draw(seed + level, 3, n, 1) for level, n in enumerate((6, 3)))
    run = partial(tighter_bound, model)
    expected = exact_log_likelihood(video, stddev)
    np.testing.assert_allclose(run(video, noises), expected, rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize("stddev", [0.3, 1.0])
@draws(seed=seeds)
def test_with_the_exact_posterior_the_mean_elbo_is_the_exact_likelihood(stddev, seed):
    model, video = linear_gaussian(stddev), draw(seed, 6, 1, 1, 1)
    # The bound is quadratic in the noise, and +-1 have the first two moments of the normal.
    signs = jnp.asarray(list(itertools.product([-1.0, 1.0], repeat=3)))
    noises = (jnp.tile(signs[:, :2], (1, 3))[..., None], jnp.tile(signs[:, 2:], (1, 3))[..., None])
    elbos = eqx.filter_vmap(bound, in_axes=(None, None, 0))(model, video, noises).value
    expected = exact_log_likelihood(video, stddev)
    np.testing.assert_allclose(elbos.mean(), expected, rtol=1e-5, atol=1e-4)
