"""Two result files against each other."""

import math

from reporting.formatting import number, table
from reporting.tables import RATE, peak_memory, ratio
from results import Case, Run

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
    old, new = ({case["name"]: case for case in run["cases"]} for run in (before, after))
    both = [(case, new[name]) for name, case in old.items() if name in new]
    if not both:
        names = f"{before['file']} and {after['file']}"
        raise ValueError(f"{names} have no case in common; compare runs of the same set")
    title = "{0}: {1[file]}: {1[device]}, {1[date]}, commit {1[git_commit]}".format
    only = ((before, sorted(old.keys() - new)), (after, sorted(new.keys() - old)))
    parts = [
        f"{title('A', before)}\n{title('B', after)}",
        EXPLANATION,
        table((_ratios(*pair) for pair in both), "plain"),
        *(f"only in {run['file']}: {', '.join(names)}" for run, names in only if names),
        *(line for pair in both for line in _changed(*pair)),
    ]
    return "\n\n".join(parts)


def _ratios(old: Case, new: Case) -> dict[str, str]:
    """Return the ratios of a case by the titles of their columns."""
    fastest = new["seconds"]["min"] / old["seconds"]["min"]
    rate = ratio(new["limits"].get(RATE), old["limits"].get(RATE))
    ratios = {
        "median": new["seconds"]["median"] / old["seconds"]["median"],
        "from": new["seconds"]["q1"] / old["seconds"]["q3"],
        "to": new["seconds"]["q3"] / old["seconds"]["q1"],
        "min": fastest,
        "min x matrix rate": rate and fastest * rate,
        "temporaries": ratio(new["memory"].get("temporaries"), old["memory"].get("temporaries")),
        "peak memory": ratio(peak_memory(new), peak_memory(old)),
    }
    return {"case": old["name"]} | {title: number(value) for title, value in ratios.items()}


def _changed(old: Case, new: Case) -> list[str]:
    """Name the values that differ by more than rounding, or that one of the cases lacks."""
    changed = []
    for name in old["value"] | new["value"]:
        was, now = old["value"].get(name, math.nan), new["value"].get(name, math.nan)
        same = math.isclose(was, now, rel_tol=ROUNDING, abs_tol=SMALLEST)
        if not same and not name.endswith(MEASURED):
            changed.append(f"CHANGED {old['name']}: {name} was {was}, is {now}")
    return changed
