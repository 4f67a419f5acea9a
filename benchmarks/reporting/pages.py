"""What stands at each place of README.md, by the name of the place."""

from collections.abc import Sequence

from reporting.formatting import memory, table
from reporting.growth import growth
from reporting.tables import RATE, TITLES, cases_table
from results import Run, group

NO_RUN = "No result is committed yet; `nox -s benchmarks` makes one."
NO_GPU = (
    "No result of a GPU is committed yet; `bash scripts/gpu.sh`, on a machine that has "
    "one, makes it."
)


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
