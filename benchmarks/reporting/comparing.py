"""Two result files against each other."""

from results import Case, Run

from reporting.formatting import number, table
from reporting.tables import RATE, peak_memory

# Values that differ by more than a share of the larger, and by more than float32 rounds numbers of
# order one, are not rounding.
ROUNDING, SMALLEST = 1e-3, 1e-6
# What some cases keep beside their values is measured, and never the same.
MEASURED = ("seconds", "share")
EXPLANATION = """Ratios B / A; 'from' and 'to' are q1 B / q3 A and q3 B / q1 A.
'min x matrix rate' counts time in matrix products of the same run: one over the ratio of the
achieved shares."""


def comparison(before: Run, after: Run) -> str:
    """Write what changed from one run to another, in ratios (below 1 is faster or smaller).

    Raises `ValueError` for runs that have no case in common.
    """
    old, new = ({case.name: case for case in run.cases} for run in (before, after))
    both = [name for name in old if name in new]
    if not both:
        raise ValueError(
            f"{before.file} and {after.file} have no case in common; compare runs of the same set"
        )
    rows = [{"case": name} | _ratios(old[name], new[name]) for name in both]
    title = "{0}: {1.file}: {1.device}, {1.date}, commit {1.git_commit}".format
    only = ((before, [*old.keys() - new.keys()]), (after, [*new.keys() - old.keys()]))
    parts = [
        f"{title('A', before)}\n{title('B', after)}",
        EXPLANATION,
        table(rows, "plain"),
        *(f"only in {run.file}: {', '.join(sorted(names))}" for run, names in only if names),
        *(line for name in both for line in _changed(old[name], new[name])),
    ]
    return "\n\n".join(parts)


def _ratios(old: Case, new: Case) -> dict[str, str]:
    """Return the ratios of a case by the titles of their columns."""
    fastest = new.seconds.min / old.seconds.min
    rate = _ratio(old.limits.get(RATE), new.limits.get(RATE))
    ratios = {
        "median": new.seconds.median / old.seconds.median,
        "from": new.seconds.q1 / old.seconds.q3,
        "to": new.seconds.q3 / old.seconds.q1,
        "min": fastest,
        "min x matrix rate": None if rate is None else fastest * rate,
        "temporaries": _ratio(old.memory.get("temporaries"), new.memory.get("temporaries")),
        "peak memory": _ratio(peak_memory(old), peak_memory(new)),
    }
    return {title: number(ratio) for title, ratio in ratios.items()}


def _ratio(old: float | None, new: float | None) -> float | None:
    """Return the ratio of two measurements, if both are there."""
    return new / old if old and new is not None else None


def _changed(old: Case, new: Case) -> list[str]:
    """Name the values that differ by more than rounding, or that one of the cases lacks."""
    names = dict.fromkeys([*old.value, *new.value])
    return [
        f"CHANGED {old.name}: {name} was {old.value.get(name)}, is {new.value.get(name)}"
        for name in names
        if not name.endswith(MEASURED) and not _same(old.value.get(name), new.value.get(name))
    ]


def _same(before: object, after: object) -> bool:
    """Return whether two values are equal up to rounding."""
    if not (isinstance(before, int | float) and isinstance(after, int | float)):
        return before == after
    return abs(after - before) <= max(ROUNDING * max(abs(before), abs(after)), SMALLEST)
