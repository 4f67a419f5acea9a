"""How much memory the process and the device have used at most, and how much is free."""

import ctypes
import gc
import os
import sys
from pathlib import Path

import jax

__all__ = ["Watch", "free", "resident_peak", "total"]

_STATUS, _CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")
_MEMINFO = Path("/proc/meminfo")
# A container's own bound (cgroup v2), which may be below the machine's.
_BOUND, _USED = Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory.current")


class Watch:
    """Watch the highest use of memory from now on."""

    def __init__(self) -> None:
        """Forget what was used before."""
        _give_back()
        self._device = _device_peak()
        self._reset = _forget_resident_peak()

    def resident(self) -> int | None:
        """Return the highest resident memory since, None where the system cannot tell."""
        return resident_peak() if self._reset else None

    def device(self) -> int | None:
        """Return the highest use of the device's memory, None if it was higher before."""
        peak = _device_peak()
        return peak if peak is not None and peak > (self._device or 0) else None


def resident_peak() -> int | None:
    """Return the highest resident memory of this process in bytes, None where it is unknown."""
    return _bytes(_STATUS, "VmHWM") if _STATUS.exists() else None


def total() -> int:
    """Return the bytes of memory that computations on the first device may use."""
    stats = jax.devices()[0].memory_stats()
    if stats and "bytes_limit" in stats:
        return stats["bytes_limit"]
    return min(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"), _bound())


def free() -> int:
    """Return how many of these bytes are free; where the system cannot tell, all of them."""
    stats = jax.devices()[0].memory_stats()
    if stats and "bytes_limit" in stats:
        return stats["bytes_limit"] - stats["bytes_in_use"]
    if not _MEMINFO.exists():
        return total()
    used = int(_USED.read_text()) if _USED.exists() else 0
    return min(_bytes(_MEMINFO, "MemAvailable"), _bound() - used)


def _give_back() -> None:
    """Give memory that is free to the system, which else counts what earlier cases used."""
    gc.collect()
    if sys.platform == "linux":
        getattr(ctypes.CDLL(None), "malloc_trim", int)(0)  # glibc's


def _device_peak() -> int | None:
    stats = jax.devices()[0].memory_stats()
    return stats.get("peak_bytes_in_use") if stats else None


def _forget_resident_peak() -> bool:
    """Reset Linux's high-water mark; say whether that could be done."""
    try:
        _CLEAR.write_text("5")
    except OSError:
        return False
    return True


def _bound() -> int:
    """Return the container's bound in bytes, that of an address space where there is none."""
    text = _BOUND.read_text().strip() if _BOUND.exists() else "max"
    return 2**63 if text == "max" else int(text)


def _bytes(path: Path, name: str) -> int:
    """Return what a line of a file of the proc file system says, in bytes."""
    (line,) = (line for line in path.read_text().splitlines() if line.startswith(f"{name}:"))
    return 1024 * int(line.split()[1])
