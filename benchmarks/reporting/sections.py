"""The parts of README.md that come from runs, by the name of their place."""

from collections.abc import Sequence

from reporting.formatting import memory, table
from reporting.growth import Series, exponents_table, factors_table, series
from reporting.plots import plot_name
from reporting.reading import FACTOR, GROUPS, Run
from reporting.tables import TABLES, cases_table

__all__ = ["growth", "readme"]

NO_RUN = "No result is committed yet; `nox -s benchmarks` makes one."
NO_GPU = (
    "No result of a GPU is committed yet; `bash scripts/benchmark_gpu.sh`, on a machine that has "
    "one, makes it."
)


def readme(runs: Sequence[Run]) -> dict[str, str]:
    """Return what stands at each place of README.md."""
    return {
        "headline": _headline(runs),
        "runs": _runs(runs) if runs else NO_RUN,
        "results": "\n\n".join(map(_results, runs)) if runs else NO_RUN,
        "growth": _growth(runs),
        "left out": _left_out(runs),
    }


def growth(run: Run) -> dict[str, list[Series]]:
    """Return a run's series by what they are against."""
    found: dict[str, list[Series]] = {}
    for line in series(run.group("growth")):
        found.setdefault(line.against, []).append(line)
    return found


def _headline(runs: Sequence[Run]) -> str:
    """Show the forecasts of GPUs."""
    shown = [
        f"**{run.device}**, {run.date[:10]}\n\n{cases_table(run.group('forecast'))}"
        for run in runs
        if run.kind == "gpu" and run.group("forecast")
    ]
    return "\n\n".join(shown) or NO_GPU


def _runs(runs: Sequence[Run]) -> str:
    """Say of every run where, when, by what command and of which versions it is."""
    head = [
        "device",
        "memory",
        "matrix rate",
        "date",
        "command",
        "set",
        "commit",
        "versions",
        "file",
    ]
    rows = [
        [
            run.device,
            memory(run.memory_bytes),
            _matrix_rate(run),
            run.date[:10],
            f"`{run.command}`",
            run.set,
            _short(run.git_commit),
            ", ".join(f"{name} {version}" for name, version in _versions(run).items()),
            f"[{run.file}](results/{run.file})",
        ]
        for run in runs
    ]
    return table(head, rows)


def _matrix_rate(run: Run) -> str:
    """Write the range of the float32 matrix rates that were measured beside the cases."""
    found = [case.limits.get("matmul_flops_per_second") for case in run.cases]
    rates = [rate / 1e9 for rate in found if rate]
    return f"{min(rates):.0f} to {max(rates):.0f} GFLOP/s" if rates else ""


def _short(commit: str | None) -> str:
    """Write the first digits of a commit, and whether files differed from it."""
    if commit is None:
        return ""
    digits, _, state = commit.partition("-")
    return f"`{'-'.join(filter(None, [digits[:9], state]))}`"


def _versions(run: Run) -> dict[str, str]:
    """Return the versions of what is installed."""
    installed = {name: version for name, version in run.versions.items() if version}
    return {"Python": run.python, **installed}


def _results(run: Run) -> str:
    """Show the tables of one run; a GPU's forecasts stand in the headline."""
    parts = [f"### {run.device}"]
    elsewhere = ("growth", "forecast") if run.kind == "gpu" else ("growth",)
    for name in GROUPS:
        cases = run.group(name)
        if cases and name not in elsewhere:
            parts += [f"#### {TABLES[name].title}", cases_table(cases)]
    return "\n\n".join(parts)


def _growth(runs: Sequence[Run]) -> str:
    """Show exponents, what the factor does, and the plots."""
    parts = []
    for run in runs:
        found = growth(run)
        sizes = [line for against, lines in found.items() if against != FACTOR for line in lines]
        if found:
            parts.append(f"### {run.device}")
        if sizes:
            parts.append(exponents_table(sizes))
        if FACTOR in found:
            parts.append(factors_table(found[FACTOR]))
        parts += [
            f"![cost against {against}](plots/{plot_name(run.device, against)})"
            for against in found
        ]
    return "\n\n".join(parts) or NO_RUN


def _left_out(runs: Sequence[Run]) -> str:
    """List what did not run, and why."""
    rows = [
        [run.device, f"`{entry['case']}`", entry["why"]] for run in runs for entry in run.left_out
    ]
    if not runs:
        return NO_RUN
    return table(["device", "case", "why"], rows) if rows else "Nothing was left out."
