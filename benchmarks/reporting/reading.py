"""Result files: what is in them, which of them count, and what is wrong with a bad one."""

import dataclasses
import datetime
import json
import typing
from pathlib import Path

__all__ = [
    "FACTOR",
    "GROUPS",
    "Case",
    "Folder",
    "Peers",
    "Run",
    "Seconds",
    "read_folder",
    "read_run",
]

Number = int | float
# What a case may be a case of, in the order in which tables show them.
GROUPS = (
    "train",
    "forecast",
    "levels",
    "hierarchy",
    "vision",
    "stream",
    "data",
    "start",
    "growth",
)
# What growth is measured against; against the factor cost need not follow a power law.
FACTOR = "factor"
AGAINST = ("horizon", "batch", "levels", FACTOR)


class BadFileError(ValueError):
    """A result file is not what it should be."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Seconds:
    """Hold the wall clock of warm calls."""

    min: Number
    median: Number
    q1: Number
    q3: Number
    rounds: int


@dataclasses.dataclass(frozen=True, kw_only=True)
class Case:
    """Hold what was measured of one case; None is what means nothing there."""

    group: str
    name: str
    parameters: dict
    trace_seconds: Number | None
    compile_seconds: Number | None
    seconds: Seconds
    cpu_seconds: Number | None
    frames: Number | None
    ticks: Number | None
    necessary_flops: Number | None
    xla_flops: Number | None
    xla_bytes: Number | None
    limits: dict
    memory: dict
    kernels_per_tick: Number | None
    value: dict


@dataclasses.dataclass(frozen=True, kw_only=True)
class Run:
    """Hold one run of the suite on one device."""

    date: str
    command: str
    device: str
    kind: str
    memory_bytes: Number | None
    platform: str
    python: str
    versions: dict
    git_commit: str | None
    set: str
    left_out: list
    cases: list
    file: str = ""

    def group(self, name: str) -> list[Case]:
        """Return the cases of a group, in the file's order."""
        return [case for case in self.cases if case.group == name]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Peers:
    """Hold what implementations need for the cases of `peer_cases.py`, on one machine."""

    date: str
    device: str
    versions: dict
    command: str
    cases: list
    file: str = ""


class Folder(typing.NamedTuple):
    """What a folder of results holds: the newest run of each device, GPUs first, and peers."""

    runs: list[Run]
    peers: list[Peers]


def read_folder(folder: Path) -> Folder:
    """Read all result files of a folder; files of other experiments are passed over.

    Raises `ValueError` naming the file and the key of what is not as it should be.
    """
    newest: dict[str, Run] = {}
    peers = []
    for path in sorted(folder.glob("*.json")):
        data = _load(path)
        if _is_run(data):
            run = _run(data, path)
            if run.set == "quick":
                raise BadFileError(
                    f"{path}: set must be 'default' or 'full', got 'quick', which only shows that "
                    "cases work; remove the file"
                )
            if run.device not in newest or _when(newest[run.device]) <= _when(run):
                newest[run.device] = run
        elif "cases" in data:
            peers.append(_peers(data, path))
    runs = sorted(newest.values(), key=lambda run: (run.kind != "gpu", run.device))
    return Folder(runs, sorted(peers, key=lambda found: found.date))


def read_run(path: Path) -> Run:
    """Read one result file of the suite; raises `ValueError` for any other."""
    data = _load(path)
    if not _is_run(data):
        raise BadFileError(f"{path}: expected a result file of the suite, got no key 'kind'")
    return _run(data, path)


def _load(path: Path) -> dict:
    """Return the object that a file holds."""
    try:
        data = json.loads(path.read_text())
    except FileNotFoundError:
        raise BadFileError(f"{path}: no such file; give a result file") from None
    except json.JSONDecodeError as error:
        raise BadFileError(f"{path}: expected JSON, got {error}; restore the file") from None
    if not isinstance(data, dict):
        raise BadFileError(f"{path}: expected an object, got a {type(data).__name__}")
    return data


def _is_run(data: dict) -> bool:
    """Tell a run of the suite from other experiments by what only it says."""
    return not data.keys().isdisjoint({"kind", "set"})


def _run(data: dict, path: Path) -> Run:
    """Return a run after a look at all of it."""
    run = _record(Run, {**data, "file": path.name}, str(path))
    if run.kind not in ("cpu", "gpu"):
        raise BadFileError(f"{path}: kind must be 'cpu' or 'gpu', got {run.kind!r}")
    _check_date(run.date, path)
    for index, entry in enumerate(run.left_out):
        _need(entry, ("case", "why"), f"{path}: left_out[{index}]")
    cases = [_case(case, f"{path}: cases[{index}]") for index, case in enumerate(run.cases)]
    names = [case.name for case in cases]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise BadFileError(f"{path}: cases: the name {min(twice)!r} appears twice; rename one")
    return dataclasses.replace(run, cases=cases)


def _case(data: dict, where: str) -> Case:
    """Return a case whose seconds can be divided by."""
    case = _record(Case, data, where)
    if case.group not in GROUPS:
        raise BadFileError(f"{where}: group must be one of {', '.join(GROUPS)}, got {case.group!r}")
    if case.group == "growth":
        _need(case.parameters, ("quantity", "against", "x"), f"{where}: parameters")
        if case.parameters["against"] not in AGAINST:
            raise BadFileError(
                f"{where}: parameters: against must be one of {', '.join(AGAINST)}, "
                f"got {case.parameters['against']!r}"
            )
    for name in ("min", "median", "q1", "q3"):
        if not getattr(case.seconds, name) > 0:
            got = getattr(case.seconds, name)
            raise BadFileError(f"{where}: seconds.{name} must be positive, got {got}")
    return case


def _peers(data: dict, path: Path) -> Peers:
    """Return the measurements of `peer_cases.py`, or others of the same cases."""
    peers = _record(Peers, {**data, "file": path.name}, str(path))
    for index, case in enumerate(peers.cases):
        _need(case, ("case", "batch", "seconds"), f"{path}: cases[{index}]")
        _need(case["seconds"], ("min",), f"{path}: cases[{index}]: seconds")
    return peers


def _record(cls: type, data: object, where: str) -> typing.Any:
    """Make a dataclass of an object that has a value of the right type for every field."""
    fields = [field.name for field in dataclasses.fields(cls)]
    _need(data, fields, where)
    values = {}
    for name, expected in typing.get_type_hints(cls).items():
        value = data[name]
        if dataclasses.is_dataclass(expected):
            value = _record(expected, value, f"{where}: {name}")
        elif not isinstance(value, expected):
            wanted = getattr(expected, "__name__", str(expected))
            raise BadFileError(f"{where}: {name} must be {wanted}, got {value!r:.60}")
        values[name] = value
    return cls(**values)


def _need(data: object, keys: typing.Iterable[str], where: str) -> None:
    """Refuse what is no object or lacks a key."""
    if not isinstance(data, dict):
        raise BadFileError(f"{where}: expected an object, got {data!r:.60}")
    for key in keys:
        if key not in data:
            raise BadFileError(f"{where}: the key {key!r} is missing; measure again")


def _check_date(date: str, path: Path) -> None:
    """Refuse a date that is none."""
    try:
        datetime.datetime.fromisoformat(date)
    except ValueError:
        raise BadFileError(
            f"{path}: date must be like 2026-11-24T22:30:00+00:00, got {date!r}"
        ) from None


def _when(run: Run) -> datetime.datetime:
    """Return a run's date, in UTC where it does not say."""
    when = datetime.datetime.fromisoformat(run.date)
    return when if when.tzinfo else when.replace(tzinfo=datetime.UTC)
