"""What a training step and a forecast of every method cost: the tables of docs/benchmark.md.

    python benchmarks/method_costs.py                   # measure what is missing, write the page
    python benchmarks/method_costs.py --cases vta rssm  # the same of these alone
    python benchmarks/method_costs.py --check           # fail if the page is not what results give

A case is a preset of `cwvae benchmark`, measured in a process of its own, so that the memory is its
own. The results, results/method_costs.json, are written after every case, and a case that stands
there is not measured again: delete it, or the file, to measure anew.
"""

import argparse
import json
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import jax
import numpy as np
from measuring import measured
from programs import predicted, seeded_model, train
from reporting.formatting import memory, number, seconds, table
from reporting.tables import peak_memory, share

from cwvae import PRESETS
from cwvae.benchmark.experiments import SIZES
from cwvae.files import read_json, write_json
from cwvae.provenance import environment

HERE = Path(__file__).resolve().parent
PAGE, RESULTS = HERE.parent / "docs" / "benchmark.md", HERE / "results" / "method_costs.json"
# What stands between two markers is made here: a place for each size of the benchmark.
PLACE = re.compile(r"(<!-- method_costs\.py: (\w+) -->\n).*?(<!-- end: \2 -->)", re.DOTALL)
SHOWN = ("pocket", "paper")
COMMAND = "python benchmarks/method_costs.py"
NO_RESULT = f"No result is committed yet; `{COMMAND}` makes one."
# Videos of a batch where the benchmark's own are too many for a CPU; SVG-LP needs two.
BATCHES = {"paper": 2}
HORIZON = 264  # frames at most, those of the benchmark's tuning
# Calls that are timed, none of which begins when those before have taken so long.
ROUNDS, SECONDS = 5, 30.0


class Case(NamedTuple):
    """A method at a size of the benchmark."""

    size: str
    method: str
    preset: str


CASES = {
    one.preset: Case(size, one.title, one.preset)
    for size in (*SHOWN, "debug")
    for one in SIZES[size].experiments.values()
}
# The other networks of SVG-LP's authors, which the benchmark leaves out.
CASES["svg_lp_vgg"] = Case("paper", "SVG-LP, vgg", "svg_lp_vgg")


class Rounds:
    """What `measured` needs of pytest-benchmark's fixture, for a few rounds."""

    def pedantic(self, call: Callable[[], float], rounds: int) -> None:
        """Make calls, each of which returns how long it took."""
        times = [call()]
        while len(times) < min(rounds, ROUNDS) and sum(times) < SECONDS:
            times.append(call())
        q1, median, q3 = map(float, np.quantile(times, (0.25, 0.5, 0.75)))
        found = {"min": min(times), "median": median, "q1": q1, "q3": q3, "rounds": len(times)}
        self.stats = SimpleNamespace(stats=SimpleNamespace(**found))


def measure(name: str, *, quick: bool = False) -> dict[str, Any]:
    """Return what a case costs: a training step, and a forecast of one video."""
    case, chosen = CASES[name], PRESETS[name]
    words = SIZES[case.size].training
    given = dict(zip(words[::2], words[1::2], strict=True))
    batch = BATCHES.get(case.size) or int(given.get("--batch-size", chosen.train.batch_size))
    step = train(name, batch, frames=int(given.get("--frames", 0)))
    forecast = predicted(name, chosen.context, min(HORIZON, chosen.horizon))
    return {
        **case._asdict(),
        "batch": batch,
        "parameters": seeded_model(chosen.model).num_parameters,
        "train": measured(step, Rounds(), quick=quick),
        "forecast": measured(forecast, Rounds(), quick=quick),
        "environment": environment() | {"command": COMMAND},
    }


def fill(names: Sequence[str], path: Path) -> None:
    """Measure the cases that a file of results lacks, and write it after each.

    Raises `ValueError` for a case that was measured on another device or with other versions.
    """
    costs = read_json(path)["costs"] if path.exists() else {}
    for name in (name for name in names if name not in costs):
        print(f"{name} ...", flush=True)
        # Its progress and errors go where this program's do.
        command = [sys.executable, __file__, "--measure", name]
        found = json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)
        for other in costs.values():
            for what in ("device", "versions"):
                old, new = other["environment"][what], found["environment"][what]
                if old != new:
                    raise ValueError(
                        f"{path} must be of one {what}, got {old} and {new}; delete it"
                    )
        costs[name] = found
        write_json(path, {"costs": costs})


def row(cost: dict[str, Any]) -> dict[str, str]:
    """Return a line of a table."""
    step, forecast = cost["train"], cost["forecast"]
    frames = forecast["frames"]
    return {
        "method": cost["method"],
        "preset": f"`{cost['preset']}`",
        "parameters": number(cost["parameters"]),
        "GFLOP a step": number(step["necessary_flops"] / 1e9),
        "step, median": seconds(step["seconds"]["median"]),
        "step, fastest": seconds(step["seconds"]["min"]),
        "of the matrix rate": share("necessary_flops", step),
        "temporaries": memory(step["memory"]["temporaries"]),
        "peak memory": memory(peak_memory(step)),
        "MFLOP a frame": number(forecast["necessary_flops"] / frames / 1e6),
        "frame, median": seconds(forecast["seconds"]["median"] / frames),
        "frame, fastest": seconds(forecast["seconds"]["min"] / frames),
    }


def section(size: str, costs: dict[str, Any]) -> str:
    """Return the table of a size of the benchmark, and what was measured with what."""
    found = [costs[name] for name, case in CASES.items() if case.size == size and name in costs]
    if not found:
        return NO_RESULT
    step, forecast = found[0]["train"]["parameters"], found[0]["forecast"]["parameters"]
    known = found[0]["environment"]
    days = sorted({cost["environment"]["date"].partition("T")[0] for cost in found})
    source = (
        f"A step has {found[0]['batch']} videos of {step['frames']} frames, a forecast is of "
        f"{forecast['horizon']} frames after {forecast['context']} of context. {known['device']}, "
        f"cwvae {known['versions']['cwvae']}, jax {known['versions']['jax']}, "
        f"{' to '.join(dict.fromkeys((days[0], days[-1])))}: `{known['command']}`."
    )
    return f"{table(map(row, found))}\n\n{source}"


def page(path: Path = RESULTS) -> str:
    """Return the page with its places filled from results."""
    costs = read_json(path)["costs"] if path.exists() else {}
    return PLACE.sub(
        lambda match: f"{match[1]}\n{section(match[2], costs)}\n\n{match[3]}",
        PAGE.read_text(),
    )


def main() -> int:
    """Measure and write, or look; return the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--check", action="store_true", help="write nothing, compare with results")
    what.add_argument("--cases", nargs="+", choices=CASES, metavar="PRESET", help="these alone")
    what.add_argument("--measure", choices=CASES, metavar="PRESET", help="print a case as JSON")
    options = parser.parse_args()
    if options.measure:
        # A compilation is measured too.
        jax.config.update("jax_enable_compilation_cache", False)
        print(json.dumps(measure(options.measure)))
        return 0
    if options.check:
        stale = page() != PAGE.read_text()
        if stale:
            print(f"{PAGE} is not what the results give; run {sys.argv[0]}", file=sys.stderr)
        return int(stale)
    fill(options.cases or [n for n, case in CASES.items() if case.size in SHOWN], RESULTS)
    PAGE.write_text(page())
    return 0


if __name__ == "__main__":
    sys.exit(main())
