"""Where, when and with what a program runs: what stands beside every result."""

import datetime
import importlib.metadata
import os
import platform
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cwvae._version import __version__

__all__ = [
    "PACKAGES",
    "cores",
    "device",
    "environment",
    "free_memory",
    "git_commit",
    "memory",
    "peak_memory",
    "processor",
    "versions",
]

# The packages that results depend on.
PACKAGES = ("cwvae", "equinox", "grain", "jax", "jaxlib", "numpy", "optax", "orbax-checkpoint")
# The folder that holds `src/cwvae`, if the package runs from its source.
_ROOT = Path(__file__).resolve().parents[2]
_PROCESSOR, _MEMORY = Path("/proc/cpuinfo"), Path("/proc/meminfo")
_STATUS = Path("/proc/self/status")
# A container's own limit (cgroup v2), which may be below the machine's.
_LIMIT, _USED = Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory.current")


def environment(
    *, packages: Sequence[str] = PACKAGES, source: str | Path = _ROOT
) -> dict[str, Any]:
    """Return where, when and with what this program runs, as plain values for JSON.

    The keys are date (UTC, to the second), command (the words of `sys.argv`), device (the first one
    of JAX), platform, python, versions, git_commit, processor, cores, and memory (bytes).

    **Arguments:**

    - `packages`: the packages whose versions are recorded, where they are installed.
    - `source`: the top of the repository whose commit is recorded.
    """
    return {
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "command": list(sys.argv),
        "device": device(),
        "platform": platform.platform(),
        "python": platform.python_version(),
        "versions": versions(packages),
        "git_commit": git_commit(source),
        "processor": processor(),
        "cores": cores(),
        "memory": memory(),
    }


def device() -> str:
    """Return JAX's first device in words: "gpu: NVIDIA H100", "cpu: Intel Xeon, 2 cores"."""
    import jax  # Here, so that the rest is known to a program that must start fast.

    first = jax.devices()[0]
    if first.platform != "cpu":
        return f"{first.platform}: {first.device_kind}"
    count = cores()
    return f"cpu: {processor()}, {count} core{'' if count == 1 else 's'}"


def versions(packages: Sequence[str]) -> dict[str, str]:
    """Return the versions of those of the packages that are installed."""
    found = {}
    for name in packages:
        try:
            # An editable installation keeps the version that it had when it was made.
            ours = name == "cwvae"
            found[name] = __version__ if ours else importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def git_commit(source: str | Path = _ROOT) -> str | None:
    """Return the commit that is checked out, with "-dirty" after it if tracked files differ.

    None without git, and where `source` is not the top of a repository that has `src/cwvae`: an
    installed package may lie inside a repository of somebody else.
    """
    source = Path(source).resolve()
    top = _git(source, "rev-parse", "--show-toplevel")
    if top is None or Path(top).resolve() != source or not (source / "src" / "cwvae").is_dir():
        return None
    return _git(source, "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*")


def processor() -> str:
    """Return the name of the processor."""
    text = _PROCESSOR.read_text() if _PROCESSOR.exists() else ""
    named = re.search(r"^model name\s*: (.+)$", text, re.MULTILINE)
    return named[1].strip() if named else platform.processor() or platform.machine()


def cores() -> int:
    """Return how many cores of the processor this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def memory() -> int:
    """Return the bytes of main memory that this process may use, its container's limit included."""
    installed = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return min(installed, _limit() or installed)


def free_memory() -> int:
    """Return how many bytes of `memory` are free; all of them where the system has no count."""
    free = _line(_MEMORY, "MemAvailable")
    if free is None:
        return memory()
    limit = _limit()
    if limit is None or not _USED.exists():
        return free
    return max(0, min(free, limit - int(_USED.read_text())))


def peak_memory() -> int:
    """Return the most bytes of main memory that this process has held at a time."""
    peak = _line(_STATUS, "VmHWM")
    if peak is not None:
        return peak
    import resource  # Here, since only Unix has it.

    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return used if sys.platform == "darwin" else 1024 * used


def _limit() -> int | None:
    """Return the bytes that the container may use, None where there is no limit."""
    text = _LIMIT.read_text().strip() if _LIMIT.exists() else "max"
    return None if text == "max" else int(text)


def _line(path: Path, name: str) -> int | None:
    """Return the bytes in the line `name` of a file of /proc, None where there is none."""
    text = path.read_text() if path.exists() else ""
    found = re.search(rf"^{name}:\s*(\d+) kB$", text, re.MULTILINE)
    return 1024 * int(found[1]) if found else None


def _git(folder: Path, *words: str) -> str | None:
    """Return what git prints, None where it fails or is not installed."""
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *words], capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        return None
    return done.stdout.strip() or None if done.returncode == 0 else None
