"""Several devices in one process: the numbers of one, wherever training goes on, and clear errors.

One process with four virtual devices does all of it, since starting and compiling takes the time.
"""

import json
import subprocess
import sys
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import pytest
from models import plain

from cwvae.clock import Clock
from cwvae.training import devices
from cwvae.training.config import TrainConfig
from cwvae.training.step import init_train_state, train_in_place

STEPS = 20
SCRIPT = f"""
import json, tempfile
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
import jax
jax.config.update("jax_num_cpu_devices", 4)
jax.config.update("jax_disable_most_optimizations", True)
import equinox as eqx
import jax.random as jr
import numpy as np
from models import plain
from cwvae.cli import measure
from cwvae.clock import Clock
from cwvae.training import devices
from cwvae.training.checkpoint import Checkpoints
from cwvae.training.config import TrainConfig
from cwvae.training.step import init_train_state, train_in_place
from cwvae.video_model import AbstractVideoModel, PlainLoss

CONFIG = TrainConfig(
    batch_size=4, frames=4, learning_rate=1e-3, free_nats=0.5, average=0.9, pieces=99, hide=0.2
)
VIDEOS = np.random.default_rng(0).integers(0, 256, ({STEPS}, 4, 4, 1, 2, 1), np.uint8)


def go_on(state, mesh, start=0, stop={STEPS}):
    state, losses = devices.shard_state(state, mesh), []
    for number in range(start, stop):
        videos = devices.shard_batch(VIDEOS[number], mesh)
        state, record = train_in_place(videos, state, CONFIG)
        losses.append(float(record.loss.total))
    return state, losses


def difference(*states):
    arrays = [jax.tree.leaves(eqx.filter(state, eqx.is_inexact_array)) for state in states]
    pairs = [map(np.asarray, pair) for pair in zip(*arrays, strict=True)]
    return max(float(np.max(np.abs(a - b)) / np.max(np.abs(a))) for a, b in pairs if np.any(a))


def start():
    # In the middle of videos, so that all steps are one program.
    state = init_train_state(plain(Clock(2, 2)), CONFIG)
    return replace(state, past=state.model.first_past(4))


class Sharing(AbstractVideoModel):
    # Forecasts depend on the videos beside them, and on the key.
    shift: jax.Array
    forecast_batch = 2

    def loss(self, videos, inputs, *, key):
        return PlainLoss(self.shift)

    def forecasts(self, contexts, horizon, *, keys, samples=1):
        frames = (contexts.mean(0) + self.shift)[-1]
        shape = samples, horizon, *frames.shape
        return jax.vmap(lambda key: frames + jr.normal(key, shape))(keys)


def futures(mesh):
    settings = SimpleNamespace(train=SimpleNamespace(frames=4), context=2, horizon=3)
    source = [{{"video": video}} for video in VIDEOS[:2].reshape(-1, *VIDEOS.shape[2:])[:5]]
    model = Sharing(jax.numpy.ones(()))
    made = list(measure._each_made(model, settings, source, 5, 2, 0, mesh))
    assert all(np.array_equal(made[n][0]["video"], source[n]["video"]) for n in range(5))
    return np.stack([each.futures for _, _, each in made])


meshes = {{number: devices.batch_mesh(number) for number in (1, 2, 4)}}
found = {{"devices": devices.batch_mesh().size}}
found["float32"] = difference(*(go_on(start(), meshes[n])[0] for n in (1, 4)))
jax.config.update("jax_enable_x64", True)
whole, losses = go_on(start(), meshes[1])
for number in (2, 4):
    state, same = go_on(start(), meshes[number])
    found[f"float64 on {{number}}"] = max(
        difference(whole, state), float(np.max(np.abs(np.subtract(same, losses))))
    )
    placed = [a.sharding.is_fully_replicated for a in jax.tree.leaves(eqx.filter(
        (state.model, state.optimiser_state, state.average), eqx.is_array))]
    found[f"replicated on {{number}}"] = all(placed)
with tempfile.TemporaryDirectory() as folder, Checkpoints(Path(folder)) as saved:
    half, _ = go_on(start(), meshes[2], stop=10)
    found["past is sharded"] = not jax.tree.leaves(half.past)[0].sharding.is_fully_replicated
    saved.save(half, {{}})
    for number in (1, 4):
        restored, _ = saved.load(jax.eval_shape(lambda: half))
        state, _ = go_on(restored, meshes[number], start=10)
        found[f"resumed on {{number}}"] = difference(whole, state)
evaluated = [futures(mesh) for mesh in meshes.values()]
found["evaluated"] = [
    len(evaluated[0]), *(float(np.max(np.abs(one - evaluated[0]))) for one in evaluated)
]
alone = devices.on_first(devices.replicate(whole.model, meshes[4]))
arrays = jax.tree.leaves(eqx.filter(alone, eqx.is_array))
found["on the first"] = all(array.devices() == {{jax.devices()[0]}} for array in arrays)
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def found() -> dict:
    """What a process with four devices found."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        cwd=Path(__file__).parents[1],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_twenty_steps_on_two_and_four_devices_are_those_of_one(found):
    assert found["devices"] == 4
    assert found["float32"] < 1e-5
    assert found["float64 on 2"] < 1e-12
    assert found["float64 on 4"] < 1e-12


def test_weights_are_on_every_device_and_what_videos_left_is_shared_out(found):
    assert found["replicated on 2"]
    assert found["replicated on 4"]
    assert found["past is sharded"]


def test_what_two_devices_saved_goes_on_with_one_and_with_four(found):
    assert found["resumed on 1"] < 1e-12
    assert found["resumed on 4"] < 1e-12


def test_an_evaluation_forecasts_the_same_on_two_and_four_devices(found):
    assert found["evaluated"] == [5, 0, 0, 0]


def test_a_model_can_go_on_on_the_first_device_alone(found):
    assert found["on the first"]


def test_one_device_runs_the_very_program_that_runs_without_a_mesh():
    config = TrainConfig(batch_size=2, frames=2, steps=1)
    videos = np.zeros((2, 2, 1, 2, 1), np.uint8)
    state, mesh = init_train_state(plain(Clock(1, 1)), config), devices.batch_mesh(1)
    plainly = train_in_place.lower(jnp.asarray(videos), state, config)
    placed = devices.shard_batch(videos, mesh), devices.shard_state(state, mesh)
    assert train_in_place.lower(*placed, config).as_text() == plainly.as_text()


@pytest.mark.parametrize(
    ("size", "count", "message"),
    [
        (50, 8, r"the 8 devices that share it, got 50; use a batch size of 48 or 56, or 5 of the"),
        (3, 4, "the 4 devices that share it, got 3; use a batch size of 4, or 3 of the devices"),
        (7, 2, "got 7; use a batch size of 6 or 8, or 1 of the devices"),
    ],
)
def test_a_batch_that_devices_cannot_share_raises_with_those_that_they_can(size, count, message):
    with pytest.raises(ValueError, match=message):
        devices.check_batch(size, count)


@pytest.mark.parametrize("size", [0, 4, 8])
def test_a_batch_that_devices_can_share_is_one(size):
    devices.check_batch(size, 4)


@pytest.mark.parametrize("count", [0, -1, 99])
def test_more_devices_than_there_are_raise(count):
    with pytest.raises(ValueError, match=rf"devices must be from 1 to \d+, .* got {count}; give"):
        devices.batch_mesh(count)
