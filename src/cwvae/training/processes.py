"""Training in several processes, which have to agree: on what they train, and on when they stop.

`jax.distributed.initialize` makes several processes one program: each has devices of its own and
the same code, and all wait for each other wherever numbers are exchanged. What one does alone,
such as writing a file, is for the first of them. In one process everything here is at once.
"""

import hashlib

import jax
import numpy as np
from jax.experimental import multihost_utils
from jax.sharding import Mesh
from jaxtyping import Array

from cwvae.training.devices import shard_batch

__all__ = ["Agreement", "check_alike", "gathered", "is_first", "wait"]


def is_first() -> bool:
    """Return whether this is the process that writes for all of them."""
    return jax.process_index() == 0


def wait(name: str) -> None:
    """Wait until every process is here; `name` is that of the place, in errors."""
    if jax.process_count() > 1:
        multihost_utils.sync_global_devices(name)


def check_alike(described: str) -> None:
    """Raise `ValueError` unless every process trains what this text describes.

    With unequal settings or videos they would train one model on something that nobody asked for,
    or wait for each other for ever.
    """
    if jax.process_count() == 1:
        return
    digest = np.frombuffer(hashlib.sha256(described.encode()).digest(), np.uint8)
    found = np.asarray(multihost_utils.process_allgather(digest))
    others = [number for number, row in enumerate(found) if not np.array_equal(row, found[0])]
    if others:
        raise ValueError(
            f"all processes must train with the same settings and videos, got others in process "
            f"{others[0]} than in process 0; start all with the same command, version and data"
        )


def gathered(array: Array) -> np.ndarray:
    """Return an array of which each process may have a part alone; all of them must ask for it."""
    if array.is_fully_addressable or array.is_fully_replicated:
        return np.asarray(array)
    return np.asarray(multihost_utils.process_allgather(array, tiled=True))


class Agreement:
    """Whether to stop, the same answer in every process: yes once one of them wants to.

    Of several processes the answer to a call comes in the next one, when it is there already, so
    that no device waits for it.

    **Arguments:** `mesh`, the devices of all processes.
    """

    def __init__(self, mesh: Mesh):
        """Ask nothing yet."""
        self._mesh, self._asked = mesh, None

    def reached(self, wanted: bool) -> bool:
        """Return whether any process wanted to stop; every process must ask."""
        if jax.process_count() == 1:
            return wanted
        before, rows = self._asked, self._mesh.size // jax.process_count()
        self._asked = _any(shard_batch(np.full(rows, wanted), self._mesh))
        return before is not None and bool(before)


@jax.jit
def _any(wanted: Array) -> Array:
    """Return whether any device's process wants to stop."""
    return wanted.any()
