"""The tighter bound of several samples."""

import functools
import itertools
from functools import partial

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest
from bounds import CLOCK, FRAMES, beliefs, kinds, samples, seeds
from hypothesis import given as draws
from hypothesis import settings
from models import (
    conditioning,
    draw,
    noise,
    plain,
    plain_video,
    stacked,
)
from reference import (
    belief_log_prob,
    frame_by_frame,
    frame_log_likelihood,
    rendered,
    windows,
)

from cwvae.beliefs import Gaussian
from cwvae.cells import AbstractCell
from cwvae.clock import Clock
from cwvae.hierarchy import Hierarchy
from cwvae.likelihoods import FixedNormal
from cwvae.model import CWVAE
from cwvae.objective import elbo, importance_weighted_bound

bound = eqx.filter_jit(elbo)
tighter_bound = eqx.filter_jit(importance_weighted_bound)


@eqx.filter_jit
def log_weights(model, video, noises):
    """Return the importance bound of each sample alone."""
    return jax.vmap(lambda n: importance_weighted_bound(model, video, stacked([n])))(noises)


# Several samples.


@beliefs
def test_one_sample_gives_the_log_of_its_weight(kind):
    model, video = plain(CLOCK, kind=kind), plain_video(FRAMES)
    noises, known = noise(model.hierarchy, FRAMES), conditioning(model.hierarchy, FRAMES)
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


def test_the_same_sample_again_changes_nothing():
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


@functools.cache
def many(kind: str):
    """Return the bounds of one video, and the log-weights, of many samples."""
    model, video = plain(CLOCK, kind=kind), plain_video(FRAMES)
    known = conditioning(model.hierarchy, FRAMES)

    def of(key):
        noises = model.hierarchy.noise(FRAMES, key=key)
        weight = importance_weighted_bound(model, video, stacked([noises]), known)
        return elbo(model, video, noises, known), weight

    return eqx.filter_jit(jax.vmap(of))(jr.split(jr.key(0), 1024))


@kinds
def test_on_average_the_elbo_is_the_bound_of_one_sample_and_below_that_of_several(kind):
    bounds, ones = many(kind)
    elbos, ones = np.float64(bounds.value), np.float64(ones)
    difference = ones - elbos
    assert abs(difference.mean()) < 4 * difference.std() / len(difference) ** 0.5
    eights = ones.reshape(-1, 8)
    highest = eights.max(axis=1)
    tighter = np.log(np.mean(np.exp(eights - highest[:, None]), axis=1)) + highest
    assert elbos.mean() < tighter.mean()


@kinds
def test_the_kl_of_no_tick_is_negative(kind):
    for level in many(kind)[0].kl:
        assert np.all(level >= -1e-6)
        assert np.all(level.mean(0) > 1e-3)


# A clockwork model whose posterior and likelihood are known.


class LinearGaussianCell(AbstractCell):
    """z ~ N(z of the level above, 1), seen through `seen` numbers ~ N(z, variance) a tick.

    Features are the sum of these numbers, which is all that the exact posterior needs.
    """

    seen: int
    variance: float
    context_size: int
    stoch_size: int = 1
    deter_size: int = 1
    feature_size: int = 1

    def prepare_context(self, top_down, conditioning):
        return top_down[:1] if self.context_size else jnp.zeros(1)

    def advance(self, state, context):
        return context

    def prior(self, deter):
        return Gaussian(deter, jnp.ones(1))

    def posterior(self, deter, evidence):
        precision = 1 + self.seen / self.variance
        mean = (deter + evidence / self.variance) / precision
        return Gaussian(mean, jnp.full(1, precision**-0.5))


def frame_as_it_is(frame):
    """Return the pixel of a frame for both levels."""
    return frame.reshape(1), frame.reshape(1)


def first_of(output):
    """Decode the lowest level's z as a frame of one pixel."""
    return output[:1].reshape(1, 1, 1)


def linear_gaussian(stddev: float) -> CWVAE:
    """Make x_t = z_t + stddev n_t, z_t = (z of its window of two) + n_t, the posterior exact."""
    clock, variance = Clock(2, 2), stddev**2
    cells = (
        LinearGaussianCell(seen=1, variance=variance, context_size=2),
        LinearGaussianCell(seen=2, variance=1 + variance, context_size=0),
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
