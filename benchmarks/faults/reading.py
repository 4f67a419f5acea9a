"""Read damaged files for some seconds, with a limit of memory, and print what came of it.

    cd benchmarks && python -m faults.reading --seconds 60 --seed 0

Every file is read, or is an error of one line that names it. Anything else is a fault: another
exception, more than 2 GiB above what the program itself takes, more than 5 seconds.
"""

import argparse
import json
import resource
import sys
import tempfile
import time
import traceback
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from cwvae.pretrained.places import shipped
from cwvae.provenance import peak_memory
from cwvae.training.presets import PRESETS
from cwvae.training.settings import Settings, settings_to_json
from faults.damaging import READERS, damaged, whole_files

__all__ = ["found_in", "read", "settings_text"]

_MEMORY = 2 * 2**30  # bytes above what the program takes before the first file
_SECONDS = 5.0
_LENGTH = 1000  # characters of a message, which may have a long path in it


def settings_text() -> str:
    """Return the configuration of a run."""
    preset = PRESETS["debug"]
    parts = {"model": preset.model, "train": preset.train, "data": preset.data}
    return json.dumps(settings_to_json(Settings(preset="debug", context=4, horizon=8, **parts)))


def found_in(folder: Path) -> dict[str, bytes]:
    """Return a whole file of each format."""
    weights = min(shipped().values(), key=lambda path: path.stat().st_size)
    return whole_files(folder, settings_text(), weights)


def read(path: Path, name: str, content: bytes) -> str:
    """Write a file and read it; return "read", "error", or what is wrong about the error."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    start = time.monotonic()
    try:
        READERS[name](path)
        found = "read"
    except (ValueError, OSError) as error:
        text = str(error)
        clear = "\n" not in text and str(path.parent) in text and len(text) < _LENGTH
        found = "error" if clear else f"unclear: {text[:200]}"
    except Exception:
        found = f"fault: {traceback.format_exc()[-500:]}"
    took = time.monotonic() - start
    return found if took < _SECONDS else f"slow: {took:.0f} s"


def main() -> int:
    """Read until the time is up; print the counts as JSON; return 1 for any fault."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    random = np.random.default_rng(options.seed)
    counts: dict[str, dict[str, int]] = {name: {"read": 0, "error": 0} for name in READERS}
    faults: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as place:
        known = found_in(Path(place))
        _limit_memory()
        before, end = peak_memory(), time.monotonic() + options.seconds
        while time.monotonic() < end:
            for name, content in known.items():
                found = read(Path(place) / name, name, damaged(content, random))
                if found in counts[name]:
                    counts[name][found] += 1
                else:
                    faults.append({"file": name, "found": found})
    print(json.dumps({"files": counts, "faults": faults, "memory": peak_memory() - before}))
    return bool(faults)


def _limit_memory() -> None:
    """Let the program take no more than so many bytes above what it has taken."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limit = pages * resource.getpagesize() + _MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


if __name__ == "__main__":
    sys.exit(main())
