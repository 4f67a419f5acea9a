"""The moving average of the weights."""

import dataclasses

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from models import draw, plain

from cwvae.clock import Clock
from cwvae.training.average import averaged, decay_after, model_names, state_names
from cwvae.training.config import TrainConfig
from cwvae.training.step import TrainState, init_train_state, train_in_place, train_step

CLOCK = Clock(1)
CONFIG = TrainConfig(batch_size=2, frames=3, learning_rate=1e-2, average=0.5)
OFF = dataclasses.replace(CONFIG, average=0.0)
VIDEOS = np.asarray(draw(0, 2, 3, 1, 2, 1))

step = eqx.filter_jit(train_step)


def weights(model) -> list[np.ndarray]:
    return [np.asarray(leaf) for leaf in jax.tree.leaves(eqx.filter(model, eqx.is_array))]


def same(one, other) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(weights(one), weights(other), strict=True))


@pytest.mark.parametrize("most", [0.5, 0.999])
def test_the_decay_rises_to_that_of_the_end(most):
    steps = np.array([0, 1, 7, 10, 10**3, 10**6])
    found = [float(decay_after(jnp.asarray(number), most)) for number in steps]
    np.testing.assert_allclose(found, np.minimum(most, (1 + steps) / (10 + steps)), rtol=1e-6)


def test_the_average_is_the_recurrence_over_the_models_of_the_steps():
    state = init_train_state(plain(CLOCK), CONFIG)
    expected = [np.float64(leaf) for leaf in weights(state.model)]
    for number in range(12):
        state, _ = step(state, VIDEOS, CONFIG)
        decay = min(0.5, (1 + number) / (10 + number))
        expected = [
            decay * old + (1 - decay) * new
            for old, new in zip(expected, weights(state.model), strict=True)
        ]
    for ours, theirs in zip(weights(state.average), expected, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6)
    assert not same(state.average, state.model)
    assert state.result is state.average


def test_training_is_the_same_with_and_without():
    first, second = (init_train_state(plain(CLOCK), config) for config in (CONFIG, OFF))
    for _ in range(2):
        first, second = step(first, VIDEOS, CONFIG)[0], step(second, VIDEOS, OFF)[0]
    for ours, theirs in zip(weights(first.model), weights(second.model), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-6, atol=1e-7)
    assert second.average is None
    assert second.result is second.model


def test_it_begins_with_the_weights_and_can_be_moved_in_place():
    state = init_train_state(plain(CLOCK), CONFIG)
    assert same(state.average, state.model)
    for _ in range(2):
        state, _ = train_in_place(jnp.asarray(VIDEOS), state, CONFIG)
    assert all(np.isfinite(leaf).all() for leaf in weights(state.average))


def test_switched_on_it_begins_with_the_present_weights_and_switched_off_it_is_dropped():
    state, _ = step(init_train_state(plain(CLOCK), OFF), VIDEOS, OFF)
    on, _ = step(state, VIDEOS, CONFIG)
    assert same(on.average, on.model)
    on, _ = train_in_place(jnp.asarray(VIDEOS), on, CONFIG)
    assert not same(on.average, on.model)
    off, _ = step(on, VIDEOS, OFF)
    assert off.average is None


class Counted(eqx.Module):
    """A decoder with a weight and a number that is none."""

    weight: jax.Array
    count: jax.Array
    name: str = eqx.field(static=True, default="counted")

    def __call__(self, output: jax.Array) -> jax.Array:
        """Return a frame of the weight."""
        return jnp.full((1, 2, 1), self.weight)


def test_arrays_that_are_no_weights_are_those_of_the_model():
    old, new = (
        dataclasses.replace(plain(CLOCK), decoder=Counted(jnp.asarray(value), jnp.asarray(count)))
        for value, count in ((0.0, 3), (1.0, 4))
    )
    found = averaged(old, new, decay=0.75, steps=jnp.asarray(100)).decoder
    assert float(found.weight) == pytest.approx(0.25)
    assert (int(found.count), found.name) == (4, "counted")


def test_a_checkpoint_with_an_average_gives_it_to_the_model():
    weights, average = ["model.a", "model.b", "step"], ["average.a", "average.b"]
    assert model_names(weights) == {"model.a": "model.a", "model.b": "model.b"}
    assert model_names(weights + average) == {"model.a": "average.a", "model.b": "average.b"}


def test_a_state_takes_the_average_that_is_there_or_begins_it_or_leaves_it_out():
    weights, average = ["model.a", "step"], ["average.a"]
    plainly = {name: name for name in weights}
    assert state_names(weights, averaged=False) == plainly
    assert state_names(weights + average, averaged=False) == plainly
    assert state_names(weights, averaged=True) == plainly | {"average.a": "model.a"}
    assert state_names(weights + average, averaged=True) == plainly | {"average.a": "average.a"}


def test_a_state_without_an_average_has_no_more_arrays_than_before():
    state = init_train_state(plain(CLOCK), OFF)
    before = TrainState(state.model, state.optimiser_state, state.step)
    assert jax.tree.structure(state) == jax.tree.structure(before)
