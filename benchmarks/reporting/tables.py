"""One table for each group of cases, of the columns that have something in them.

Rates and shares are those of the fastest call, as the limits are: what else runs on a machine can
only ever add time.
"""

from collections.abc import Callable, Sequence
from functools import partial

from reporting.formatting import memory, number, percent, seconds, table, values
from results import Case

Maybe = float | None
Cell = Callable[[Case], str]

RATE, COPY = "matmul_flops_per_second", "copy_bytes_per_second"


def ratio(one: Maybe, other: Maybe) -> Maybe:
    """Return the ratio of two numbers, if both are there."""
    return one / other if one is not None and other else None


def share(flops: str, case: Case, kind: str = "") -> str:
    """Write the rate of operations as a share of that of a large matrix product."""
    least = ratio(case.get(flops), case["limits"].get(kind + RATE))
    return percent(ratio(least, case["seconds"]["min"]))


def copy_share(case: Case) -> str:
    """Write the rate of the bytes that XLA counts as a share of the copy bandwidth.

    Nothing where arithmetic at the matrix rate would take longer than moving those bytes.
    """
    moving = ratio(case.get("xla_bytes"), case["limits"].get(COPY))
    computing = ratio(case.get("necessary_flops"), case["limits"].get(RATE)) or 0
    return "" if moving is None or moving < computing else percent(moving / case["seconds"]["min"])


def peak_memory(case: Case) -> Maybe:
    """Return the most memory in use: the device's where it is counted, else the process's.

    A GPU's counter only rises; a case that stayed below earlier ones needs what XLA plans for it.
    """
    found, on_gpu = case["memory"], f"tf32_{RATE}" in case["limits"]
    if found.get("device_peak") is not None:
        return found["device_peak"]
    if not on_gpu or "outputs" not in found:  # What is called as it is has no plan.
        return found.get("peak_rss")
    needed = (found.get(name, 0) for name in ("arguments", "outputs", "temporaries"))
    return sum(needed) - found["aliased"]


def tick_seconds(case: Case) -> Maybe:
    """Return how long one of the ticks that wait for each other takes."""
    return ratio(case["seconds"]["min"], case.get("ticks"))


def profiled(case: Case, name: str) -> Maybe:
    """Return a number of the profile of a call on a GPU."""
    return (case.get("profile") or {}).get(name)


COMPILING = ("trace_seconds", "compile_seconds")
BEFORE: dict[str, Cell] = {
    "trace + compile": lambda case: seconds(sum(case.get(s) or 0 for s in COMPILING) or None),
    "min": lambda case: seconds(case["seconds"]["min"]),
    "median": lambda case: seconds(case["seconds"]["median"]),
    "IQR": lambda case: seconds(case["seconds"]["q3"] - case["seconds"]["q1"]),
}
AFTER: dict[str, Cell] = {
    "waiting for data": lambda case: percent(case["value"].get("waiting_share")),
    "frames/s": lambda case: number(ratio(case.get("frames"), case["seconds"]["min"])),
    "per tick": lambda case: seconds(tick_seconds(case)),
    "kernels per tick": lambda case: number(ratio(profiled(case, "kernels"), case.get("ticks"))),
    "GPU busy": lambda case: percent(profiled(case, "busy_share")),
    "of the matrix rate": partial(share, "necessary_flops"),
    "of the TF32 matrix rate": partial(share, "necessary_flops", kind="tf32_"),
    "of the bf16 matrix rate": partial(share, "necessary_flops", kind="bf16_"),
    "same, XLA's FLOPs": partial(share, "xla_flops"),
    "of the copy bandwidth": copy_share,
    "temporaries": lambda case: memory(case["memory"].get("temporaries")),
    "peak memory": lambda case: memory(peak_memory(case)),
    "value computed": lambda case: values(case["value"]),
}
SHARES = [title for title in AFTER if title.startswith(("of the", "same"))]
# Growth has tables and plots of its own.
TITLES = {
    "train": "Training step",
    "forecast": "Forecast of 1000 frames, context included",
    "levels": "One level's scan",
    "hierarchy": "Hierarchy",
    "depth": "One video inferred tick by tick, or at all ticks at once",
    "vision": "Frame encoder and decoder",
    "stream": "Streaming step",
    "data": "Data pipeline",
    "start": "Start",
}
# Columns that mean nothing in the table of a group.
WITHOUT = {
    "train": ["per tick", "kernels per tick"],
    "stream": ["per tick", *SHARES],
    "start": ["frames/s", "temporaries"],
}


def cases_table(cases: Sequence[Case]) -> str:
    """Write the table of the cases of one group, with a column for every parameter and bound."""
    parameters: dict[str, Cell] = {
        name.replace("_", " "): lambda case, name=name: str(case["parameters"].get(name, ""))
        for case in cases
        for name in case["parameters"]
    }
    references: dict[str, Cell] = {
        f"times {name.replace('_', ' ')}": lambda case, name=name: number(
            ratio(case["seconds"]["min"], case["limits"]["reference_seconds"].get(name)), "x"
        )
        for case in cases
        for name in case["limits"]["reference_seconds"]
    }
    columns = parameters | BEFORE | references | AFTER
    for title in WITHOUT.get(cases[0]["group"], []):
        del columns[title]
    return table({title: cell(case) for title, cell in columns.items()} for case in cases)
