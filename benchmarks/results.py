"""Result files: how they are read, and parts of a set put together.

A run is what its JSON holds: the environment, the command, what was left out, and the cases. A case
has a group, a name, parameters, the seconds of its rounds (min, median, q1, q3), the limits that
were measured beside it, memory in bytes, the value computed, and what else `measuring` finds.
"""

import itertools
import re
from collections.abc import Sequence
from operator import itemgetter
from pathlib import Path
from typing import Any

from cwvae.files import read_json

Run = Case = dict[str, Any]


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
    """Return the newest run of each device, GPUs first, and the files of `peer_cases.py`."""
    files = [read_json(path) | {"file": path.name} for path in sorted(folder.glob("*.json"))]
    found = [content for content in files if "cases" in content]
    found.sort(key=itemgetter("date"))
    newest = {content["device"]: content for content in found if "kind" in content}
    for run in newest.values():
        if run["set"] == "quick":
            raise ValueError(f"{run['file']}: set must not be 'quick'; remove the file")
    runs = sorted(newest.values(), key=lambda run: (run["kind"] != "gpu", run["device"]))
    return runs, [content for content in found if "kind" not in content]


def merged(parts: Sequence[Run]) -> Run:
    """Return one run made of parts of a set, with the date of the first.

    Raises `ValueError` for parts that differ in what they were measured with, or that hold the
    same case.
    """
    for name in parts[0].keys() - {"date", "left_out", "cases", "file"}:
        if any(part.get(name) != parts[0][name] for part in parts):
            raise ValueError(f"parts must agree in {name}, got others; merge parts of one set")
    cases = sorted((case for part in parts for case in part["cases"]), key=itemgetter("name"))
    for case, after in itertools.pairwise(cases):
        if case["name"] == after["name"]:
            raise ValueError(f"a case may be in one part only, got {case['name']} twice")
    left_out = [case for part in parts for case in part["left_out"]]
    return parts[0] | {"cases": cases, "left_out": left_out}
