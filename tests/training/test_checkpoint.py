import dataclasses
import functools
import json
import resource

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest
import tensorstore
from models import CELLS, plain

from cwvae.clock import Clock
from cwvae.training import named_arrays
from cwvae.training.build import build
from cwvae.training.checkpoint import Checkpoints
from cwvae.training.digests import write_digests
from cwvae.training.presets import PRESETS
from cwvae.training.step import TrainState, init_train_state

DEBUG = PRESETS["debug"]


@functools.cache
def state(seed: int, step: int = 3, **changes) -> TrainState:
    model = build(dataclasses.replace(DEBUG.model, **changes), key=jr.key(seed))
    fresh = init_train_state(model, DEBUG.train)
    return eqx.tree_at(lambda s: s.step, fresh, jnp.asarray(step))


def same(a: TrainState, b: TrainState) -> bool:
    arrays = (jax.tree.leaves(eqx.filter(state, eqx.is_array)) for state in (a, b))
    leaves = zip(*arrays, strict=True)
    alike = jax.tree.structure(a) == jax.tree.structure(b)
    return alike and all(np.array_equal(x, y) and x.dtype == y.dtype for x, y in leaves)


@pytest.fixture
def checkpoints(tmp_path):
    opened = Checkpoints(tmp_path / "checkpoints", keep=2)
    yield opened
    opened.close()


def test_loading_undoes_saving(checkpoints):
    place = {"next_index": 7, "inner": {"worker": [1, 2]}}
    checkpoints.save(state(0), place)
    loaded, data = checkpoints.load(state(1))
    assert same(loaded, state(0))
    assert not same(loaded, state(1))
    assert data == place


@pytest.mark.parametrize("kind", CELLS)
def test_saving_then_loading_is_the_identity_for_every_cell(kind, checkpoints):
    one, other = (
        TrainState(plain(Clock(2, 3), kind=kind, seed=seed), jnp.zeros(()), jnp.asarray(1))
        for seed in (0, 1)
    )
    checkpoints.save(one, {})
    loaded, _ = checkpoints.load(other)
    assert same(loaded, one)
    assert not same(loaded, other)


def test_a_folder_is_read_again_from_shapes_alone(checkpoints):
    checkpoints.save(state(0), {})
    again = Checkpoints(checkpoints.folder)
    loaded, _ = again.load(eqx.filter_eval_shape(lambda: state(1)))
    assert same(loaded, state(0))
    again.close()


def test_only_the_latest_are_kept(checkpoints):
    for step in (1, 2, 5):
        checkpoints.save(state(step, step), {})
    assert checkpoints.latest == 5
    names = {path.name for path in checkpoints.folder.iterdir()}
    assert names == {"2", "5"}
    assert same(checkpoints.load(state(0))[0], state(5, 5))


def test_without_a_checkpoint_the_folder_is_named(checkpoints):
    with pytest.raises(FileNotFoundError, match=r"no checkpoint in .*checkpoints; train first"):
        checkpoints.load(state(0))


@pytest.mark.parametrize(
    ("changes", "named"),
    [({"stoch_size": 5}, "prior_head"), ({"levels": 2}, "missing in the model")],
    ids=["another size", "another depth"],
)
def test_a_checkpoint_of_another_model_names_what_differs(checkpoints, changes, named):
    checkpoints.save(state(0), {})
    with pytest.raises(ValueError, match="does not fit the model") as error:
        checkpoints.load(state(0, **changes))
    assert named in str(error.value) or "decoder" in str(error.value)
    assert "load it with the configuration that it was made with" in str(error.value)


# The average of the weights.


@functools.cache
def averaged_state(seed: int) -> TrainState:
    """Return a state whose average is that of another seed's weights."""
    return dataclasses.replace(state(seed), average=state(seed + 10).model)


def test_an_average_is_saved_and_loaded(checkpoints):
    checkpoints.save(averaged_state(0), {})
    loaded, _ = checkpoints.load(averaged_state(1))
    assert same(loaded, averaged_state(0))


def test_the_model_of_a_checkpoint_is_the_average_where_there_is_one(checkpoints):
    checkpoints.save(averaged_state(0), {})
    model, step = checkpoints.load_model(state(1).model)
    assert step == 3
    assert same(model, averaged_state(0).average)


def test_an_average_that_is_switched_off_is_left_out(checkpoints):
    checkpoints.save(averaged_state(0), {})
    assert same(checkpoints.load(state(1))[0], state(0))


def test_an_average_that_is_switched_on_begins_with_the_weights_in_arrays_of_its_own(checkpoints):
    checkpoints.save(state(0), {})
    loaded, _ = checkpoints.load(averaged_state(1))
    assert same(loaded, dataclasses.replace(state(0), average=state(0).model))
    used_up = [leaf for leaf in jax.tree.leaves(loaded.model) if eqx.is_array(leaf)]
    for leaf in used_up:
        leaf.delete()
    assert same(loaded.average, state(0).model)


def test_a_damaged_average_is_no_fit(checkpoints):
    broken = eqx.tree_at(lambda s: s.average.decoder.dense.bias, averaged_state(0), jnp.zeros(1))
    checkpoints.save(broken, {})
    with pytest.raises(ValueError, match=r"does not fit the model: average\.decoder\.dense\.bias"):
        checkpoints.load(averaged_state(1))


# What Orbax leaves of a save that failed ends by itself, and is noticed when it is collected.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_file_that_cannot_grow_is_one_error_and_the_checkpoint_before_stays(checkpoints):
    checkpoints.save(state(0), {})
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2000, hard))
    try:
        with pytest.raises(OSError, match=r"4 could not be written: .*too large") as full:
            checkpoints.save(state(0, step=4), {})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert "\n" not in str(full.value)
    loaded, _ = checkpoints.load(state(1), step=3)
    assert same(loaded, state(0))


def test_parts_larger_than_their_array_are_damage_before_they_are_unpacked(checkpoints):
    checkpoints.save(state(0), {})
    folder = checkpoints.folder / "3" / "state"
    store = tensorstore.KvStore.open({"driver": "ocdbt", "base": f"file://{folder}/"}).result()
    place = "model.encoder.frame.convolutions[0].bias/.zarray"
    known = json.loads(store.read(place).result().value)
    store.write(place, json.dumps(known | {"chunks": [2**40]}).encode()).result()
    write_digests(folder.parent)
    with pytest.raises(ValueError, match=r"damaged \(model.encoder.*stored in parts of"):
        checkpoints.load_model(state(0).model)


@pytest.mark.parametrize("digests", [True, False])
def test_an_earlier_checkpoint_is_named_unless_it_would_unpack_to_far_more_than_its_files(
    digests, checkpoints, monkeypatch
):
    for step in (3, 4):
        checkpoints.save(state(0, step=step), {})
    if not digests:
        (checkpoints.folder / "3" / "digests.json").unlink()
    (checkpoints.folder / "4" / "state" / "_METADATA").write_text("{")
    with pytest.raises(ValueError, match="that of step 3 is whole"):
        checkpoints.load(state(1))
    monkeypatch.setattr(named_arrays, "_BESIDES", -(2**40))
    found = "that of step 3 is whole" if digests else "no earlier one is whole"
    with pytest.raises(ValueError, match=found):
        checkpoints.load(state(1))
