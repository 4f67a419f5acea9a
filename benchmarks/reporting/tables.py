"""One table for each group of cases, of the columns that have something in them.

Rates and shares are those of the fastest call, as the limits are: what else runs on a machine can
only ever add time.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from results import Case

from reporting.formatting import memory, number, percent, seconds, table, times, values

Maybe = float | None
Cell = Callable[[Case], str]

RATE, COPY = "matmul_flops_per_second", "copy_bytes_per_second"


class Group(NamedTuple):
    """What the table of a group is called, and the columns that mean nothing there."""

    title: str
    without: tuple[str, ...] = ()


def least_seconds(amount: Maybe, case: Case, limit: str) -> Maybe:
    """Return the time that an amount of work takes at a limit."""
    rate = case.limits.get(limit)
    return amount / rate if amount is not None and rate else None


def share(case: Case, flops: Maybe, rate: str = RATE) -> str:
    """Write the rate of operations as a share of that of a large matrix product."""
    least = least_seconds(flops, case, rate)
    return "" if least is None else percent(least / case.seconds.min)


def copy_share(case: Case) -> str:
    """Write the rate of the bytes that XLA counts as a share of the copy bandwidth.

    Nothing where arithmetic at the matrix rate would take longer than moving those bytes.
    """
    moving = least_seconds(case.xla_bytes, case, COPY)
    computing = least_seconds(case.necessary_flops, case, RATE) or 0
    return "" if moving is None or moving < computing else percent(moving / case.seconds.min)


def peak_memory(case: Case) -> Maybe:
    """Return the most memory in use: the device's where it is counted, else the process's."""
    device = case.memory.get("device_peak")
    return case.memory.get("peak_rss") if device is None else device


def tick_seconds(case: Case) -> Maybe:
    """Return how long one of the ticks that wait for each other takes."""
    return case.ticks and case.seconds.min / case.ticks


def _compile(case: Case) -> str:
    known = [s for s in (case.trace_seconds, case.compile_seconds) if s is not None]
    return seconds(sum(known)) if known else ""


BEFORE: dict[str, Cell] = {
    "trace + compile": _compile,
    "min": lambda case: seconds(case.seconds.min),
    "median": lambda case: seconds(case.seconds.median),
    "IQR": lambda case: seconds(case.seconds.q3 - case.seconds.q1),
}
AFTER: dict[str, Cell] = {
    "waiting for data": lambda case: percent(case.value.get("waiting_share")),
    "frames/s": lambda case: number(case.frames and case.frames / case.seconds.min),
    "per tick": lambda case: seconds(tick_seconds(case)),
    "kernels per tick": lambda case: number(case.kernels_per_tick),
    "of the matrix rate": lambda case: share(case, case.necessary_flops),
    "of the TF32 matrix rate": lambda case: share(case, case.necessary_flops, f"tf32_{RATE}"),
    "of the bf16 matrix rate": lambda case: share(case, case.necessary_flops, f"bf16_{RATE}"),
    "same, XLA's FLOPs": lambda case: share(case, case.xla_flops),
    "of the copy bandwidth": copy_share,
    "temporaries": lambda case: memory(case.memory.get("temporaries")),
    "peak memory": lambda case: memory(peak_memory(case)),
    "value computed": lambda case: values(case.value),
}
SHARES = tuple(name for name in AFTER if name.startswith(("of the", "same")))
# Growth has tables and plots of its own.
GROUPS = {
    "train": Group("Training step", ("per tick", "kernels per tick")),
    "forecast": Group("Forecast of 1000 frames, context included"),
    "levels": Group("One level's scan"),
    "hierarchy": Group("Hierarchy"),
    "vision": Group("Frame encoder and decoder"),
    "stream": Group("Streaming step", ("per tick", *SHARES)),
    "data": Group("Data pipeline"),
    "start": Group("Start", ("frames/s", "temporaries")),
}


def cases_table(cases: Sequence[Case]) -> str:
    """Write the table of the cases of one group."""
    columns = _parameters(cases) | BEFORE | _references(cases) | AFTER
    for title in GROUPS[cases[0].group].without:
        del columns[title]
    return table({title: cell(case) for title, cell in columns.items()} for case in cases)


def _parameters(cases: Sequence[Case]) -> dict[str, Cell]:
    """Return a column for every parameter, and the name where they do not tell cases apart."""
    names = dict.fromkeys(name for case in cases for name in case.parameters)
    columns: dict[str, Cell] = {
        name.replace("_", " "): lambda case, name=name: str(case.parameters.get(name, ""))
        for name in names
    }
    rows = {tuple(cell(case) for cell in columns.values()) for case in cases}
    title: dict[str, Cell] = {"case": lambda case: f"`{case.name}`"}
    return (title if len(rows) < len(cases) else {}) | columns


def _references(cases: Sequence[Case]) -> dict[str, Cell]:
    """Return a column for everything that bounds one of the cases, the time as its multiple."""

    def multiple(case: Case, name: str) -> str:
        bound = case.limits.get("reference_seconds", {}).get(name)
        return times(case.seconds.min / bound) if bound else ""

    names = dict.fromkeys(n for case in cases for n in case.limits.get("reference_seconds", {}))
    return {
        f"times {name.replace('_', ' ')}": lambda case, name=name: multiple(case, name)
        for name in names
    }
