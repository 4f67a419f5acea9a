"""The fault campaign: everything that is broken on purpose, and what came of it, as JSON.

    nox -s faults [-- PART ...]

Parts: training (100 kills and resumed runs), long (100,000 steps), writing (kills of what writes
files), places (full disks, read-only and removed folders, two processes, clocks), reading (files
with random damage). Each is put into benchmarks/results/faults.json when it is done; the exit
status is 1 when one of them found a fault.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cwvae.files import read_json, write_json
from cwvae.provenance import cores, git_commit, processor, versions
from faults.long_run import long_training
from faults.places import broken_places
from faults.starting import finish, prepare
from faults.training_kills import TRAIN, killed_trainings
from faults.writing_kills import killed_writers

RESULTS = Path(__file__).parents[1] / "results" / "faults.json"
_PACKAGES = ("cwvae", "jax", "equinox", "orbax-checkpoint", "numpy", "av", "pillow")
_READING, _KILLING = 120, 3600  # seconds


def _training(folder: Path) -> dict[str, Any]:
    return killed_trainings(folder, kills=100, seed=0, at_once=4, seconds=_KILLING)


def _long(folder: Path) -> dict[str, Any]:
    return long_training(folder, steps=100_000)


def _writing(folder: Path) -> dict[str, Any]:
    run, out = folder / "run", folder / "out"
    finish([*TRAIN, "--out", run], folder / "run.log")
    out.mkdir()
    return killed_writers(out, run)


def _reading(folder: Path) -> dict[str, Any]:
    words = [sys.executable, "-m", "faults.reading", "--seconds", str(_READING)]
    done = subprocess.run(words, cwd=Path(__file__).parents[1], capture_output=True, check=False)
    return json.loads(done.stdout)


PARTS: dict[str, Callable[[Path], dict[str, Any]]] = {
    "training": _training,
    "long": _long,
    "writing": _writing,
    "places": broken_places,
    "reading": _reading,
}


def main() -> int:
    """Run the parts and keep what they found; return the exit status."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("parts", nargs="*", default=[], help=f"of {', '.join(PARTS)}; default: all")
    parser.add_argument("--results", type=Path, default=RESULTS)
    options = parser.parse_args()
    prepare()
    faults = 0
    for name in options.parts or PARTS:
        # The program that runs is that of now, whatever is checked out when it ends.
        where = _where(name)
        with tempfile.TemporaryDirectory() as folder:
            start = time.monotonic()
            found = PARTS[name](Path(folder))
        faults += len(found.get("faults", []))
        found = {**where, "seconds": round(time.monotonic() - start), **found}
        # Read again, since another process may have written its part meanwhile.
        known = read_json(options.results) if options.results.is_file() else {}
        write_json(options.results, {**known, name: found})
        print(json.dumps({name: found}, indent=2), flush=True)
    return bool(faults)


def _where(part: str) -> dict[str, Any]:
    """Return where and with what a part is run, without asking JAX, which would start it."""
    return {
        "run": ["nox", "-s", "faults", "--", part],
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
        "device": f"cpu: {processor()}, {cores()} cores",
        "python": ".".join(map(str, sys.version_info[:3])),
        "versions": versions(_PACKAGES),
        "git_commit": git_commit(),
    }


if __name__ == "__main__":
    sys.exit(main())
