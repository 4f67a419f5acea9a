"""The part of peers.md that is measured: other implementations and ours at the same sizes."""

from collections.abc import Sequence
from typing import Any

from reporting.formatting import number, table
from reporting.reading import Peers

__all__ = ["peers"]

OURS = "**cwvae, this package**"
NOT_YET = (
    "Our own numbers of these cases are not committed yet; "
    "`python benchmarks/peer_cases.py --all --out benchmarks/results/peers.json` makes them."
)
TITLES = {"train": "Training step", "open_loop": "Open loop, with decoding"}


def peers(measured: Sequence[Peers]) -> dict[str, str]:
    """Return what stands at each place of peers.md."""
    cases = [{"implementation": OURS, **case} for found in measured for case in found.cases]
    parts = [
        f"{title}: wall clock of the fastest call / its CPU seconds, peak resident memory\n\n"
        f"{_table([case for case in cases if case['case'] == name])}"
        for name, title in TITLES.items()
        if any(case["case"] == name for case in cases)
    ]
    if not any("implementation" not in case for found in measured for case in found.cases):
        parts.append(NOT_YET)
    return {"machines": _machines(measured), "figures": "\n\n".join(parts)}


def _machines(measured: Sequence[Peers]) -> str:
    """Say where, when and how each of the files was measured."""
    rows = [
        [
            f"[{found.file}](results/{found.file})",
            found.device,
            found.date[:10],
            found.command,
            ", ".join(f"{name} {version}" for name, version in found.versions.items()),
        ]
        for found in measured
    ]
    return table(["file", "machine", "date", "how", "versions"], rows)


def _table(cases: Sequence[dict]) -> str:
    """Write a row for each implementation and a column for each batch size."""
    batches = sorted({case["batch"] for case in cases})
    rows = []
    for name in dict.fromkeys(case["implementation"] for case in cases):
        ours = {case["batch"]: case for case in cases if case["implementation"] == name}
        first = [case.get("seconds_to_first_step") for case in ours.values()]
        cells = (_cell(ours[batch]) if batch in ours else "" for batch in batches)
        rows.append([name, *cells, _range(first)])
    return table(["", *(f"batch {batch}" for batch in batches), "to the first step"], rows)


def _cell(case: dict) -> str:
    """Write the times and the memory of a case."""
    times = [case["seconds"]["min"], case.get("cpu_seconds")]
    peak = case.get("peak_rss_bytes")
    parts = [f"{' / '.join(number(seconds) for seconds in times if seconds)} s"]
    # In one unit, so that columns can be compared at a glance.
    return ", ".join(parts if peak is None else [*parts, f"{peak / 2**20:,.0f} MiB"])


def _range(found: Sequence[Any]) -> str:
    """Write a time, or the shortest and longest of those of several cases; each may be a list."""
    seconds = [one for case in found for one in (case if isinstance(case, list) else [case])]
    texts = [number(one) for one in sorted(one for one in seconds if one is not None)]
    ends = dict.fromkeys([*texts[:1], *texts[-1:]])
    return f"{' to '.join(ends)} s" if ends else ""
