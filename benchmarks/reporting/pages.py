"""What stands at each place of README.md and peers.md, by the name of the place."""

from collections.abc import Sequence

import numpy as np
from reporting.formatting import memory, number, table
from reporting.growth import growth
from reporting.tables import RATE, TITLES, cases_table
from results import Run, group

NO_RUN = "No result is committed yet; `nox -s benchmarks` makes one."
NO_GPU = (
    "No result of a GPU is committed yet; `bash scripts/gpu.sh`, on a machine that has "
    "one, makes it."
)
PEER_CASES = {"train": "Training step", "open_loop": "Open loop, with decoding"}


def readme(runs: Sequence[Run]) -> dict[str, str]:
    """Return what stands at each place of README.md."""
    left_out = table(
        {"device": run["device"], "case": f"`{one['case']}`", "why": one["why"]}
        for run in runs
        for one in run["left_out"]
    )
    return {
        "headline": "\n\n".join(filter(None, map(_headline, runs))) or NO_GPU,
        "runs": table(_run(part) for run in runs for part in run["parts"]) or NO_RUN,
        "results": "\n\n".join(map(_results, runs)) or NO_RUN,
        "growth": "\n\n".join(filter(None, map(growth, runs))) or NO_RUN,
        "left out": left_out or ("Nothing was left out." if runs else NO_RUN),
    }


def peers(measured: Sequence[Run]) -> dict[str, str]:
    """Return what stands at each place of peers.md, from the files of `peer_cases.py`."""
    cases = [case for found in measured for case in found["cases"]]
    figures = [
        f"{title}: wall clock of the fastest call / its CPU seconds, peak resident memory\n\n"
        + _peers_table([case for case in cases if case["case"] == name])
        for name, title in PEER_CASES.items()
    ]
    machines = (
        {
            "file": _link(found["file"]),
            "machine": found["device"],
            "date": found["date"][:10],
            "how": found["command"],
            "versions": _versions(found["versions"]),
        }
        for found in measured
    )
    return {"machines": table(machines), "figures": "\n\n".join(figures)}


def _headline(run: Run) -> str:
    """Show a GPU's forecasts."""
    shown = group(run, "forecast") if run["kind"] == "gpu" else []
    return f"**{run['device']}**, {run['date'][:10]}\n\n{cases_table(shown)}" if shown else ""


def _run(run: Run) -> dict[str, str]:
    """Return where, when, by what command and of which versions a run is."""
    commit, dirty, _ = (run["git_commit"] or "").partition("-dirty")
    # The float32 matrix rates that were measured beside the cases.
    rates = [case["limits"][RATE] / 1e9 for case in run["cases"]]
    return {
        "device": run["device"],
        "memory": memory(run["memory_bytes"]),
        "matrix rate": f"{min(rates):.0f} to {max(rates):.0f} GFLOP/s",
        "date": run["date"][:10],
        "command": f"`{run['command']}`",
        "set": run["set"],
        "commit": f"`{commit[:9]}{dirty}`" if commit else "",
        "versions": _versions({"Python": run["python"]} | run["versions"]),
        "file": _link(run["file"]),
    }


def _versions(installed: dict[str, str]) -> str:
    return ", ".join(f"{name} {version}" for name, version in installed.items())


def _link(file: str) -> str:
    return f"[{file}](results/{file})"


def _results(run: Run) -> str:
    """Show the tables of one run; a GPU's forecasts stand in the headline."""
    parts = [f"### {run['device']}"]
    for name, title in TITLES.items():
        cases = group(run, name)
        if cases and not (run["kind"] == "gpu" and name == "forecast"):
            parts += [f"#### {title}", cases_table(cases)]
    return "\n\n".join(parts)


def _peers_table(cases: Sequence[dict]) -> str:
    """Write a row for each implementation and a column for each batch size."""
    rows: dict[str, list[dict]] = {}
    for case in cases:
        rows.setdefault(case.get("implementation", "**cwvae, this package**"), []).append(case)
    return table(
        {"": name}
        | {f"batch {case['batch']}": _peer(case) for case in found}
        | {"to the first step": _first_step(found)}
        for name, found in rows.items()
    )


def _first_step(cases: Sequence[dict]) -> str:
    """Write the shortest and the longest time to a first step, of which a case may have several."""
    found = np.hstack([case.get("seconds_to_first_step", []) for case in cases]).tolist()
    ends = dict.fromkeys(number(end(found)) for end in (min, max) if found)
    return f"{' to '.join(ends)} s" if ends else ""


def _peer(case: dict) -> str:
    """Write the times and the memory of a case, in units that can be compared at a glance."""
    both = (case["seconds"]["min"], case.get("cpu_seconds"))
    times = " / ".join(number(time) for time in both if time)
    peak = case.get("peak_rss_bytes")
    return f"{times} s" + (f", {peak / 2**20:,.0f} MiB" if peak else "")
