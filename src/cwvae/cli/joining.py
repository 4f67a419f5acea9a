"""`--distributed`: one process of several, from its start to its end, whichever way it ends."""

import contextlib
import os
import socket
from collections.abc import Iterator, Mapping
from typing import Any

import jax
import numpy as np
from jax.experimental import multihost_utils

from cwvae.cli.companions import companions, end_at_once
from cwvae.cli.lines import in_one_line
from cwvae.cli.statuses import status_of

__all__ = ["joined", "joining_options"]

# Seconds: for all processes to start, and until one that has died is missed.
_START, _HEARTBEAT = 300, 30
_SLURM = ("SLURM_JOB_ID", "SLURM_STEP_NODELIST", "SLURM_NTASKS", "SLURM_PROCID", "SLURM_LOCALID")
_OMPI = ("OMPI_MCA_orte_hnp_uri", "OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_RANK")
_OMPI += ("OMPI_COMM_WORLD_LOCAL_RANK",)
_HOST = 256  # bytes of the name of a machine


@contextlib.contextmanager
def joined(distributed: str) -> Iterator[None]:
    """Be one of the processes that train together, if there are several.

    **Arguments:** `distributed`, the value of the option.

    Raises `ValueError` for a value that is none, and for processes that do not find each other. Of
    several processes one that fails prints its line and ends at once, and with it the others.
    """
    options = joining_options(distributed, os.environ)
    if options is None:
        yield
        return
    try:
        jax.distributed.initialize(
            **options,
            initialization_timeout=_START,
            heartbeat_timeout_seconds=_HEARTBEAT,
            shutdown_timeout_seconds=_HEARTBEAT,
        )
    except RuntimeError as error:
        raise ValueError(
            f"--distributed {distributed}: the processes do not find each other ({error}); start "
            "all of them, with the address of the first"
        ) from error
    # Where a cluster was recognised, its first process knows best what its machine is called.
    host = options.get("coordinator_address", "").rpartition(":")[0]
    try:
        with companions(host or _host_of_first()):
            yield
    except Exception as error:
        end_at_once(_in_words(error), status_of(error))
    jax.distributed.shutdown()


def joining_options(distributed: str, environment: Mapping[str, str]) -> dict[str, Any] | None:
    """Return what `jax.distributed.initialize` is given, None for a process alone.

    **Arguments:** `distributed`, "off", "auto", or ADDRESS,N,ID: host:port of the first process,
    how many there are, and the number of this one; `environment`, in which SLURM and Open MPI are
    recognised, where all of their variables are there and there is more than one process.
    """
    if distributed == "off":
        return None
    if distributed != "auto":
        return _explicit(distributed)
    if _complete(environment, _SLURM, "SLURM_NTASKS"):
        return {"cluster_detection_method": "slurm", **_local_devices(environment)}
    if _complete(environment, _OMPI, "OMPI_COMM_WORLD_SIZE"):
        return {"cluster_detection_method": "ompi"}
    return None


def _explicit(distributed: str) -> dict[str, Any]:
    """Read ADDRESS,N,ID, or raise `ValueError`."""
    address, *numbers = distributed.split(",")
    host, _, port = address.rpartition(":")
    if host and port.isdecimal() and len(numbers) == 2 and all(n.isdecimal() for n in numbers):
        count, number = map(int, numbers)
        if number < count:
            found = {"coordinator_address": address, "num_processes": count, "process_id": number}
            return {**found, "cluster_detection_method": "deactivate"}
    raise ValueError(
        "--distributed must be auto, off, or ADDRESS,N,ID: host:port of the first process, how "
        f"many there are, and the number of this one, from 0; got {distributed}"
    )


def _complete(environment: Mapping[str, str], names: tuple[str, ...], count: str) -> bool:
    """Return whether all variables of a cluster are there, with more than one process.

    Shells and editors inside an allocation have some of them.
    """
    return all(name in environment for name in names) and int(environment[count]) > 1


def _local_devices(environment: Mapping[str, str]) -> dict[str, Any]:
    """Return which GPUs a process of SLURM has, where that is not the one of its own number.

    JAX takes GPU i of all that are visible for process i of a machine. One process for a machine
    takes all, and where SLURM shows each process its own GPU alone, that is number 0.
    """
    visible = [name for name in environment.get("CUDA_VISIBLE_DEVICES", "").split(",") if name]
    alone = environment["SLURM_NTASKS"] == environment.get("SLURM_STEP_NUM_NODES")
    if alone and visible:
        return {"local_device_ids": list(range(len(visible)))}
    return {"local_device_ids": [0]} if len(visible) == 1 else {}


def _host_of_first() -> str:
    """Return what the machine of the first process calls itself."""
    name = np.zeros(_HOST, np.uint8)
    own = np.frombuffer(socket.gethostname().encode(), np.uint8)[:_HOST]
    name[: len(own)] = own
    return bytes(np.asarray(multihost_utils.broadcast_one_to_all(name))).rstrip(bytes(1)).decode()


def _in_words(error: Exception) -> str:
    """Return what went wrong in a line."""
    text = in_one_line(error) or type(error).__name__
    # What JAX raises where another process is gone has no class of its own.
    if isinstance(error, jax.errors.JaxRuntimeError) and "RESOURCE_EXHAUSTED" not in text:
        return f"another process has ended or cannot be reached ({text[:200]}); see what it printed"
    return text
