"""One pure optimisation step."""

import dataclasses

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import optax
import pytest
from jaxtyping import TypeCheckError
from models import TINY, conditioning, made, plain, stacked

from cwvae.clock import Clock
from cwvae.likelihoods import CalibratedNormal
from cwvae.objective import loss
from cwvae.training.build import build
from cwvae.training.config import TrainConfig
from cwvae.training.step import init_train_state, train_in_place, train_step

CLOCK = Clock(2, 2)
CONFIG = TrainConfig(
    batch_size=2, frames=3, learning_rate=1e-2, epsilon=1e-9, clip_norm=1e-3, seed=7
)

step = eqx.filter_jit(train_step)
loss_of = eqx.filter_jit(loss)


@pytest.fixture(scope="module")
def videos():
    random = np.random.default_rng(0)
    frames = random.integers(0, 256, (CONFIG.batch_size, CONFIG.frames, 1, 2, 1))
    return jnp.asarray(frames, dtype="uint8")


@pytest.fixture(scope="module")
def start():
    return init_train_state(plain(CLOCK), CONFIG)


@pytest.fixture(scope="module")
def after(start, videos):
    """The state after a step, and its record."""
    return step(start, videos, CONFIG)


def weights(state) -> list[jax.Array]:
    return jax.tree.leaves(eqx.filter(state.model, eqx.is_inexact_array))


def at_step(state, number: int):
    return eqx.tree_at(lambda s: s.step, state, jnp.asarray(number))


def test_steps_on_one_batch_lower_its_loss(start, videos):
    losses, state = [], start
    for _ in range(20):
        state, record = step(state, videos, CONFIG)
        losses.append(float(record.loss.total))
    assert np.mean(losses[-5:]) < losses[0] - 0.1 * abs(losses[0])


def test_a_step_counts(start, after):
    assert (int(start.step), int(after[0].step)) == (0, 1)


def test_a_step_keeps_the_structure_shapes_and_dtypes_of_the_state(start, after):
    arrays = [eqx.filter(state, eqx.is_array) for state in (start, after[0])]
    described = [jax.tree.map(lambda a: (a.shape, a.dtype, a.weak_type), a) for a in arrays]
    assert described[0] == described[1]


def test_the_same_state_and_batch_give_the_same_step(start, after, videos):
    assert eqx.tree_equal(step(start, videos, CONFIG), after)


def test_a_step_moves_every_weight(start, after):
    moved = [
        np.any(a != b) for a, b in zip(weights(start), weights(after[0]), strict=True) if a.size
    ]
    assert all(moved)


def test_noise_depends_on_the_step(start, after, videos):
    _, later = step(at_step(start, 1), videos, CONFIG)
    assert later.loss.nll != after[1].loss.nll


def test_rows_of_a_batch_have_noise_of_their_own(start, videos):
    # Were the noise shared, a batch of one video twice would have the loss of that video alone.
    twice = jnp.stack([videos[0]] * 2)
    _, record = step(start, twice, CONFIG)
    key = jr.split(jr.fold_in(jr.key(CONFIG.seed), start.step), 2)[0]
    noise = start.model.hierarchy.noise(CONFIG.frames, key=key)
    batch = twice.astype(float) / 255, jax.tree.map(lambda a: jnp.stack([a] * 2), noise)
    alone = loss_of(start.model, *batch)
    assert abs(record.loss.nll - alone.nll) > 1e-4


def test_the_loss_is_that_of_frames_in_0_to_1_and_the_noise_of_seed_and_step(start, after, videos):
    keys = jr.split(jr.fold_in(jr.key(CONFIG.seed), start.step), CONFIG.batch_size)
    noise = jax.vmap(lambda key: start.model.hierarchy.noise(CONFIG.frames, key=key))(keys)
    expected = loss_of(start.model, videos.astype(float) / 255, noise)
    np.testing.assert_allclose(after[1].loss.total, expected.total, rtol=1e-5)
    np.testing.assert_allclose(after[1].loss.kl, expected.kl, rtol=1e-4)


def test_a_step_is_finite_or_not(start, after, videos):
    assert bool(after[1].finite)
    broken = eqx.tree_at(lambda s: s.model.decoder.kernel, start, replace_fn=lambda a: a * jnp.nan)
    _, record = step(broken, videos, CONFIG)
    assert not bool(record.finite)


def test_the_gradient_norm_is_that_before_clipping(after):
    assert after[1].gradient_norm > 100 * CONFIG.clip_norm


def test_frames_that_are_floats_are_taken_as_they_are(start, after, videos):
    scaled, _ = step(start, videos.astype(float) / 255, CONFIG)
    for one, other in zip(weights(scaled), weights(after[0]), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)


def test_times_and_actions_reach_the_loss(videos):
    start = init_train_state(plain(CLOCK, kind="conditioned"), CONFIG)
    levels = start.model.hierarchy
    known = stacked(
        [conditioning(levels, CONFIG.frames, seed=row) for row in range(CONFIG.batch_size)]
    )
    _, record = step(start, videos, CONFIG, known)
    keys = jr.split(jr.fold_in(jr.key(CONFIG.seed), 0), CONFIG.batch_size)
    noise = jax.vmap(lambda key: levels.noise(CONFIG.frames, key=key))(keys)
    expected = loss_of(start.model, videos.astype(float) / 255, noise, known)
    np.testing.assert_allclose(record.loss.total, expected.total, rtol=1e-5)


# Schedules of the KL.

# So many free nats that every part of every tick counts as its share: 3 ticks of 1 frame, 2 of 2.
FREE = 1e4 * (3 * 1 + 2 * 2) / CONFIG.frames
SCHEDULED = dataclasses.replace(
    CONFIG, beta=2.0, beta_start=1.0, beta_steps=4, tick_free_nats=1e4, free_nats_steps=4
)


@pytest.mark.parametrize(("number", "expected"), [(0, 1), (2, 1.5), (4, 2), (6, 2 * 0.5)])
def test_a_step_has_the_beta_and_the_free_nats_of_its_number(start, videos, number, expected):
    _, record = step(at_step(start, number), videos, SCHEDULED)
    np.testing.assert_allclose(record.loss.penalty, expected * FREE, rtol=1e-5)


def test_after_its_schedules_a_step_has_the_plain_kl(start, videos):
    _, record = step(at_step(start, 8), videos, SCHEDULED)
    np.testing.assert_allclose(record.loss.penalty, 2 * record.loss.kl.sum(), rtol=1e-5)


def test_a_schedule_is_in_no_state_and_another_one_is_heeded(start, videos):
    state = init_train_state(start.model, SCHEDULED)
    assert jax.tree.structure(state) == jax.tree.structure(start)
    _, record = step(at_step(state, 2), videos, dataclasses.replace(SCHEDULED, beta_steps=2))
    np.testing.assert_allclose(record.loss.penalty, 2 * FREE, rtol=1e-5)


@pytest.mark.parametrize("change", [lambda v: v.ravel(), lambda v: v.astype("int32")])
def test_an_array_that_is_no_batch_of_videos_is_an_error_by_name(start, videos, change):
    with pytest.raises(TypeCheckError, match="parameter 'videos'"):
        train_step(start, change(videos), CONFIG)


def test_batches_of_numpy_are_taken(start, videos, after):
    for batch in (np.asarray(videos), np.asarray(videos, dtype="float64") / 255):
        state, record = step(start, batch, CONFIG)
        np.testing.assert_allclose(record.loss.total, after[1].loss.total, rtol=1e-6)
        for one, other in zip(weights(state), weights(after[0]), strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)


# The optimiser.


def moves(before, after) -> np.ndarray:
    """Return how far every weight moved."""
    pairs = zip(weights(before), weights(after), strict=True)
    return np.concatenate([np.ravel(b - a) for a, b in pairs])


@pytest.mark.parametrize("rate", [3e-7, 0.3])
def test_another_learning_rate_is_heeded_by_a_state_that_exists(after, videos, rate):
    def moved(config):
        return moves(after[0], step(after[0], videos, config)[0])

    expected = moved(CONFIG) * rate / CONFIG.learning_rate
    ours = moved(dataclasses.replace(CONFIG, learning_rate=rate))
    # What is left of a small move where it is added to a weight of about 1.
    np.testing.assert_allclose(ours, expected, rtol=1e-3, atol=2e-7)


def test_a_decay_may_be_switched_on_later(after, videos):
    config = dataclasses.replace(CONFIG, steps=1, decay=1.0)
    assert not np.any(moves(after[0], step(after[0], videos, config)[0]))


@pytest.mark.parametrize("change", [{"epsilon": 10.0}, {"clip_norm": 1e-9}, {"warmup": 50}])
def test_other_options_are_heeded_too(after, videos, change):
    usual, other = (
        np.max(np.abs(moves(after[0], step(after[0], videos, config)[0])))
        for config in (CONFIG, dataclasses.replace(CONFIG, **change))
    )
    assert other < 0.7 * usual


def test_the_optimiser_may_be_another(start, videos, after):
    sgd = optax.sgd(0.5)
    state = init_train_state(start.model, CONFIG, optimiser=sgd)
    moved, record = step(state, videos, CONFIG, optimiser=sgd)
    assert float(record.loss.total) == pytest.approx(float(after[1].loss.total), rel=1e-6)
    length = np.linalg.norm(moves(state, moved))
    assert length == pytest.approx(0.5 * float(record.gradient_norm), rel=1e-4)
    assert int(moved.step) == 1


def test_an_optimiser_of_optax_learns_in_place(start, videos):
    adamw = optax.adamw(1e-2)
    state = init_train_state(start.model, CONFIG, optimiser=adamw)
    losses = []
    for _ in range(10):
        state, record = train_in_place(videos, state, CONFIG, optimiser=adamw)
        losses.append(float(record.loss.total))
    assert np.mean(losses[-3:]) < losses[0] - 0.1 * abs(losses[0])


def test_the_state_of_another_optimiser_is_an_error(start, videos):
    with pytest.raises(ValueError, match="give init_train_state and train_step the same optimiser"):
        train_step(start, videos, CONFIG, optimiser=optax.sgd(0.1, momentum=0.9))


def test_the_decay_goes_on_with_the_state(start, videos):
    config = dataclasses.replace(CONFIG, steps=3, decay=1.0)
    state = init_train_state(start.model, config)
    lengths = []
    for _ in range(4):
        before, (state, _) = state, step(state, videos, config)
        lengths.append(np.max(np.abs(moves(before, state))))
    assert lengths[0] > lengths[2] > lengths[3] == 0


def test_in_place_is_the_same_step_and_uses_the_state_up(videos):
    # In float64: two programs may add up in another order, of which float32 shows the rounding.
    with jax.enable_x64(True):
        spent = init_train_state(plain(CLOCK), CONFIG)
        after = step(spent, videos, CONFIG)
        ours = train_in_place(videos, spent, CONFIG)
        for one, other in zip(jax.tree.leaves(ours), jax.tree.leaves(after), strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-6)
    assert all(weight.is_deleted() for weight in weights(spent))
    assert not videos.is_deleted()


def test_a_batch_in_parts_takes_the_step_of_the_whole_batch(videos):
    # With a likelihood and free nats that depend on the means over the whole batch.
    config = dataclasses.replace(CONFIG, free_nats=0.5, tick_free_nats=0.1, hide=0.3)
    model = dataclasses.replace(plain(CLOCK), likelihood=CalibratedNormal(0.4, warmup=0))
    start = init_train_state(model, config)
    whole, parts = (
        step(start, videos, dataclasses.replace(config, accumulate=number)) for number in (1, 2)
    )
    for ours, theirs in zip(jax.tree.leaves(parts), jax.tree.leaves(whole), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-6)


def test_arrays_that_a_model_uses_twice_or_shares_can_be_trained_in_place(videos):
    arrays, rest = eqx.partition(plain(CLOCK), eqx.is_inexact_array)
    leaves, structure = jax.tree.flatten(arrays)
    by_shape: dict = {}
    twice = [by_shape.setdefault(leaf.shape, leaf) for leaf in leaves]
    assert len({id(leaf) for leaf in twice}) < len(leaves)
    model = eqx.combine(jax.tree.unflatten(structure, twice), rest)
    for _ in range(2):  # the second state from the same arrays as the first
        train_in_place(videos, init_train_state(model, CONFIG), CONFIG)
    assert not any(leaf.is_deleted() for leaf in twice)


class TestBfloat16:
    """A step whose encoder and decoder compute with few bits."""

    MODEL = made(build, TINY)
    VIDEOS = np.random.default_rng(0).random((2, 4, 32, 32, 1), dtype=np.float32)
    CONFIG = TrainConfig(batch_size=2, frames=4, learning_rate=1e-2, clip_norm=1e9)

    def result(self, precision):
        config = dataclasses.replace(self.CONFIG, compute_dtype=precision)
        state = init_train_state(self.MODEL, config)
        return step(state, jnp.asarray(self.VIDEOS), config)

    def test_it_is_nearly_that_of_float32_and_leaves_float32_weights(self):
        (exact, ours), (rough, theirs) = map(self.result, ("float32", "bfloat16"))
        assert float(theirs.loss.total) == pytest.approx(float(ours.loss.total), rel=1e-3)
        assert float(theirs.loss.total) != float(ours.loss.total)
        assert float(theirs.gradient_norm) == pytest.approx(float(ours.gradient_norm), rel=2e-2)
        assert all(weight.dtype == jnp.float32 for weight in weights(rough))
        assert jax.tree.structure(rough.model) == jax.tree.structure(exact.model)

    @pytest.mark.parametrize("precision", ["int8", "bf16", ""])
    def test_another_type_is_an_error(self, precision):
        with pytest.raises(ValueError, match=f"float32 or bfloat16, got '{precision}'"):
            dataclasses.replace(self.CONFIG, compute_dtype=precision)
