"""The results of docs/benchmark.md: what `cwvae benchmark` found, beside what others printed.

    python scripts/benchmark_page.py                      # write them anew
    python scripts/benchmark_page.py --check              # fail if they are not what results give
    python scripts/benchmark_page.py --add pocket FOLDER  # keep what a benchmark found

The results are `benchmark_NAME.json` and `published.json`, in benchmarks/results, and pictures
in benchmarks/plots.
"""

import argparse
import json
import re
import shutil
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from cwvae.benchmark.similarity import distance_table, frame_table
from cwvae.benchmark.tables import costs, markdown, table, tuned
from cwvae.benchmark.walks import walk_table

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "benchmark.md"
RESULTS = ROOT / "benchmarks" / "results"
PLOTS = ROOT / "benchmarks" / "plots"
PUBLISHED = RESULTS / "published.json"
METRICS = ("SSIM", "PSNR", "LPIPS", "FVD")
# What stands between two markers is made here, of the benchmark's size or of what others printed.
PLACE = re.compile(r"(<!-- benchmark_page.py: (\w+) -->\n).*?(<!-- end: \2 -->)", flags=re.DOTALL)
# Pictures of a benchmark, and what they show.
PICTURES = {
    "curves": "What every method still has right, by frame",
    "strips": "One test video, and its forecast by every method",
}


def add(name: str, folder: Path) -> None:
    """Keep what a benchmark of that size found so far, in the place of what was there.

    Raises `ValueError` where that lacks a run that is kept: begin with `cwvae benchmark --known`.
    """
    found = json.loads((folder / "results.json").read_text())
    lost = runs_of(kept(name)) - runs_of(found)
    if lost:
        raise ValueError(
            f"{folder}: expected all runs that are kept, got none of {', '.join(sorted(lost))}; "
            f"run cwvae benchmark {name} --known {RESULTS / f'benchmark_{name}.json'}"
        )
    (RESULTS / f"benchmark_{name}.json").write_text(json.dumps(found) + "\n")
    for kind in PICTURES:
        if (picture := folder / f"{kind}.png").is_file():
            shutil.copyfile(picture, PLOTS / f"benchmark_{name}_{kind}.png")


def page() -> str:
    """Return the page with its places filled from the results."""
    return PLACE.sub(
        lambda match: f"{match[1]}\n{section(match[2])}\n\n{match[3]}", PAGE.read_text()
    )


def section(name: str) -> str:
    """Return what stands in a place."""
    return published() if name == "published" else results(name)


def results(name: str) -> str:
    """Return the tables and pictures of a benchmark, or that there are none."""
    found = kept(name)
    if found is None:
        return f"No result is committed yet; `cwvae benchmark {name} --out FOLDER` makes one."
    tables: dict[str, Callable[[Mapping[str, Any]], str]] = {
        "Digits, by the frame up to which they are read; of several seeds the mean, the least and "
        "the most:": table,
        "Walks; of several seeds the mean, the least and the most:": walk_table,
        f"Metrics of frames, over all predicted frames{few(found)}:": frame_table,
        f"Distances of windows, by their frames{few(found)}:": distance_table,
        "What was chosen, and what training took. Hours are of steps alone, on machines with other "
        "work beside it: speeds compare to a factor of two.": costs,
        f"The short trainings, {found['protocol']['tuning_steps']:,} steps each. What remembers "
        "most is chosen: the mean share right of all frames that are read, or of walks; of equals "
        "the best by SSIM.": tuned,
    }
    made = {head: make(found) for head, make in tables.items()}
    # A table without a row says nothing.
    blocks = [f"{head}\n\n{block}" for head, block in made.items() if block.count("\n") > 1]
    pictures = [
        f"![{alt}](../benchmarks/plots/benchmark_{name}_{kind}.png)"
        for kind, alt in PICTURES.items()
        if (PLOTS / f"benchmark_{name}_{kind}.png").is_file()
    ]
    return "\n\n".join([*state(found), blocks[0], *pictures, *blocks[1:], source(found)])


def kept(name: str) -> dict[str, Any] | None:
    """Return what is committed of a benchmark, None where nothing is."""
    path = RESULTS / f"benchmark_{name}.json"
    return json.loads(path.read_text()) if path.is_file() else None


def runs_of(found: Mapping[str, Any] | None) -> set[str]:
    """Return the runs of results, in words."""
    runs = [run for kind in ("tuning", "runs") for run in found[kind]] if found else []
    return {
        f"{run['method']}, {run['variant']}, seed {run['seed']}, {run['steps']:,} steps"
        for run in runs
    }


def state(found: Mapping[str, Any]) -> list[str]:
    """Return a paragraph on what is not done yet, none where all is."""
    if not found["missing"]:
        return []
    return [f"**Not complete.** Missing so far: {'; '.join(found['missing'])}."]


def source(found: Mapping[str, Any]) -> str:
    """Return the line with steps, devices, versions, dates and command."""
    known = [run["environment"] for run in (*found["tuning"], *found["runs"])]
    devices = sorted({one["device"] for one in known})
    versions = sorted(
        {f"cwvae {v['cwvae']}, jax {v['jax']}" for v in (e["versions"] for e in known)}
    )
    dates = sorted({one["date"].partition("T")[0] for one in known})
    steps = f"{found['protocol']['steps']:,} steps each; " if found["runs"] else ""
    return (
        f"{steps}{'; '.join([*devices, *versions])}, "
        f"{' to '.join(sorted({dates[0], dates[-1]}))}: `{found['command']}`."
    )


def few(found: Mapping[str, Any]) -> str:
    """Return of how many videos LPIPS and FVD are, "" where there are none."""
    videos = {run["perceptual"].get("num_examples") for run in found["runs"]} - {None}
    return f" (LPIPS and FVD of {', '.join(map(str, videos))} test videos)" if videos else ""


def published() -> str:
    """Return what others printed."""
    known = json.loads(PUBLISHED.read_text())
    sources = {name: f"[{name}]({address})" for name, address in known["addresses"].items()}
    rows = []
    for row in known["numbers"]:
        values = [f"{row['values'][name]:g}" if name in row["values"] else "" for name in METRICS]
        rows.append([row["data"], row["method"], *values, row["protocol"], sources[row["source"]]])
    ranks = known["average_rank"]
    listed = ", ".join(f"{method} {rank:.2f}" for method, rank in ranks["values"].items())
    heads = ["data", "method", *METRICS, "protocol, where it is known", "source"]
    return (
        f"{known['about']}\n\n{markdown(heads, rows)}\n\n"
        f"Average rank over data sets and metrics ({sources[ranks['source']]}): {listed}."
    )


def main() -> int:
    """Write or check the page."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--check", action="store_true", help="write nothing, fail on a difference")
    parser.add_argument("--add", nargs=2, metavar=("NAME", "FOLDER"), help="keep what was found")
    options = parser.parse_args()
    if options.add:
        add(options.add[0], Path(options.add[1]))
    made = page()
    if options.check:
        return int(PAGE.read_text() != made)
    PAGE.write_text(made)
    return 0


if __name__ == "__main__":
    sys.exit(main())
