"""Two result files against each other."""

from collections.abc import Sequence

from reporting.derived import peak_memory
from reporting.formatting import number
from reporting.reading import Case, Run

__all__ = ["comparison"]

# Values that differ by more than a share of the larger, and by more than float32 rounds numbers of
# order one, are not rounding.
ROUNDING, SMALLEST = 1e-3, 1e-6
# What some cases keep beside their values is measured, and never the same.
MEASURED = ("seconds", "share")


def comparison(before: Run, after: Run) -> str:
    """Say what changed from one run to another, in ratios (below 1 is faster or smaller)."""
    old, new = ({case.name: case for case in run.cases} for run in (before, after))
    both = [name for name in old if name in new]
    if not both:
        raise ValueError(
            f"{before.file} and {after.file} have no case in common; compare runs of the same set"
        )
    head = [
        "case",
        "median",
        "from",
        "to",
        "min",
        "min x matrix rate",
        "temporaries",
        "peak memory",
    ]
    rows = [[name, *_ratios(old[name], new[name])] for name in both]
    parts = [
        f"A: {_title(before)}\nB: {_title(after)}",
        "Ratios B / A; 'from' and 'to' are q1 B / q3 A and q3 B / q1 A. 'min x matrix rate' counts "
        "time in matrix products of\nthe same run: one over the ratio of the achieved shares.",
        _aligned([head, *rows]),
        *_missing(old, new, before.file),
        *_missing(new, old, after.file),
        *(line for name in both for line in _changed(old[name], new[name])),
    ]
    return "\n\n".join(parts)


def _title(run: Run) -> str:
    """Name a run."""
    return f"{run.file}: {run.device}, {run.date}, commit {run.git_commit}"


def _ratios(old: Case, new: Case) -> list[str]:
    """Return the ratios of a case, in the order of the table's head."""
    rates = [case.limits.get("matmul_flops_per_second") for case in (old, new)]
    rate = _ratio(*rates)
    fastest = new.seconds.min / old.seconds.min
    return [
        number(value)
        for value in (
            new.seconds.median / old.seconds.median,
            new.seconds.q1 / old.seconds.q3,
            new.seconds.q3 / old.seconds.q1,
            fastest,
            None if rate is None else fastest * rate,
            _ratio(old.memory.get("temporaries"), new.memory.get("temporaries")),
            _ratio(peak_memory(old), peak_memory(new)),
        )
    ]


def _ratio(old: float | None, new: float | None) -> float | None:
    """Return the ratio of two measurements, if both are there."""
    return new / old if old and new is not None else None


def _missing(cases: dict, others: dict, file: str) -> list[str]:
    """Name the cases that only one file has."""
    names = [name for name in cases if name not in others]
    return [f"only in {file}: {', '.join(names)}"] if names else []


def _changed(old: Case, new: Case) -> list[str]:
    """Name the values that differ by more than rounding, or that one of the cases lacks."""
    lines = []
    names = dict.fromkeys([*old.value, *new.value])
    for name in (name for name in names if not name.endswith(MEASURED)):
        before, after = old.value.get(name), new.value.get(name)
        if not _same(before, after):
            lines.append(f"CHANGED {old.name}: {name} was {before}, is {after}")
    return lines


def _same(before: object, after: object) -> bool:
    """Say whether two values are equal up to rounding."""
    if not (isinstance(before, int | float) and isinstance(after, int | float)):
        return before == after
    return abs(after - before) <= max(ROUNDING * max(abs(before), abs(after)), SMALLEST)


def _aligned(rows: Sequence[Sequence[str]]) -> str:
    """Pad cells to their columns, for a terminal."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for name, *cells in rows:
        padded = (cell.rjust(width) for cell, width in zip(cells, widths[1:], strict=True))
        lines.append("  ".join([name.ljust(widths[0]), *padded]).rstrip())
    return "\n".join(lines)
