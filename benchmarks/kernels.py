"""How many kernels a GPU runs in a call, counted in a profile."""

import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import jax


def launched(call: Callable[[], Any]) -> int | None:
    """Profile one call; return its kernels, or None if the profile shows none."""
    with tempfile.TemporaryDirectory() as folder:
        with jax.profiler.trace(folder):
            jax.block_until_ready(call())
        files = sorted(Path(folder).rglob("*.xplane.pb"))
        profiles = [jax.profiler.ProfileData.from_file(str(path)) for path in files]
        return sum(count(profile.planes) for profile in profiles) or None


def count(planes: Iterable[Any]) -> int:
    """Count the kernels and copies on all streams of all GPUs of a profile.

    A plane has a `name` and `lines`, a line a `name` and `events`. A device's plane has a line for
    each of its streams; its other lines tell the same story again. A graph of kernels that is
    launched as one counts as what the profiler shows of it.
    """
    return sum(
        len(list(line.events))
        for plane in planes
        if plane.name.startswith("/device:GPU")
        for line in plane.lines
        if line.name.startswith("Stream")
    )
