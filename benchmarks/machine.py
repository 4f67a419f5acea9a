"""What a machine has used at most: of its memory, and what its GPU ran."""

import collections
import contextlib
import ctypes
import gc
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import jax

from cwvae import provenance

CLEAR = Path("/proc/self/clear_refs")


@contextlib.contextmanager
def peaks() -> Iterator[dict[str, int | None]]:
    """Give a dictionary that holds, after the block, the most memory in use during it, in bytes.

    The process's is None where the system has no count, the device's where it was higher before.
    """
    # What is free goes back to the system, which would else count what earlier cases used.
    gc.collect()
    if sys.platform == "linux":
        getattr(ctypes.CDLL(None), "malloc_trim", int)(0)  # glibc's
    before, found, reset = counted().get("peak_bytes_in_use", 0), {}, False
    with contextlib.suppress(OSError):
        CLEAR.write_text("5")  # resets Linux's high-water mark
        reset = True
    yield found
    peak = counted().get("peak_bytes_in_use", 0)
    found["peak_rss"] = provenance.peak_memory() if reset else None
    found["device_peak"] = peak if peak > before else None


def free_memory() -> int:
    """Return how many bytes of memory computations on the first device may still use."""
    known = counted()
    return known["bytes_limit"] - known["bytes_in_use"] if known else provenance.free_memory()


def counted() -> dict[str, int]:
    """Return what the first device counts of its own memory; a CPU counts nothing."""
    return jax.devices()[0].memory_stats() or {}


def profile(call: Callable[[], Any]) -> dict[str, Any]:
    """Return what a GPU did in a call, or nothing if a profile of it shows no kernels."""
    with tempfile.TemporaryDirectory() as folder:
        with jax.profiler.trace(folder):
            jax.block_until_ready(call())
        files = map(str, Path(folder).rglob("*.xplane.pb"))
        profiles = map(jax.profiler.ProfileData.from_file, files)
        return summary([one for profile in profiles for one in kernels_in(profile.planes)])


def kernels_in(planes: Iterable[Any]) -> list[Any]:
    """Return the kernels and copies on all streams of all GPUs of a profile.

    A device's plane has a line for each of its streams; its other lines hold the same once more.
    A graph of kernels that is launched as one counts as what the profiler shows of it.
    """
    return [
        event
        for plane in planes
        if plane.name.startswith("/device:GPU")
        for line in plane.lines
        if line.name.startswith("Stream")
        for event in line.events
    ]


def summary(kernels: Sequence[Any], most: int = 5) -> dict[str, Any]:
    """Count kernels; add the share of the time in which one ran, and those that ran longest."""
    if not kernels:
        return {}
    taken, count = collections.Counter[str](), collections.Counter[str]()
    for kernel in kernels:
        taken[kernel.name] += kernel.duration_ns
        count[kernel.name] += 1
    spans = sorted((kernel.start_ns, kernel.start_ns + kernel.duration_ns) for kernel in kernels)
    first, last, busy = spans[0][0], spans[0][0], 0
    for start, end in spans:  # Streams overlap.
        busy += max(end - max(start, last), 0)
        last = max(last, end)
    whole = max(sum(taken.values()), 1)
    return {
        "kernels": len(kernels),
        "busy_share": busy / max(last - first, 1),
        "longest": [
            {"kernel": name, "share": nanoseconds / whole, "count": count[name]}
            for name, nanoseconds in taken.most_common(most)
        ],
    }
