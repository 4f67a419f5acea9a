"""A run from Python: what `cwvae train` made, loaded."""

import dataclasses
import json
import shutil
from pathlib import Path

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest

from cwvae.training.build import build
from cwvae.training.checkpoint import Checkpoints
from cwvae.training.named_arrays import named_arrays
from cwvae.training.presets import PRESETS
from cwvae.training.run import checkpoint_folder, load_run, model_shapes, trained_steps
from cwvae.training.settings import Settings, read_settings, write_settings
from cwvae.training.step import init_train_state

FIRST = Path(__file__).with_name("version_0_1")
DEBUG = PRESETS["debug"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A run with two checkpoints of different weights."""
    made = tmp_path_factory.mktemp("run")
    parts = {part: getattr(DEBUG, part) for part in ("model", "train", "data")}
    write_settings(made, Settings(preset="debug", **parts, context=4, horizon=8))
    with Checkpoints(checkpoint_folder(made)) as checkpoints:
        for step in (3, 5):
            checkpoints.save(state(step), {"next_index": step})
    return made


def state(step: int):
    fresh = init_train_state(build(DEBUG.model, key=jr.key(step)), DEBUG.train)
    return eqx.tree_at(lambda s: s.step, fresh, jnp.asarray(step, "int32"))


def same(first, second) -> bool:
    arrays = (jax.tree.leaves(eqx.filter(tree, eqx.is_array)) for tree in (first, second))
    return all(np.array_equal(x, y) for x, y in zip(*arrays, strict=True))


@pytest.mark.parametrize("step", [None, 3, 5])
def test_a_run_is_loaded_at_a_step(step, folder):
    run = load_run(str(folder), step=step)
    expected = state(step or 5)
    assert run.step == (step or 5)
    assert run.settings == read_settings(folder)
    assert same(run.model, expected.model)
    assert same(run.state, expected)
    assert run.state is run.state


def test_the_model_of_a_run_is_the_average_and_its_state_has_the_weights(tmp_path):
    train = dataclasses.replace(DEBUG.train, average=0.9)
    settings = Settings(
        preset="debug", model=DEBUG.model, train=train, data=DEBUG.data, context=4, horizon=8
    )
    write_settings(tmp_path, settings)
    expected = dataclasses.replace(state(3), average=state(5).model)
    with Checkpoints(checkpoint_folder(tmp_path)) as checkpoints:
        checkpoints.save(expected, {"next_index": 3})
    run = load_run(tmp_path)
    assert same(run.model, state(5).model)
    assert same(run.state.model, state(3).model)
    assert same(run.state, expected)


def test_a_step_that_is_not_there_is_named_with_those_that_are(folder):
    with pytest.raises(
        FileNotFoundError, match=r"no checkpoint of step 4 in .*of 3, 5; choose one"
    ):
        load_run(folder, step=4)


def test_steps_are_counted_by_the_latest_checkpoint(folder, tmp_path):
    assert trained_steps(folder) == 5
    assert trained_steps(tmp_path) == 0
    assert list(tmp_path.iterdir()) == []


def test_a_run_without_a_checkpoint_is_named(folder, tmp_path):
    shutil.copy(folder / "config.json", tmp_path)
    with pytest.raises(FileNotFoundError, match="has no checkpoint yet; train it longer"):
        load_run(tmp_path)


def test_the_shapes_of_a_model_are_those_of_its_weights(folder):
    run = load_run(folder)
    shapes = eqx.filter(model_shapes(run.settings), lambda x: hasattr(x, "shape"))
    weights = eqx.filter(run.model, eqx.is_array)
    assert [x.shape for x in jax.tree.leaves(shapes)] == [x.shape for x in jax.tree.leaves(weights)]


def test_the_optimiser_of_version_0_1_is_left_out_and_its_weights_are_named_as_now(tmp_path):
    shutil.copy(FIRST / "config.json", tmp_path)
    ours = named_arrays(model_shapes(read_settings(tmp_path)), "model.")
    theirs = json.loads((FIRST / "arrays.json").read_text())
    assert {name: list(array.shape) for name, array in ours.items()} == theirs
