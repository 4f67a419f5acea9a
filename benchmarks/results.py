"""The result file: every case's record beside what it was measured with."""

import datetime
import importlib.metadata
import json
import platform
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from machine import Machine, this_machine

from cwvae.files import replacing

__all__ = ["document", "path_of", "write"]

ROOT = Path(__file__).parents[1]
FOLDER = Path(__file__).parent / "results"
PACKAGES = ("cwvae", "jax", "jaxlib", "equinox", "optax", "numpy", "grain")


def document(
    *, cases: Sequence[dict], left_out: Sequence[dict], chosen: str, command: str
) -> dict[str, Any]:
    """Return the content of a result file.

    **Arguments:** `left_out`, of each case that was, its name and why; `chosen`, the set;
    `command`, what one types to measure this again.
    """
    machine = this_machine()
    return {
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "command": command,
        "device": machine.device,
        "kind": machine.kind,
        "memory_bytes": machine.memory_bytes,
        "platform": platform.platform(),
        "python": platform.python_version(),
        "versions": {name: _version(name) for name in PACKAGES},
        "git_commit": _commit(),
        "set": chosen,
        "left_out": list(left_out),
        "cases": list(cases),
    }


def path_of(machine: Machine, wanted: Path | None) -> Path:
    """Return where to write: a file that is wanted, or <device>-<date>.json in a folder."""
    if wanted is not None and not wanted.is_dir():
        return wanted
    return (wanted or FOLDER) / f"{machine.slug}-{datetime.date.today().isoformat()}.json"


def write(path: Path, content: dict[str, Any]) -> None:
    """Write a result file, whole or not at all."""
    text = json.dumps(content, indent=1, allow_nan=False)
    with replacing(path) as partial:
        partial.write_text(text + "\n")


def _version(name: str) -> str | None:
    """Return the version of a package, None where it is not installed."""
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _commit() -> str | None:
    """Return the commit that is checked out, with "-dirty" if files of it were changed."""
    commit = _git("rev-parse", "HEAD")
    changed = _git("status", "--porcelain", "--untracked-files=no")
    return commit and commit + "-dirty" * bool(changed)


def _git(*words: str) -> str | None:
    """Return what git says, None where there is no git or no repository."""
    try:
        done = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True)
    except FileNotFoundError:
        return None
    return done.stdout.strip() if done.returncode == 0 else None
