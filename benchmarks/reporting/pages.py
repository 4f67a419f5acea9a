"""What stands at each place of README.md and peers.md, by the name of the place."""

from collections.abc import Iterable, Sequence

from results import Run

from reporting.formatting import memory, number, table
from reporting.growth import FACTOR, exponents_table, factors_table, series
from reporting.tables import GROUPS, RATE, cases_table

NO_RUN = "No result is committed yet; `nox -s benchmarks` makes one."
NO_GPU = (
    "No result of a GPU is committed yet; `bash scripts/benchmark_gpu.sh`, on a machine that has "
    "one, makes it."
)
NO_PEERS = (
    "Our own numbers of these cases are not committed yet; "
    "`python benchmarks/peer_cases.py --all --out benchmarks/results/peers.json` makes them."
)
OURS = "**cwvae, this package**"
PEER_CASES = {"train": "Training step", "open_loop": "Open loop, with decoding"}


def readme(runs: Sequence[Run]) -> dict[str, str]:
    """Return what stands at each place of README.md."""
    left_out = table(
        {"device": run.device, "case": f"`{one.case}`", "why": one.why}
        for run in runs
        for one in run.left_out
    )
    return {
        "headline": "\n\n".join(filter(None, map(_headline, runs))) or NO_GPU,
        "runs": table(map(_run, runs)) or NO_RUN,
        "results": "\n\n".join(map(_results, runs)) or NO_RUN,
        "growth": "\n\n".join(filter(None, map(_growth, runs))) or NO_RUN,
        "left out": left_out or ("Nothing was left out." if runs else NO_RUN),
    }


def peers(measured: Sequence[dict]) -> dict[str, str]:
    """Return what stands at each place of peers.md, from the files of `peer_cases.py`."""
    cases = [{"implementation": OURS} | case for found in measured for case in found["cases"]]
    figures = []
    for name, title in PEER_CASES.items():
        shown = [case for case in cases if case["case"] == name]
        what = f"{title}: wall clock of the fastest call / its CPU seconds, peak resident memory"
        figures += [what, _peers_table(shown)] if shown else []
    if not any(case["implementation"] == OURS for case in cases):
        figures.append(NO_PEERS)
    return {"machines": table(map(_machine, measured)), "figures": "\n\n".join(figures)}


def _headline(run: Run) -> str:
    """Show a GPU's forecasts."""
    shown = run.group("forecast") if run.kind == "gpu" else []
    return f"**{run.device}**, {run.date[:10]}\n\n{cases_table(shown)}" if shown else ""


def _run(run: Run) -> dict[str, str]:
    """Return where, when, by what command and of which versions a run is."""
    installed = {"Python": run.python} | {k: v for k, v in run.versions.items() if v}
    dirty = "-dirty" if (run.git_commit or "").endswith("-dirty") else ""
    return {
        "device": run.device,
        "memory": memory(run.memory_bytes),
        "matrix rate": _matrix_rate(run),
        "date": run.date[:10],
        "command": f"`{run.command}`",
        "set": run.set,
        "commit": f"`{run.git_commit[:9]}{dirty}`" if run.git_commit else "",
        "versions": _versions(installed),
        "file": f"[{run.file}](results/{run.file})",
    }


def _versions(installed: dict[str, str]) -> str:
    return ", ".join(f"{name} {version}" for name, version in installed.items())


def _matrix_rate(run: Run) -> str:
    """Write the range of the float32 matrix rates that were measured beside the cases."""
    rates = [case.limits[RATE] / 1e9 for case in run.cases if case.limits.get(RATE)]
    return f"{min(rates):.0f} to {max(rates):.0f} GFLOP/s" if rates else ""


def _results(run: Run) -> str:
    """Show the tables of one run; a GPU's forecasts stand in the headline."""
    parts = [f"### {run.device}"]
    for name, group in GROUPS.items():
        cases = run.group(name)
        if cases and not (run.kind == "gpu" and name == "forecast"):
            parts += [f"#### {group.title}", cases_table(cases)]
    return "\n\n".join(parts)


def _growth(run: Run) -> str:
    """Show exponents, what the factor does, and the plots."""
    found = series(run)
    sizes = [line for against, lines in found.items() if against != FACTOR for line in lines]
    parts = [f"### {run.device}"] if found else []
    if sizes:
        parts.append(exponents_table(sizes))
    if FACTOR in found:
        parts.append(factors_table(found[FACTOR]))
    names = {against: run.named(f"{against}.png") for against in found}
    parts += [f"![cost against {against}](plots/{name})" for against, name in names.items()]
    return "\n\n".join(parts)


def _machine(found: dict) -> dict[str, str]:
    """Return where, when and how a file was measured."""
    return {
        "file": f"[{found['file']}](results/{found['file']})",
        "machine": found["device"],
        "date": found["date"][:10],
        "how": found["command"],
        "versions": _versions(found["versions"]),
    }


def _peers_table(cases: Sequence[dict]) -> str:
    """Write a row for each implementation and a column for each batch size."""
    batches = sorted({case["batch"] for case in cases})
    rows = []
    for name in dict.fromkeys(case["implementation"] for case in cases):
        known = {case["batch"]: case for case in cases if case["implementation"] == name}
        cells = {f"batch {n}": _peer(known[n]) if n in known else "" for n in batches}
        rows.append({"": name} | cells | {"to the first step": _first_steps(known.values())})
    return table(rows)


def _peer(case: dict) -> str:
    """Write the times and the memory of a case, in units that can be compared at a glance."""
    both = (case["seconds"]["min"], case.get("cpu_seconds"))
    times = " / ".join(number(time) for time in both if time)
    peak = case.get("peak_rss_bytes")
    return f"{times} s" + (f", {peak / 2**20:,.0f} MiB" if peak else "")


def _first_steps(cases: Iterable[dict]) -> str:
    """Write the time to the first step, or the shortest and longest of those of several cases."""
    found = [case.get("seconds_to_first_step") for case in cases]
    times = sorted(s for one in found for s in (one if isinstance(one, list) else [one]) if s)
    ends = dict.fromkeys(number(time) for time in (*times[:1], *times[-1:]))
    return f"{' to '.join(ends)} s" if ends else ""
