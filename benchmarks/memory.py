"""How much memory a case has used at most, and how much is free."""

import ctypes
import gc
import sys
from pathlib import Path

import jax

from cwvae import provenance

_CLEAR = Path("/proc/self/clear_refs")


class Watch:
    """Watch the highest use of memory from now on."""

    def __init__(self) -> None:
        """Forget what was used before, and give to the system what is free.

        The system would else count what earlier cases used.
        """
        gc.collect()
        if sys.platform == "linux":
            getattr(ctypes.CDLL(None), "malloc_trim", int)(0)  # glibc's
        self._device = _stats().get("peak_bytes_in_use", 0)
        try:
            _CLEAR.write_text("5")  # resets Linux's high-water mark
            self._reset = True
        except OSError:
            self._reset = False

    def peaks(self) -> dict[str, int | None]:
        """Return the highest use of the process's and of the device's memory since, in bytes.

        None where the system has no count, and for a device that was in higher use before.
        """
        peak = _stats().get("peak_bytes_in_use", 0)
        return {
            "peak_rss": provenance.peak_memory() if self._reset else None,
            "device_peak": peak if peak > self._device else None,
        }


def total() -> int:
    """Return the bytes of memory that computations on the first device may use."""
    return _stats().get("bytes_limit") or provenance.memory()


def free() -> int:
    """Return how many of these bytes are free."""
    stats = _stats()
    if "bytes_limit" in stats:
        return stats["bytes_limit"] - stats["bytes_in_use"]
    return provenance.free_memory()


def _stats() -> dict[str, int]:
    """Return what the first device counts of its own memory; a CPU counts nothing."""
    return jax.devices()[0].memory_stats() or {}
