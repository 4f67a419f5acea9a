"""One pure optimisation step."""

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest
from jaxtyping import TypeCheckError
from models import plain

from cwvae.clock import Clock
from cwvae.config import TrainConfig
from cwvae.objective import loss
from cwvae.train import init_train_state, train_step

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


@pytest.mark.parametrize("change", [lambda v: v[0], lambda v: v.astype(float)])
def test_what_is_not_a_batch_of_byte_videos_is_refused_by_name(start, videos, change):
    with pytest.raises(TypeCheckError, match="parameter 'videos'"):
        train_step(start, change(videos), CONFIG)
