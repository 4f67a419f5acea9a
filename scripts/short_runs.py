"""Short trainings of the preset `pocket`, measured: what sweeps and ablations are made of.

A run that was interrupted goes on, one that was measured is not made again, and results are written
after each.
"""

import json
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from cwvae.provenance import environment

__all__ = ["SEEDS", "STEPS", "TRIED", "VIDEOS", "fill", "identity", "measured", "source"]

STEPS, VIDEOS, SEEDS = 2000, 64, (0, 1)
# Parts that the recipe had when sweeps and ablations were made, until its preset had been trained
# to the end without them and remembered as much; their options.
TRIED = {
    "KL balancing": ("--kl-balance", "0.2"),
    "hidden frames": ("--hide", "0.15"),
    "averaged weights": ("--average", "0.999"),
}


def measured(run: Path, *, options: Iterable[str], seed: int, steps: int, context: int) -> dict:
    """Train the preset with these options, or go on, and return the metrics of `cwvae evaluate`."""
    results = run / "evaluation" / "metrics.json"
    if not results.exists():
        begin = ["--resume"] if (run / "config.json").exists() else options
        sizes = ["--steps", str(steps), "--decay", "0.5", "--checkpoint-every", str(steps)]
        _cwvae("train", "--out", run, "--preset", "pocket", "--seed", seed, *sizes, *begin)
        looks = ["--num-examples", VIDEOS, "--num-samples", 1, "--context", context]
        _cwvae("evaluate", run, *looks, "--horizon", 1000 - context, "--out", results.parent)
    return json.loads(results.read_text())


def identity(found: dict) -> dict:
    """Return what results keep of the identity of forecasts."""
    names = ("frames", "accuracy", "legible", "ceiling", "position_lost_at")
    return {name: found["identity"][name] for name in names}


def _cwvae(*words: object) -> None:
    """Run a command, whose progress goes where this program's does."""
    subprocess.run([sys.executable, "-m", "cwvae", *map(str, words)], check=True)


def fill(
    path: Path,
    variants: Iterable[str],
    seeds: Iterable[int],
    steps: int,
    measure: Callable[[str, int], dict[str, Any]],
) -> None:
    """Measure what a result lacks, every variant with every seed, and write it after every run."""
    new = environment() | {"steps": steps, "videos": VIDEOS, "runs": []}
    # Where files lie on the machine that measured means nothing elsewhere.
    del new["command"]
    result = json.loads(path.read_text()) if path.exists() else new
    if result["steps"] != steps:
        raise ValueError(f"{path} has runs of {result['steps']} steps; give --steps or a new file")
    known = {(run["variant"], run["seed"]) for run in result["runs"]}
    variants = list(variants)
    for seed in seeds:
        for variant in variants:
            if (variant, seed) not in known:
                found = measure(variant, seed)
                result["runs"].append({"variant": variant, "seed": seed, **found})
                path.write_text(json.dumps(result, indent=1) + "\n")


def source(result: dict, command: str) -> str:
    """Return a line of what was trained and measured, with what, and when."""
    jax_version, day = result["versions"]["jax"], result["date"].partition("T")[0]
    return (
        f"{result['steps']} steps of the preset, {result['videos']} test videos, 1 sample; "
        f"{result['device']}, jax {jax_version}, {day}: `{command}`"
    )
