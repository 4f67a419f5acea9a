"""The official optimiser against its formulas in float64, and its learning rate."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from cwvae.training.config import TrainConfig
from cwvae.training.optimiser import learning_rate, make_optimiser, relaxed_promotion

CONFIG = TrainConfig(steps=10, learning_rate=0.1, epsilon=0.05, clip_norm=1.5)
WEIGHTS = {"kernel": np.linspace(-1, 1, 6).reshape(2, 3), "bias": np.linspace(0, 1, 3)}


def rates(**changes) -> list[float]:
    """Return the learning rates of the first steps as shares of the highest."""
    config = dataclasses.replace(CONFIG, **changes)
    return [float(learning_rate(config, jnp.asarray(n))) / config.learning_rate for n in range(12)]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, [1.0] * 12),
        ({"decay": 0.4}, [1.0] * 7 + [0.75, 0.5, 0.25, 0.0, 0.0]),
        ({"decay": 1.0}, [1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1, 0.0, 0.0]),
        ({"warmup": 4}, [0.0, 0.25, 0.5, 0.75] + [1.0] * 8),
        ({"warmup": 2, "decay": 0.2}, [0.0, 0.5] + [1.0] * 7 + [0.5, 0.0, 0.0]),
    ],
)
def test_the_learning_rate_rises_is_constant_and_falls_linearly(changes, expected):
    np.testing.assert_allclose(rates(**changes), expected, rtol=1e-5, atol=1e-6)


def gradients(steps: int) -> list[dict[str, np.ndarray]]:
    """Draw the gradients of some steps, some of them over the norm to which they are clipped."""
    random = np.random.default_rng(0)
    return [
        {name: 0.5 * random.standard_normal(w.shape) for name, w in WEIGHTS.items()}
        for _ in range(steps)
    ]


def expected(configs: list[TrainConfig]) -> dict[str, np.ndarray]:
    """Return the weights after a step of each configuration, as Keras and TensorFlow have it."""
    weights = dict(WEIGHTS)
    mean = {name: np.zeros_like(w) for name, w in weights.items()}
    square = {name: np.zeros_like(w) for name, w in weights.items()}
    most = {name: np.zeros_like(w) for name, w in weights.items()}
    for step, (config, gradient) in enumerate(zip(configs, gradients(len(configs)), strict=True)):
        norm = np.sqrt(sum(np.sum(g**2) for g in gradient.values()))
        share = min(1.0, config.clip_norm / norm)
        left = (config.steps - step) / config.steps / config.decay if config.decay else 1.0
        risen = min(1.0, step / config.warmup) if config.warmup else 1.0
        rate = config.learning_rate * np.clip(left, 0, 1) * risen
        for name, g in gradient.items():
            mean[name] = 0.9 * mean[name] + 0.1 * share * g
            square[name] = 0.999 * square[name] + 0.001 * (share * g) ** 2
            most[name] = np.maximum(most[name], square[name])
            corrected = rate * np.sqrt(1 - 0.999 ** (step + 1)) / (1 - 0.9 ** (step + 1))
            weights[name] = weights[name] - corrected * mean[name] / (
                np.sqrt((most if config.amsgrad else square)[name]) + config.epsilon
            )
    return weights


def taken(configs: list[TrainConfig]) -> dict[str, jax.Array]:
    """Return the weights after a step of each configuration, from one state to the next."""
    weights = {name: jnp.asarray(w, dtype=float) for name, w in WEIGHTS.items()}
    with relaxed_promotion():
        state = make_optimiser(configs[0]).init(weights)
        for config, gradient in zip(configs, gradients(len(configs)), strict=True):
            arrays = {name: jnp.asarray(g, dtype=float) for name, g in gradient.items()}
            updates, state = make_optimiser(config).update(arrays, state, weights)
            weights = {name: weights[name] + updates[name] for name in weights}
    return weights


def assert_official(configs: list[TrainConfig]):
    for name, weight in taken(configs).items():
        np.testing.assert_allclose(weight, expected(configs)[name], rtol=1e-4, atol=1e-5)


def test_amsgrad_divides_by_the_largest_second_moment_so_far():
    assert_official([dataclasses.replace(CONFIG, amsgrad=True)] * 4)
    # A gradient that vanishes lets the second moment fall, and the largest stay.
    optimiser = make_optimiser(TrainConfig(learning_rate=0.1, epsilon=1e-9, amsgrad=True))
    weight, moves = jnp.zeros(1), []
    with relaxed_promotion():
        state = optimiser.init(weight)
        for gradient in (1.0, 0.0, 0.0):
            update, state = optimiser.update(jnp.full(1, gradient), state, weight)
            moves.append(float(update[0]))
    expected = [
        -0.1 * np.sqrt(1 - 0.999**t) / (1 - 0.9**t) * 0.1 * 0.9 ** (t - 1) / np.sqrt(0.001)
        for t in (1, 2, 3)
    ]
    np.testing.assert_allclose(moves, expected, rtol=1e-4)


def test_steps_are_those_of_keras():
    norms = [np.sqrt(sum(np.sum(g**2) for g in step.values())) for step in gradients(4)]
    assert min(norms) < CONFIG.clip_norm < max(norms)
    assert_official([CONFIG] * 4)


@pytest.mark.parametrize(
    "change",
    [
        {"learning_rate": 1e-4},
        {"learning_rate": 1.0},
        {"decay": 1.0},
        {"warmup": 8},
        {"steps": 3, "decay": 0.9},
        {"epsilon": 3.0},
        {"clip_norm": 0.01},
    ],
)
def test_an_option_may_change_from_one_step_to_the_next(change):
    assert_official([CONFIG, CONFIG, dataclasses.replace(CONFIG, **change), CONFIG])


def test_the_state_is_the_same_whatever_the_options():
    def structure(config):
        return jax.tree.structure(make_optimiser(config).init({"w": jnp.ones(3)}))

    changed = dataclasses.replace(CONFIG, decay=0.5, warmup=3, epsilon=1.0)
    assert structure(CONFIG) == structure(changed)
