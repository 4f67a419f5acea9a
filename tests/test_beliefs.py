"""Latent distributions against float64 formulas, Monte Carlo and their own laws."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jaxtyping import TypeCheckError
from reference import gaussian_entropy, gaussian_kl, gaussian_log_prob

from cwvae.beliefs import Gaussian, balanced_kl, kl

seeds = st.integers(0, 2**32 - 1)


def draw(seed: int, *axes: int) -> Gaussian:
    """Draw a belief over 3 numbers whose standard deviations span three decades."""
    random = np.random.default_rng(seed)
    mean = random.normal(0, 3, (*axes, 3))
    stddev = np.exp(random.uniform(-3.5, 3.5, (*axes, 3)))
    return Gaussian(jnp.asarray(mean, dtype=float), jnp.asarray(stddev, dtype=float))


def pair(seed: int, *axes: int) -> tuple[Gaussian, Gaussian]:
    return draw(seed, *axes), draw(seed + 1, *axes)


@given(seeds)
def test_kl_is_not_negative(seed):
    posterior, prior = pair(seed)
    assert kl(posterior, prior) >= 0


@given(seeds, st.floats(1e-4, 1e-1))
def test_kl_is_not_negative_between_neighbours(seed, step):
    prior = draw(seed)
    posterior = Gaussian(prior.mean + step * prior.stddev, prior.stddev * (1 + step))
    # Rounding leaves a few units in the last place of the terms that cancel.
    assert kl(posterior, prior) >= -1e-6


@given(seeds)
def test_kl_vanishes_between_equals(seed):
    belief = draw(seed)
    assert kl(belief, belief) == 0


@given(seeds)
def test_kl_is_the_float64_formula(seed):
    posterior, prior = pair(seed, 5)
    expected = gaussian_kl(posterior.mean, posterior.stddev, prior.mean, prior.stddev)
    np.testing.assert_allclose(kl(posterior, prior), expected, rtol=2e-6, atol=2e-6)


@pytest.mark.parametrize("seed", range(3))
def test_kl_agrees_with_monte_carlo(seed):
    posterior, prior = draw(seed), Gaussian(jnp.asarray([0.5, 0.0, -1.0]), jnp.full(3, 4.0))
    noise = np.random.default_rng(seed).standard_normal((100_000, 3)).astype(np.float32)

    def log_ratio(noise):
        sample = posterior.sample(noise)
        return posterior.log_prob(sample) - prior.log_prob(sample)

    ratios = np.asarray(jax.vmap(log_ratio)(jnp.asarray(noise)), dtype=np.float64)
    error = abs(ratios.mean() - kl(posterior, prior))
    assert error < 4 * ratios.std() / len(ratios) ** 0.5 + 1e-4


@given(seeds)
def test_entropy_is_the_float64_formula(seed):
    belief = draw(seed, 5)
    expected = gaussian_entropy(belief.stddev)
    np.testing.assert_allclose(belief.entropy(), expected, rtol=2e-6, atol=2e-6)


def test_entropy_agrees_with_monte_carlo():
    belief = draw(0)
    noise = np.random.default_rng(0).standard_normal((100_000, 3)).astype(np.float32)
    log_densities = jax.vmap(lambda noise: belief.log_prob(belief.sample(noise)))(noise)
    surprise = -np.asarray(log_densities, dtype=np.float64)
    assert abs(surprise.mean() - belief.entropy()) < 4 * surprise.std() / len(surprise) ** 0.5


@given(seeds)
def test_log_prob_is_the_float64_formula(seed):
    belief, place = pair(seed, 5)
    expected = gaussian_log_prob(place.mean, belief.mean, belief.stddev)
    np.testing.assert_allclose(belief.log_prob(place.mean), expected, rtol=1e-5, atol=1e-5)


def test_a_density_integrates_to_1():
    belief = Gaussian(jnp.asarray([0.3]), jnp.asarray([0.7]))
    places = np.linspace(-6, 6, 4001, dtype=np.float32)
    densities = np.exp(jax.vmap(belief.log_prob)(places[:, None]))
    assert np.trapezoid(densities, places) == pytest.approx(1, abs=1e-5)


@given(seeds)
def test_zero_noise_samples_the_mean(seed):
    belief = draw(seed, 2)
    assert np.array_equal(belief.sample(jnp.zeros((2, 3))), belief.mean)


@given(seeds)
def test_noise_is_scaled_by_the_stddev(seed):
    belief, noise = pair(seed, 2)
    sample = np.asarray(belief.sample(noise.mean), dtype=np.float64)
    recovered = (sample - belief.mean) / belief.stddev
    rounding = np.abs(belief.mean) / belief.stddev
    assert np.all(np.abs(recovered - noise.mean) < 1e-6 * (1 + np.abs(noise.mean) + rounding))


@given(seeds)
def test_every_row_is_a_belief_of_its_own(seed):
    posterior, prior = pair(seed, 4)
    row, other = (Gaussian(b.mean[2], b.stddev[2]) for b in (posterior, prior))
    whole = (kl(posterior, prior)[2], posterior.entropy()[2], posterior.log_prob(prior.mean)[2])
    alone = (kl(row, other), row.entropy(), row.log_prob(other.mean))
    np.testing.assert_allclose(whole, alone, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("share", [0.0, 0.3, 0.8, 1.0])
@given(seed=seeds)
def test_balancing_leaves_the_value_of_the_kl(share, seed):
    posterior, prior = pair(seed, 5)
    balanced = balanced_kl(posterior, prior, posterior_share=share)
    np.testing.assert_allclose(balanced, kl(posterior, prior), rtol=1e-6)


@pytest.mark.parametrize("share", [0.0, 0.3, 0.8, 1.0])
def test_balancing_gives_the_posterior_its_share_of_the_gradient_and_the_prior_the_rest(share):
    posterior, prior = pair(0)
    plain = jax.grad(kl, argnums=(0, 1))(posterior, prior)
    shared = jax.grad(lambda *pair: balanced_kl(*pair, posterior_share=share), argnums=(0, 1))
    gradients = shared(posterior, prior)
    for part, gradient, whole in zip((share, 1 - share), gradients, plain, strict=True):
        np.testing.assert_allclose(gradient.mean, part * whole.mean, rtol=1e-6)
        np.testing.assert_allclose(gradient.stddev, part * whole.stddev, rtol=1e-6)
        assert np.all(np.abs(whole.mean) > 0)


@pytest.mark.parametrize("method", ["sample", "log_prob"])
def test_integers_are_refused_by_the_arguments_name(method):
    name = {"sample": "noise", "log_prob": "stoch"}[method]
    with pytest.raises(TypeCheckError, match=name):
        getattr(draw(0), method)(jnp.zeros(3, dtype=int))
