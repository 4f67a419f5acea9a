"""Which parts of the recipe make a model remember its digit: each left out, each added alone.

    python scripts/ablation.py RESULT.json --runs FOLDER

trains the preset `pocket` for a short time with all parts of its recipe and those that were tried
for it, with none (each option at its official value), with all and other cells, with all but each
and with each alone, and measures the identity of forecasts.
The optimiser, its schedule, the batches and the encoder's and decoder's sizes are the preset's in
every run. RESULT.json is written after each; a run that stands in it is not made again.
`RESULT.json --table` prints the table of a result, `RESULT.json --plot PICTURE.png` draws it.
"""

import argparse
import json
import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from short_runs import SEEDS, STEPS, TRIED, fill, identity, measured, source

from cwvae.report.curves import Curve, Panel, write_curves

# Every part of the preset, and the options that take it out.
PRESET = {
    "static level": ("--static-window", "None"),
    "coarse evidence": ("--coarse-evidence", "1"),
    "contexts passed down": ("--no-pass-context",),
    "small fast latents": ("--stoch-size", "20"),
    "small memories": ("--deter-size", "200"),
    "standard deviation .12": ("--decoder-stddev", "1.0"),
    "KL weight per level": ("--beta", "1"),
}
PARTS = (*PRESET, *TRIED)
COMMAND = "python scripts/ablation.py"
FRAMES_SHOWN = (50, 100, 300, 1000)


def variants() -> dict[str, tuple[str, ...]]:
    """Return the options of every variant, which take parts out of the preset, or add them."""
    found = {"all": _with(*PARTS), "none": _with()}
    found["all, cells of min_gru"] = (*_with(*PARTS), "--cell", "min_gru")
    found |= {f"without {part}": _with(*(p for p in PARTS if p != part)) for part in PARTS}
    return found | {f"only {part}": _with(part) for part in PARTS}


def _with(*parts: str) -> tuple[str, ...]:
    """Return the options for a recipe of some parts."""
    out = [PRESET[part] for part in PRESET if part not in parts]
    added = [TRIED[part] for part in TRIED if part in parts]
    return tuple(option for options in (*out, *added) for option in options)


def measure(folder: Path, variant: str, seed: int, steps: int) -> dict:
    """Train a variant, or go on with it, and return what is kept of its metrics."""
    run = folder / f"{variant.replace(' ', '-')}-{seed}-{steps}"
    options = variants()[variant]
    found = measured(run, options=options, seed=seed, steps=steps, context=36)
    return {"elbo": found["elbo"]["value"], **identity(found)}


def _by_variant(result: dict) -> Iterator[tuple[str, list[dict]]]:
    """Give the runs of every variant that has some."""
    for variant in variants():
        runs = [run for run in result["runs"] if run["variant"] == variant]
        if runs:
            yield variant, runs


def table(result: dict) -> str:
    """Return the table in Markdown, with the least and the most of all seeds."""
    heads = [f"right at {frame}" for frame in FRAMES_SHOWN]
    heads += [f"legible at {FRAMES_SHOWN[-1]}", "place lost at", "seeds"]
    lines = [f"| recipe | {' | '.join(heads)} |", "|---" * (1 + len(heads)) + "|"]
    for variant, runs in _by_variant(result):
        cells = [_range(runs, "accuracy", frame) for frame in FRAMES_SHOWN]
        cells.append(_range(runs, "legible", FRAMES_SHOWN[-1]))
        lost = sorted(run["position_lost_at"] or math.inf for run in runs)
        ends = (str(end) if end < math.inf else "never" for end in sorted({lost[0], lost[-1]}))
        cells += [" to ".join(ends), str(len(runs))]
        lines.append(f"| {variant} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _range(runs: list[dict], share: str, frame: int) -> str:
    """Return the least and the greatest share of some runs at a frame as text."""
    found = sorted(run[share][run["frames"].index(frame)] for run in runs)
    return " to ".join(sorted({f"{found[0]:.2f}", f"{found[-1]:.2f}"}))


def plot(result: dict, path: Path) -> None:
    """Draw identity against the frame for all parts, for none, and with each part left out."""
    curves = {
        variant: _curve(runs)
        for variant, runs in _by_variant(result)
        if not variant.startswith("only")
    }
    ends = {name: curves.pop(name) for name in ("all", "none") if name in curves}
    half = -(-len(curves) // 2)
    parts = list(curves.items())
    shown = [dict(part) for part in (parts[:half], parts[half:]) if part] or [{}]
    panels = [Panel("windows with the digit right", ends | part) for part in shown]
    write_curves(path, panels, title="mean, least and most of all seeds")


def _curve(runs: list[dict]) -> Curve:
    """Return the identity of the runs of a variant."""
    values = np.array([run["accuracy"] for run in runs])
    frames = np.array(runs[0]["frames"])
    return Curve(values.mean(0), interval=(values.min(0), values.max(0)), frames=frames)


def main() -> None:
    """Measure, print the table, or draw."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("result", type=Path, metavar="RESULT.json")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--runs", type=Path, metavar="FOLDER", help="train what is missing, there")
    what.add_argument("--table", action="store_true", help="print the table of a result")
    what.add_argument("--plot", type=Path, metavar="PICTURE.png", help="draw a result")
    parser.add_argument("--seeds", type=int, nargs="+", default=SEEDS)
    parser.add_argument("--steps", type=int, default=STEPS)
    options = parser.parse_args()
    if options.runs:
        fill(
            options.result,
            variants(),
            options.seeds,
            options.steps,
            lambda variant, seed: measure(options.runs, variant, seed, options.steps),
        )
    result = json.loads(options.result.read_text())
    if options.plot:
        plot(result, options.plot)
    else:
        print(table(result), source(result, COMMAND), sep="\n\n")


if __name__ == "__main__":
    main()
