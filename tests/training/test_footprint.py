"""What a training step takes, counted before anything is made."""

import dataclasses

import equinox as eqx
import jax
import jax.random as jr
import pytest
from models import TINY, made

from cwvae.training.build import build
from cwvae.training.config import TrainConfig
from cwvae.training.footprint import memory_of_training, parameters
from cwvae.training.presets import PRESETS
from cwvae.training.step import init_train_state


def shapes(config):
    return eqx.filter_eval_shape(build, config, key=jr.key(0))


def memory(model, batch: int = 1, frames: int = 1) -> int:
    return memory_of_training(shapes(model), TrainConfig(batch_size=batch, frames=frames), model)


def test_a_model_and_its_shapes_have_as_many_parameters():
    model = made(build, TINY)
    arrays = jax.tree.leaves(eqx.filter(model, eqx.is_array))
    assert parameters(model) == parameters(shapes(TINY)) == sum(a.size for a in arrays)


def test_state_videos_and_gradients_are_counted_to_the_byte():
    sizes = dataclasses.replace(TINY, hidden_size=1000)  # whose gradient is more than all frames
    model, config = shapes(sizes), TrainConfig(batch_size=1, frames=1)
    state = jax.tree.leaves(eqx.filter_eval_shape(init_train_state, model, config))
    state = sum(a.size * a.dtype.itemsize for a in state if hasattr(a, "dtype"))
    assert memory(sizes) == state + 32**2 * sizes.channels + 2 * 4 * parameters(model)


# Arguments and temporary memory in MB, by the memory analysis of XLA (jax 0.10.2, 2 CPU cores).
PLANNED = {
    ("debug", 1, 8): 0.956,
    ("demo", 1, 100): 13.3,
    ("demo", 2, 100): 17.2,
    ("demo", 4, 100): 23.7,
    ("demo", 8, 100): 33.3,
    ("moving_mnist", 1, 100): 256,
    ("moving_mnist", 8, 100): 347,
    ("moving_mnist", 8, 1000): 1872,
    ("moving_mnist", 50, 100): 1750,
    ("minerl", 1, 100): 675,
    ("minerl", 8, 100): 782,
}


@pytest.mark.parametrize(("preset", "batch", "frames"), PLANNED)
def test_the_count_is_near_what_was_planned_on_a_cpu(preset, batch, frames):
    ratio = PLANNED[preset, batch, frames] * 1e6 / memory(PRESETS[preset].model, batch, frames)
    assert 0.7 < ratio < 1.5


@pytest.mark.parametrize("lookahead", [True, False])
def test_what_a_piece_leaves_to_the_next_is_counted_to_the_byte(lookahead):
    sizes = dataclasses.replace(TINY, lookahead=lookahead)
    whole = TrainConfig(batch_size=3, frames=2)
    counted = [
        memory_of_training(shapes(sizes), config, sizes)
        for config in (whole, dataclasses.replace(whole, pieces=2))
    ]
    cells = shapes(sizes).hierarchy.cells
    numbers = sum(cell.stoch_size + cell.deter_size + 1 for cell in cells)
    if not lookahead:
        numbers += sum(cell.feature_size for cell in cells)
    assert counted[1] - counted[0] == 3 * 4 * numbers


def test_frames_add_up():
    sizes = (1, 2), (2, 2), (2, 4)
    one, two, four = (memory(TINY, batch, frames) for batch, frames in sizes)
    assert four - two == 2 * (two - one) > 0


def test_a_window_far_longer_than_the_video_counts():
    slow = dataclasses.replace(TINY, factors=100_000)
    assert memory(slow, 1, 4) > memory(TINY, 1, 4) + 4 * 16 * 99_000


@pytest.mark.parametrize("channels", [1, 3])
def test_sizes_that_no_machine_holds_are_counted_without_making_them(channels):
    huge = dataclasses.replace(PRESETS["minerl"].model, deter_size=100_000, channels=channels)
    assert memory(huge) > 1e12
