"""Schedules of beta and of free nats, at their corners."""

import dataclasses

import jax.numpy as jnp
import numpy as np
import pytest

from cwvae.training import kl_schedules
from cwvae.training.config import TrainConfig

OFF = TrainConfig(beta=(1.0, 2.0), free_nats=3.0, tick_free_nats=0.5)
ON = dataclasses.replace(OFF, beta_start=(0.5, 4.0), beta_steps=4, free_nats_steps=4)


def at(schedule, count: int, config: TrainConfig = ON) -> np.ndarray:
    return np.asarray(schedule(config, jnp.asarray(count)))


def test_without_steps_options_are_the_constants_that_they_are():
    for name in ("beta", "free_nats", "tick_free_nats"):
        assert getattr(kl_schedules, name)(OFF, jnp.asarray(7)) == getattr(OFF, name)


@pytest.mark.parametrize(
    ("count", "expected"),
    [(0, (0.5, 4)), (2, (0.75, 3)), (4, (1, 2)), (5, (1, 2)), (10**6, (1, 2))],
)
def test_beta_goes_from_its_start_to_its_end_and_stays(count, expected):
    np.testing.assert_allclose(at(kl_schedules.beta, count), expected, rtol=1e-6)


def test_beta_goes_along_half_a_cosine():
    share = (1 - np.cos(np.pi / 4)) / 2
    np.testing.assert_allclose(at(kl_schedules.beta, 1), [0.5 + 0.5 * share, 4 - 2 * share], 1e-6)


def test_the_ends_of_a_schedule_are_exact():
    assert np.array_equal(at(kl_schedules.beta, 4), OFF.beta)
    assert at(kl_schedules.free_nats, 4) == OFF.free_nats
    assert at(kl_schedules.free_nats, 8) == 0


@pytest.mark.parametrize(
    ("count", "share"),
    [(0, 1), (4, 1), (5, (1 + np.cos(np.pi / 4)) / 2), (6, 0.5), (8, 0), (9, 0), (10**6, 0)],
)
def test_free_nats_are_constant_and_fall_to_0_over_as_many_steps(count, share):
    for schedule, whole in ((kl_schedules.free_nats, 3.0), (kl_schedules.tick_free_nats, 0.5)):
        np.testing.assert_allclose(at(schedule, count), whole * share, rtol=1e-6, atol=1e-7)


def test_free_nats_of_every_level_follow_one_schedule():
    config = dataclasses.replace(ON, free_nats=(2.0, 8.0))
    np.testing.assert_allclose(at(kl_schedules.free_nats, 6, config), (1, 4), rtol=1e-6)


def test_a_schedule_depends_on_the_steps_taken_and_its_options_alone():
    longer = dataclasses.replace(ON, beta_steps=8, free_nats_steps=8)
    np.testing.assert_allclose(at(kl_schedules.beta, 4, longer), at(kl_schedules.beta, 2), 1e-6)
    np.testing.assert_allclose(at(kl_schedules.free_nats, 12, longer), 1.5, rtol=1e-6)
