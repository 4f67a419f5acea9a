"""Latent distributions against float64 formulas, Monte Carlo and their own laws."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from reference import assert_alike, gaussian_entropy, gaussian_kl, gaussian_log_prob

from cwvae.beliefs import Categorical, Gaussian, balanced_kl, balanced_kl_parts, kl

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
    assert abs(kl(belief, belief)) < 1e-6


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
    assert_alike(belief.sample(jnp.zeros((2, 3))), belief.mean)


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
    balanced = balanced_kl(posterior, prior, kl_balance=share)
    np.testing.assert_allclose(balanced, kl(posterior, prior), rtol=1e-6)


@pytest.mark.parametrize("share", [0.0, 0.3, 0.8, 1.0])
def test_balancing_gives_the_posterior_its_share_of_the_gradient_and_the_prior_the_rest(share):
    posterior, prior = pair(0)
    plain = jax.grad(kl, argnums=(0, 1))(posterior, prior)
    shared = jax.grad(lambda *pair: balanced_kl(*pair, kl_balance=share), argnums=(0, 1))
    gradients = shared(posterior, prior)
    for part, gradient, whole in zip((share, 1 - share), gradients, plain, strict=True):
        np.testing.assert_allclose(gradient.mean, part * whole.mean, rtol=1e-6)
        np.testing.assert_allclose(gradient.stddev, part * whole.stddev, rtol=1e-6)
        assert np.all(np.abs(whole.mean) > 0)


@given(seeds)
def test_the_kl_is_the_sum_of_that_of_every_dimension(seed):
    posterior, prior = pair(seed, 5)
    parts = posterior.kl_parts(prior)
    for d in range(3):
        alone = np.s_[:, d : d + 1]
        one, other = (Gaussian(b.mean[alone], b.stddev[alone]) for b in (posterior, prior))
        np.testing.assert_allclose(parts[:, d], kl(one, other), rtol=1e-6)
    np.testing.assert_allclose(parts.sum(-1), kl(posterior, prior), rtol=1e-6)


@given(seeds)
def test_a_balanced_kl_has_the_parts_of_the_plain_one(seed):
    posterior, prior = pair(seed, 5)
    parts = balanced_kl_parts(posterior, prior, kl_balance=0.3)
    np.testing.assert_allclose(parts, posterior.kl_parts(prior), rtol=1e-6)


# Classes.

GROUPS, CLASSES = 2, 3


def classes(seed: int, *axes: int) -> Categorical:
    """Draw a belief over 2 groups of 3 classes whose odds span a few decades."""
    logits = np.random.default_rng(seed).normal(0, 3, (*axes, GROUPS, CLASSES))
    log_probs = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
    return Categorical(jnp.asarray(log_probs, dtype=float))


def two(seed: int, *axes: int) -> tuple[Categorical, Categorical]:
    return classes(seed, *axes), classes(seed + 1, *axes)


def gumbel(seed: int, *axes: int) -> jnp.ndarray:
    noise = np.random.default_rng(seed).gumbel(size=(*axes, GROUPS * CLASSES))
    return jnp.asarray(noise, dtype=float)


def probs(belief: Categorical) -> np.ndarray:
    return np.exp(np.float64(belief.log_probs))


@given(seeds)
def test_the_kl_of_classes_is_the_float64_formula(seed):
    posterior, prior = two(seed, 5)
    p, q = probs(posterior), probs(prior)
    expected = (p * np.log(p / q)).sum((-2, -1))
    np.testing.assert_allclose(kl(posterior, prior), expected, rtol=1e-5, atol=2e-6)


@given(seeds)
def test_the_kl_of_classes_is_the_sum_of_that_of_every_group(seed):
    posterior, prior = two(seed, 5)
    parts = posterior.kl_parts(prior)
    for group in range(GROUPS):
        one, other = (Categorical(b.log_probs[:, group : group + 1]) for b in (posterior, prior))
        np.testing.assert_allclose(parts[:, group], kl(one, other), rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(parts.sum(-1), kl(posterior, prior), rtol=1e-6)


@given(seeds)
def test_the_kl_of_classes_is_not_negative_and_vanishes_between_equals(seed):
    posterior, prior = two(seed)
    assert kl(posterior, prior) > 0
    assert abs(kl(posterior, posterior)) < 1e-6


def test_the_kl_of_classes_agrees_with_monte_carlo():
    posterior, prior = two(0)

    def log_ratio(noise):
        sample = posterior.sample(noise)
        return posterior.log_prob(sample) - prior.log_prob(sample)

    ratios = np.asarray(jax.vmap(log_ratio)(gumbel(0, 100_000)), dtype=np.float64)
    error = abs(ratios.mean() - kl(posterior, prior))
    assert error < 4 * ratios.std() / len(ratios) ** 0.5 + 1e-4


@given(seeds)
def test_the_entropy_of_classes_is_the_float64_formula(seed):
    p = probs(classes(seed, 5))
    expected = -(p * np.log(p)).sum((-2, -1))
    np.testing.assert_allclose(classes(seed, 5).entropy(), expected, rtol=1e-5, atol=2e-6)


@given(seeds)
def test_the_log_probability_of_classes_is_the_product_of_their_probabilities(seed):
    belief, chosen = classes(seed), np.random.default_rng(seed).integers(CLASSES, size=GROUPS)
    expected = np.log(probs(belief)[np.arange(GROUPS), chosen].prod())
    place = jnp.asarray(np.eye(CLASSES)[chosen].reshape(-1), dtype=float)
    np.testing.assert_allclose(belief.log_prob(place), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("compile", [lambda f: f, jax.jit], ids=["", "compiled"])
@given(seed=seeds)
def test_a_sample_of_classes_is_one_hot_to_the_last_bit(compile, seed):
    sample = np.asarray(compile(Categorical.sample)(classes(seed, 7), gumbel(seed, 7)))
    groups = sample.reshape(7, GROUPS, CLASSES)
    assert np.array_equal(np.sort(groups, axis=-1), np.broadcast_to([0, 0, 1], groups.shape))


@given(seeds)
def test_without_noise_a_sample_of_classes_is_the_likeliest(seed):
    belief = classes(seed, 4)
    sample = belief.sample(jnp.zeros((4, GROUPS * CLASSES)))
    assert np.array_equal(sample, belief.mode)
    chosen = sample.reshape(4, GROUPS, CLASSES).argmax(-1)
    assert np.array_equal(chosen, belief.log_probs.argmax(-1))


def test_classes_are_sampled_as_often_as_they_are_probable():
    belief, draws = classes(1), 100_000
    samples = np.asarray(jax.vmap(belief.sample)(gumbel(1, draws)), dtype=np.float64)
    p = probs(belief).reshape(-1)
    assert np.all(np.abs(samples.mean(0) - p) < 4 * np.sqrt(p * (1 - p) / draws))


def test_the_gradient_of_a_sample_of_classes_is_that_of_the_probabilities():
    belief, noise = classes(0), gumbel(0)
    jacobian = jax.jacobian(lambda log_probs: Categorical(log_probs).sample(noise))
    actual = jacobian(belief.log_probs).reshape(GROUPS * CLASSES, -1)
    np.testing.assert_allclose(actual, np.diag(probs(belief).reshape(-1)), rtol=1e-5)


@given(seeds)
def test_every_row_of_classes_is_a_belief_of_its_own(seed):
    posterior, prior = two(seed, 4)
    row, other = (Categorical(b.log_probs[2]) for b in (posterior, prior))
    sample = posterior.sample(gumbel(seed, 4))
    whole = (kl(posterior, prior)[2], posterior.entropy()[2], posterior.log_prob(sample)[2])
    alone = (kl(row, other), row.entropy(), row.log_prob(sample[2]))
    np.testing.assert_allclose(whole, alone, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_balancing_the_kl_of_classes_leaves_its_value_and_shares_out_its_gradient(share):
    posterior, prior = two(0)
    balanced, shared = jax.value_and_grad(
        lambda *pair: balanced_kl(*pair, kl_balance=share), argnums=(0, 1)
    )(posterior, prior)
    value, plain = jax.value_and_grad(kl, argnums=(0, 1))(posterior, prior)
    np.testing.assert_allclose(balanced, value, rtol=1e-6)
    for part, gradient, whole in zip((share, 1 - share), shared, plain, strict=True):
        np.testing.assert_allclose(gradient.log_probs, part * whole.log_probs, rtol=1e-6)
        assert np.all(np.abs(whole.log_probs) > 0)
