"""From a hidden vector to a belief."""

from functools import partial

import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from models import draw, made

from cwvae.cells import CategoricalHead, GaussianHead

HIDDEN, STOCH, CLASSES = 3, 6, 3
seeds = st.integers(0, 2**31)


def categorical(seed: int = 0, **options) -> CategoricalHead:
    return made(partial(CategoricalHead, HIDDEN, STOCH, classes=CLASSES, **options), seed=seed)


def dense(layer, hidden) -> np.ndarray:
    """Apply a dense layer in float64."""
    return np.float64(hidden) @ np.float64(layer.kernel) + np.float64(layer.bias)


@pytest.mark.parametrize("mix", [0.0, 0.01, 0.5])
@given(seed=seeds)
def test_probabilities_are_a_softmax_mixed_with_a_uniform_distribution(mix, seed):
    head, hidden = categorical(seed, mix=mix), draw(seed + 1, HIDDEN)
    odds = np.exp(dense(head.logits, hidden).reshape(-1, CLASSES))
    expected = (1 - mix) * odds / odds.sum(-1, keepdims=True) + mix / CLASSES
    np.testing.assert_allclose(np.exp(head(hidden).log_probs), expected, rtol=1e-5)


@given(seeds)
def test_the_mix_keeps_every_class_possible_and_every_gradient_finite(seed):
    head, hidden = categorical(seed), 1e4 * draw(seed + 1, HIDDEN)
    log_probs = head(hidden).log_probs
    assert np.all(np.exp(log_probs) >= 0.99 * 0.01 / CLASSES)
    np.testing.assert_allclose(np.exp(log_probs).sum(-1), 1, rtol=1e-5)
    gradient = jax.grad(lambda h: head(h).entropy())(hidden)
    assert np.all(np.isfinite(gradient))


@given(seeds)
def test_the_gaussian_head_is_linear_then_softplus(seed):
    head = made(partial(GaussianHead, HIDDEN, STOCH, min_stddev=0.1), seed=seed)
    hidden = draw(seed + 1, HIDDEN)
    belief = head(hidden)
    np.testing.assert_allclose(belief.mean, dense(head.mean, hidden), rtol=1e-4, atol=1e-5)
    stddev = np.log1p(np.exp(dense(head.stddev, hidden + 0.54))) + 0.1
    np.testing.assert_allclose(belief.stddev, stddev, rtol=1e-5)


def test_noise_is_standard_gumbel_for_classes_and_standard_normal_for_numbers():
    keys = jr.split(jr.key(0), 10_000)
    heads = categorical(), made(partial(GaussianHead, HIDDEN, STOCH))
    # Mean and standard deviation of each.
    expected = (np.euler_gamma, np.pi / 6**0.5), (0.0, 1.0)
    for head, (mean, stddev) in zip(heads, expected, strict=True):
        noise = np.asarray(jax.vmap(lambda key, head=head: head.noise(key=key))(keys))
        assert noise.shape == (10_000, STOCH)
        assert noise.mean() == pytest.approx(mean, abs=0.02)
        assert noise.std() == pytest.approx(stddev, abs=0.02)


def test_a_head_starts_with_zero_biases():
    head = CategoricalHead(HIDDEN, STOCH, classes=CLASSES, key=jr.key(0))
    assert np.array_equal(head.logits.bias, jnp.zeros(STOCH))
