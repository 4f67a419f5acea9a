"""Training on consecutive pieces: what is carried from step to step, and what is not."""

import dataclasses

import equinox as eqx
import jax
import jax.random as jr
import numpy as np
import optax
import pytest
from models import draw, plain

from cwvae.clock import Clock
from cwvae.objective import loss
from cwvae.training.carry import begin_videos, expected_at
from cwvae.training.checkpoint import Checkpoints
from cwvae.training.config import TrainConfig
from cwvae.training.named_arrays import check_fit, named_arrays
from cwvae.training.step import TrainState, init_train_state, train_in_place, train_step

CLOCK = Clock(2, 2)
CONFIG = TrainConfig(batch_size=2, frames=4, pieces=3, learning_rate=1e-2, clip_norm=1e9, seed=7)
CLOCKS = pytest.mark.parametrize(
    "clock", [CLOCK, Clock(2, 2, lookahead=False)], ids=["look-ahead", "causal"]
)

step = eqx.filter_jit(train_step)


def piece(seed: int) -> jax.Array:
    return jax.nn.sigmoid(draw(seed, CONFIG.batch_size, CONFIG.frames, 1, 2, 1))


def trained(state: TrainState, *, steps: int, start: int = 0):
    """Take steps as a training loop does; return the state and the losses."""
    losses = []
    for number in range(start, start + steps):
        state, record = step(state, piece(number), CONFIG)
        state = begin_videos(state, number + 1, CONFIG)
        losses.append(float(record.loss.total))
    return state, losses


@CLOCKS
def test_a_step_goes_on_from_the_states_of_the_step_before(clock):
    start = init_train_state(plain(clock), CONFIG)
    first, record = step(start, piece(0), CONFIG)
    assert eqx.tree_equal(first.past, record.loss.past)
    _, second = step(first, piece(1), CONFIG)
    keys = jr.split(jr.fold_in(jr.key(CONFIG.seed), 1), CONFIG.batch_size)
    levels, later = start.model.hierarchy, clock.slowest
    noise = jax.vmap(lambda key: levels.noise(CONFIG.frames, key=key, start=later))(keys)
    expected = eqx.filter_jit(loss)(first.model, piece(1), noise, past=first.past)
    np.testing.assert_allclose(second.loss.total, expected.total, rtol=1e-5)
    _, anew = step(begin_videos(first, 3, CONFIG), piece(1), CONFIG)
    assert abs(anew.loss.total - second.loss.total) > 1e-4


def test_new_videos_begin_after_every_so_many_pieces():
    state, _ = step(init_train_state(plain(CLOCK), CONFIG), piece(0), CONFIG)
    kept = [begin_videos(state, number, CONFIG).past is not None for number in range(1, 8)]
    assert kept == [True, True, False, True, True, False, True]


def test_nothing_is_carried_where_a_video_is_one_piece():
    config = dataclasses.replace(CONFIG, pieces=1)
    state, _ = step(init_train_state(plain(CLOCK), config), piece(0), config)
    assert state.past is None


def test_the_gradient_ends_where_a_piece_begins():
    still = optax.sgd(0.0)  # so that the weights carry no gradient either
    start = init_train_state(plain(CLOCK), CONFIG, optimiser=still)

    @eqx.filter_jit
    def second_loss(videos):
        state, _ = train_step(start, videos, CONFIG, optimiser=still)
        return train_step(state, piece(1), CONFIG, optimiser=still)[1].loss.total

    assert abs(second_loss(piece(0)) - second_loss(piece(5))) > 1e-4
    assert not np.any(jax.grad(second_loss)(piece(0)))


def test_pieces_are_two_programs_one_for_the_first_of_a_video_and_one_for_the_others():
    run = eqx.filter_jit(eqx.debug.assert_max_traces(train_step, max_traces=2))
    state = init_train_state(plain(CLOCK), CONFIG)
    for number in range(2 * CONFIG.pieces):
        state, _ = run(state, piece(number), CONFIG)
        state = begin_videos(state, number + 1, CONFIG)


def test_in_place_the_past_is_used_up_too():
    state = init_train_state(plain(CLOCK), CONFIG)
    expected, _ = trained(state, steps=2)
    for number in range(2):
        before = state
        state, record = train_in_place(piece(number), state, CONFIG)
    assert all(array.is_deleted() for array in jax.tree.leaves(before.past))
    assert np.isfinite(record.loss.past.states[0].stoch).all()
    for one, other in zip(jax.tree.leaves(state.past), jax.tree.leaves(expected.past), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6)


@CLOCKS
def test_the_state_after_some_steps_is_as_expected(clock):
    state = init_train_state(plain(clock), CONFIG)
    like = eqx.filter_eval_shape(lambda: init_train_state(plain(clock), CONFIG))
    for number in range(1, CONFIG.pieces + 1):
        state, _ = trained(state, steps=1, start=number - 1)
        expected = expected_at(like, number, CONFIG)
        check_fit(named_arrays(state), named_arrays(expected))
        assert not any(leaf.weak_type for leaf in jax.tree.leaves(state.past))


@CLOCKS
def test_a_checkpoint_in_the_middle_of_a_video_goes_on_bit_for_bit(clock, tmp_path):
    start = init_train_state(plain(clock), CONFIG)
    expected, losses = trained(start, steps=5)
    middle, _ = trained(start, steps=2)
    with Checkpoints(tmp_path / "checkpoints") as saved:
        saved.save(middle, {})
        restored, _ = saved.load(expected_at(start, 2, CONFIG))
    state, later = trained(restored, steps=3, start=2)
    assert later == losses[2:]
    assert eqx.tree_equal(state, expected)


def test_a_past_that_the_checkpoint_lacks_is_named(tmp_path):
    start = init_train_state(plain(CLOCK), CONFIG)
    with Checkpoints(tmp_path / "checkpoints") as saved:
        saved.save(trained(start, steps=3)[0], {})
        with pytest.raises(
            ValueError, match=r"past.states\[0\].deter is missing in the checkpoint"
        ):
            saved.load(expected_at(start, 2, CONFIG))
