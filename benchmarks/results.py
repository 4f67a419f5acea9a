"""What result files hold, and how they are read, written and put together."""

import dataclasses
import datetime
import itertools
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from cwvae.files import replacing

Number = int | float


@dataclasses.dataclass(frozen=True, kw_only=True)
class Seconds:
    """The wall clock of warm calls: the fastest, the middle one, and the quartiles."""

    min: Number
    median: Number
    q1: Number
    q3: Number
    rounds: int

    @classmethod
    def of(cls, seconds: Sequence[float]) -> "Seconds":
        """Return those of the seconds of all rounds."""
        least, q1, median, q3 = np.quantile(seconds, (0, 0.25, 0.5, 0.75)).tolist()
        return cls(min=least, median=median, q1=q1, q3=q3, rounds=len(seconds))


@dataclasses.dataclass(frozen=True, kw_only=True)
class Case:
    """What was measured of one case; None is what means nothing there."""

    group: str
    name: str
    parameters: dict
    trace_seconds: Number | None = None
    compile_seconds: Number | None = None
    seconds: Seconds
    cpu_seconds: Number | None = None
    frames: Number | None = None
    ticks: Number | None = None
    necessary_flops: Number | None = None
    xla_flops: Number | None = None
    xla_bytes: Number | None = None
    limits: dict
    memory: dict
    kernels_per_tick: Number | None = None
    value: dict


@dataclasses.dataclass(frozen=True, kw_only=True)
class LeftOut:
    """A case that was not measured, and why."""

    case: str
    why: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class Run:
    """One run of the suite on one device."""

    date: str
    command: str
    device: str
    kind: str
    memory_bytes: int
    platform: str
    python: str
    versions: dict
    git_commit: str | None
    processor: str | None = None
    cores: int | None = None
    set: str
    left_out: list[LeftOut]
    cases: list[Case]
    file: str = ""

    @property
    def when(self) -> datetime.datetime:
        """The date, in UTC where no zone is stated."""
        when = datetime.datetime.fromisoformat(self.date)
        return when if when.tzinfo else when.replace(tzinfo=datetime.UTC)

    def named(self, ending: str) -> str:
        """Return the name of a file for the run's device."""
        return f"{re.sub(r'[^a-z0-9]+', '-', self.device.lower()).strip('-')}-{ending}"

    def group(self, name: str) -> list[Case]:
        """Return the cases of a group."""
        return [case for case in self.cases if case.group == name]


def read(path: Path) -> Run | dict[str, Any]:
    """Return the run in a result file of the suite, or what a file of other experiments holds.

    Raises `ValueError` with the file and the key of what is not as it should be.
    """
    try:
        data = json.loads(path.read_text()) | {"file": path.name}
        if not data.keys() & {"kind", "set"}:
            return data
        cases = [
            Case(**case | {"seconds": Seconds(**case["seconds"])}) for case in data.pop("cases")
        ]
        left_out = [LeftOut(**one) for one in data.pop("left_out")]
        run = Run(**data, cases=cases, left_out=left_out)
        _ = run.when  # Which raises for a date that is none.
        return run
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path} is no result file: {error}; measure again") from error


def read_run(path: Path) -> Run:
    """Return the run in a result file of the suite; raises `ValueError` for any other file."""
    found = read(path)
    if not isinstance(found, Run):
        raise ValueError(f"{path} is no result file of the suite: no key 'kind'; give another")
    return found


def read_folder(folder: Path) -> tuple[list[Run], list[dict[str, Any]]]:
    """Return the newest run of each device, GPUs first, and the files of `peer_cases.py`."""
    found = [read(path) for path in sorted(folder.glob("*.json"))]
    runs = sorted((one for one in found if isinstance(one, Run)), key=lambda run: run.when)
    for run in runs:
        if run.set == "quick":
            raise ValueError(f"{folder / run.file}: set must not be 'quick'; remove the file")
    newest = {run.device: run for run in runs}.values()
    peers = [one for one in found if isinstance(one, dict) and "cases" in one]
    first = sorted(newest, key=lambda run: (run.kind != "gpu", run.device))
    return first, sorted(peers, key=lambda one: one["date"])


def write(path: Path, run: Run) -> None:
    """Write a result file, whole or not at all."""
    content = dataclasses.asdict(run)
    del content["file"]
    with replacing(path) as partial:
        partial.write_text(json.dumps(content, indent=1, allow_nan=False) + "\n")


def merged(parts: Sequence[Run]) -> Run:
    """Return one run made of parts of a set, with the date of the first.

    Raises `ValueError` for parts that differ in what they were measured with, or that hold the
    same case.
    """
    own = ("date", "left_out", "cases", "file")
    for name in (field.name for field in dataclasses.fields(Run) if field.name not in own):
        values = [getattr(part, name) for part in parts]
        if any(value != values[0] for value in values):
            raise ValueError(f"parts must agree in {name}, got {values}; merge parts of one set")
    cases = sorted((case for part in parts for case in part.cases), key=lambda case: case.name)
    twice = {one.name for one, after in itertools.pairwise(cases) if one.name == after.name}
    if twice:
        raise ValueError(f"a case may be in one part only, got {', '.join(sorted(twice))} twice")
    left_out = [case for part in parts for case in part.left_out]
    return dataclasses.replace(parts[0], cases=cases, left_out=left_out)
