"""What a batch's KL of a level amounts to, on beliefs made by hand."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from cwvae.beliefs import Categorical, Gaussian
from cwvae.level_kl import ACTIVE, level_kl

BATCH, TICKS, PARTS = 2, 3, 4
FREE = 1.5


def parts(seed: int = 0) -> jax.Array:
    """Draw the KL of every part, on both sides of its share of the free nats."""
    drawn = np.random.default_rng(seed).uniform(0, 2 * FREE / PARTS, (BATCH, TICKS, PARTS))
    return jnp.asarray(drawn, dtype=float)


def of(nats, free: float = 0.0):
    return level_kl(nats, jnp.asarray(free))


def test_without_free_nats_it_is_the_kl_to_the_last_bit_and_so_is_its_gradient():
    nats = parts().at[0, 0, 0].set(-1e-9).at[0, 0, 1].set(0)  # as rounding leaves equal beliefs
    found = of(nats)
    assert found.counted == found.nats

    def plain(nats):
        return jnp.mean(nats.sum(-1).sum(-1))

    gradient = jax.grad(lambda nats: of(nats).counted)(nats)
    assert np.array_equal(gradient, jax.grad(plain)(nats))


def test_no_part_of_a_tick_counts_less_than_its_share_of_the_free_nats():
    nats = np.float64(parts())
    found = of(parts(), FREE)
    counted = np.maximum(nats, FREE / PARTS).sum((1, 2)).mean()
    np.testing.assert_allclose(found.counted, counted, rtol=1e-6)
    np.testing.assert_allclose(found.nats, nats.sum((1, 2)).mean(), rtol=1e-6)
    np.testing.assert_allclose(found.per_tick, nats.sum(2).mean(), rtol=1e-6)
    assert found.counted > found.nats


def test_the_gradient_vanishes_where_a_part_is_below_its_share_and_is_plain_above():
    nats = parts()
    gradient = jax.grad(lambda nats: of(nats, FREE).counted)(nats)
    np.testing.assert_allclose(gradient, np.where(nats > FREE / PARTS, 1 / BATCH, 0), rtol=1e-6)
    assert 0 < np.count_nonzero(gradient) < gradient.size


@pytest.mark.parametrize("free", [0.0, FREE])
def test_free_nats_change_neither_the_kl_nor_the_active_units(free):
    found, plain = of(parts(), free), of(parts())
    assert (found.nats, found.per_tick) == (plain.nats, plain.per_tick)
    assert found.active_units == plain.active_units


def test_units_are_active_by_their_mean_over_batch_and_ticks():
    # Of a mean m before a standard normal prior the KL is m^2 / 2.
    nats = np.array([0.0, 0.9 * ACTIVE, 1.1 * ACTIVE, 1.0])
    means = np.broadcast_to(np.sqrt(2 * nats), (BATCH, TICKS, PARTS)).copy()
    means[0, 0, 0] = np.sqrt(2 * 1.1 * ACTIVE * BATCH * TICKS)  # all of it at one tick
    mean = jnp.asarray(means, dtype=float)
    prior = Gaussian(jnp.zeros_like(mean), jnp.ones_like(mean))
    found = of(Gaussian(mean, prior.stddev).kl_parts(prior))
    assert found.active_units == 3


def test_a_unit_of_classes_is_a_group():
    even = np.full((BATCH, TICKS, 2, 3), 1 / 3)
    sure = even.copy()
    sure[..., 1, :] = [0.8, 0.1, 0.1]
    posterior, prior = (Categorical(jnp.asarray(np.log(p), dtype=float)) for p in (sure, even))
    nats = posterior.kl_parts(prior)
    assert nats.shape == (BATCH, TICKS, 2)
    assert of(nats).active_units == 1
    expected = np.sum([0.8, 0.1, 0.1] * np.log([2.4, 0.3, 0.3]))
    np.testing.assert_allclose(of(nats).per_tick, expected, rtol=1e-5)


def test_without_ticks_there_are_no_nats_and_no_mean_of_them():
    found = of(jnp.zeros((BATCH, 0, PARTS)), FREE)
    assert (found.nats, found.counted, found.active_units) == (0, 0, 0)
    assert np.isnan(found.per_tick)
