"""What several processes agree on; that several do is tested in tests/cli/test_distributed.py."""

import jax
import numpy as np
import pytest
from jax.experimental import multihost_utils

from cwvae.training import devices
from cwvae.training.processes import Agreement, check_alike, gathered, is_first, wait


def test_a_process_alone_is_the_first_and_agrees_with_itself_at_once():
    agreement = Agreement(devices.batch_mesh(1))
    assert is_first()
    assert [agreement.reached(wanted) for wanted in (False, True, False)] == [False, True, False]
    check_alike("anything")
    wait("here")
    np.testing.assert_array_equal(gathered(jax.numpy.arange(3)), [0, 1, 2])


def test_processes_that_train_something_else_are_an_error_that_names_one(monkeypatch):
    monkeypatch.setattr(jax, "process_count", lambda: 3)
    for changed in (1, 2, None):

        def rows(row: np.ndarray, changed: int | None = changed) -> np.ndarray:
            return np.stack([row + (number == changed) for number in range(3)])

        monkeypatch.setattr(multihost_utils, "process_allgather", rows)
        if changed is None:
            check_alike("the same")
            continue
        with pytest.raises(ValueError, match=f"in process {changed} than in process 0; start all"):
            check_alike("others")


def test_processes_with_other_numbers_of_devices_share_what_all_have(monkeypatch):
    (device,) = jax.local_devices()[:1]
    of_each = [[device] * 2, [device] * 3]
    monkeypatch.setattr(jax, "process_count", lambda: 2)
    monkeypatch.setattr(jax, "local_devices", lambda process_index: of_each[process_index])
    with pytest.raises(ValueError, match="as many devices to share batches evenly, got 2, 3; give"):
        devices.batch_mesh()
    with pytest.raises(ValueError, match="devices must be from 1 to 2"):
        devices.batch_mesh(3)
