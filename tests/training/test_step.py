"""One pure optimisation step."""

import dataclasses

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest
from jaxtyping import TypeCheckError
from models import TINY, conditioning, made, plain, stacked

from cwvae.clock import Clock
from cwvae.objective import loss
from cwvae.training.build import build
from cwvae.training.config import TrainConfig
from cwvae.training.optimiser import make_optimiser
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


def test_a_sound_step_says_so_and_one_that_is_not_does_not(start, after, videos):
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


def test_a_step_hears_the_times_and_actions_given(videos):
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


@pytest.mark.parametrize("change", [lambda v: v.ravel(), lambda v: v.astype("int32")])
def test_what_is_not_a_batch_of_videos_is_refused_by_name(start, videos, change):
    with pytest.raises(TypeCheckError, match="parameter 'videos'"):
        train_step(start, change(videos), CONFIG)


# The learning rate. Adam's steps along a constant gradient are as long as it.


def learning_rates(config: TrainConfig, steps: int) -> list[float]:
    """Return the learning rates of the first steps."""
    gradient, lengths = jnp.ones(()), []
    with jax.numpy_dtype_promotion("standard"):
        optimiser = make_optimiser(config)
        state, update = optimiser.init(gradient), jax.jit(optimiser.update)
        for _ in range(steps):
            moved, state = update(gradient, state, gradient)
            lengths.append(-float(moved))
    return lengths


@pytest.mark.parametrize(
    ("decay", "expected"),
    [
        (0.0, [1.0] * 11),
        (0.4, [1.0] * 7 + [0.75, 0.5, 0.25, 0.0]),
        (1.0, [1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1, 0.0]),
    ],
)
def test_the_learning_rate_is_constant_and_then_falls_linearly_to_0(decay, expected):
    config = TrainConfig(steps=10, learning_rate=1e-2, epsilon=1e-9, decay=decay)
    rates = np.asarray(learning_rates(config, 11)) / config.learning_rate
    np.testing.assert_allclose(rates, expected, rtol=1e-5, atol=1e-7)


def test_a_learning_rate_that_fell_stays_at_0():
    config = TrainConfig(steps=2, decay=0.5)
    assert learning_rates(config, 5)[2:] == [0, 0, 0]


def test_the_decay_goes_on_with_the_state(start, videos):
    config = dataclasses.replace(CONFIG, steps=3, decay=1.0)
    state = init_train_state(start.model, config)
    moves = []
    for _ in range(4):
        before, (state, _) = state, step(state, videos, config)
        pairs = zip(weights(before), weights(state), strict=True)
        moves.append(max(float(np.max(np.abs(a - b), initial=0)) for a, b in pairs))
    assert moves[0] > moves[2] > moves[3] == 0


def test_in_place_is_the_same_step_and_uses_the_state_up(start, videos, after):
    spent = jax.tree.map(lambda leaf: jnp.copy(leaf) if eqx.is_array(leaf) else leaf, start)
    state, record = train_in_place(videos, spent, CONFIG)
    for ours, theirs in zip(jax.tree.leaves((state, record)), jax.tree.leaves(after), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-6)
    assert all(weight.is_deleted() for weight in weights(spent))
    assert not videos.is_deleted()


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
        assert rough.model.compute_dtype is exact.model.compute_dtype is None

    def test_only_what_sees_frames_computes_with_few_bits(self):
        model = dataclasses.replace(self.MODEL, compute_dtype="bfloat16")
        features = model.encode(jnp.asarray(self.VIDEOS[0]))
        assert {f.dtype for f in features} == {jnp.dtype("float32")}
        assert all(np.array_equal(f, f.astype(jnp.bfloat16)) for f in features)
        decoded = model.decode(jnp.ones((3, model.hierarchy.cells[0].output_size)))
        assert decoded.dtype == jnp.float32
        _, traces = model.infer(self.VIDEOS[0], model.hierarchy.noise(4, key=jr.key(0)))
        assert not np.array_equal(traces[0].prior.mean, traces[0].prior.mean.astype(jnp.bfloat16))

    def test_a_model_that_was_made_with_few_bits_keeps_them(self):
        rough = dataclasses.replace(self.MODEL, compute_dtype="bfloat16")
        state = init_train_state(rough, self.CONFIG)
        _, record = step(state, jnp.asarray(self.VIDEOS), self.CONFIG)
        _, expected = self.result("bfloat16")
        assert float(record.loss.total) == float(expected.loss.total)

    @pytest.mark.parametrize("precision", ["int8", "bf16", ""])
    def test_a_precision_that_is_none_is_refused(self, precision):
        with pytest.raises(ValueError, match=f"or None, got '{precision}'"):
            dataclasses.replace(self.MODEL, compute_dtype=precision)
        with pytest.raises(ValueError, match=f"float32 or bfloat16, got {precision}"):
            dataclasses.replace(self.CONFIG, compute_dtype=precision)
