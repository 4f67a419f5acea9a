"""New values and keys never cost a compilation, new shapes cost one each."""

import equinox as eqx
import jax.numpy as jnp
import jax.random as jr
import pytest
from models import conditioning, draw, noise, plain, plain_video, stacked

from cwvae.clock import Clock
from cwvae.objective import elbo, importance_weighted_bound
from cwvae.rollout import forecast
from cwvae.training.config import TrainConfig
from cwvae.training.step import init_train_state, train_step

CLOCK = Clock(2, 2)


def traced_once(function):
    """Compile a function that fails when it is traced a second time."""
    return eqx.filter_jit(eqx.debug.assert_max_traces(function, max_traces=1))


def test_the_bound_is_traced_once_for_all_models_videos_and_noise():
    run = traced_once(elbo)
    for seed in range(3):
        model = plain(CLOCK, seed=seed)
        run(model, plain_video(3, seed=seed), noise(model.hierarchy, 3, seed=seed))


def test_the_bound_is_traced_once_for_all_times_and_actions():
    run = traced_once(elbo)
    model = plain(CLOCK, kind="conditioned")
    for seed in range(3):
        run(
            model,
            plain_video(3),
            noise(model.hierarchy, 3),
            conditioning(model.hierarchy, 3, seed=seed),
        )


def test_the_bound_of_several_samples_is_traced_once():
    run = traced_once(importance_weighted_bound)
    for seed in range(3):
        model = plain(CLOCK, seed=seed)
        noises = stacked([noise(model.hierarchy, 3, seed=row) for row in (seed, seed + 1)])
        run(model, plain_video(3, seed=seed), noises)


def test_a_forecast_is_traced_once_for_all_keys_and_contexts():
    run = traced_once(forecast)
    for seed in range(3):
        run(plain(CLOCK, seed=seed), plain_video(2, seed=seed), 5, key=jr.key(seed))


def test_a_forecast_is_traced_once_for_all_times_and_actions():
    run = traced_once(forecast)
    model = plain(CLOCK, kind="conditioned")
    for seed in range(3):
        known = conditioning(model.hierarchy, 7, seed=seed)
        run(model, plain_video(2), 5, key=jr.key(seed), conditioning=known)


def test_a_training_step_is_traced_once_for_all_steps_and_batches():
    config = TrainConfig(batch_size=2, frames=3)
    run = traced_once(train_step)
    state = init_train_state(plain(Clock(1)), config)
    for seed in range(3):
        videos = jnp.abs(100 * draw(seed, 2, 3, 1, 2, 1)).astype("uint8")
        state, _ = run(state, videos, config)
    # An equal configuration made anew is the same to the compiler.
    run(state, videos, TrainConfig(batch_size=2, frames=3))


def test_a_new_length_is_traced_anew():
    # So that the tests above cannot pass for want of counting.
    run = traced_once(elbo)
    model = plain(CLOCK)
    run(model, plain_video(3), noise(model.hierarchy, 3))
    with pytest.raises(RuntimeError, match="traced"):
        run(model, plain_video(4), noise(model.hierarchy, 4))
