"""Result files, and how they are read.

A run is what its JSON holds: the environment, the command, what was left out, and the cases. A case
has a group, a name, parameters, the seconds of its rounds (min, median, q1, q3), the limits that
were measured beside it, memory in bytes, the value computed, and what else `measuring` finds.
"""

import re
from operator import itemgetter
from pathlib import Path
from typing import Any

from cwvae.files import read_json

Run = Case = dict[str, Any]
MEASURED_WITH = ("set", "git_commit", "python", "versions")


def named(run: Run, ending: str) -> str:
    """Return the name of a file for the run's device."""
    return f"{re.sub(r'[^a-z0-9]+', '-', run['device'].lower()).strip('-')}-{ending}"


def group(run: Run, name: str) -> list[Case]:
    """Return the cases of a group."""
    return [case for case in run["cases"] if case["group"] == name]


def read_run(path: Path) -> Run:
    """Return the run in a result file of the suite; raises `ValueError` for any other file."""
    run = read_json(path)
    if not run.keys() >= {"kind", "device", "cases", "left_out"}:
        raise ValueError(f"{path}: expected a result file of the suite, got another; measure again")
    return run | {"file": path.name}


def read_folder(folder: Path) -> tuple[list[Run], list[Run]]:
    """Return what was measured last on each device, GPUs first, and those of `rivals/run.py`.

    Files that agree in what they were measured with are parts of one run; of a case that is in
    several the newest counts.
    """
    paths = sorted(folder.glob("*.json"))
    files: list[Run] = [read_json(path) | {"file": path.name} for path in paths]
    found = sorted((file for file in files if "cases" in file), key=itemgetter("date"))
    last: dict[str, Run] = {}
    for run in (file for file in found if "kind" in file):
        if run["set"] == "quick":
            raise ValueError(f"{run['file']}: set must not be 'quick'; remove the file")
        before = last.get(run["device"], run)
        if any(before[name] != run[name] for name in MEASURED_WITH):
            before = run
        cases = {case["name"]: case for case in [*before["cases"], *run["cases"]]}
        parts = [*before.get("parts", []), run]
        missing = (one for part in parts for one in part["left_out"])
        out = [one for one in missing if one["case"] not in cases]
        whole = {"parts": parts, "cases": [*cases.values()], "left_out": out}
        last[run["device"]] = run | whole
    runs = sorted(last.values(), key=lambda run: (run["kind"] != "gpu", run["device"]))
    return runs, [file for file in found if "kind" not in file]
