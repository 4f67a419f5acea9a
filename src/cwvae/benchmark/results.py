"""What a benchmark found, as values for JSON: one entry a run, with what it cost."""

import json
import statistics
from collections.abc import Mapping, Sequence
from typing import Any

from cwvae.benchmark.experiments import Benchmark
from cwvae.benchmark.runs import PERCEPTUAL, Run
from cwvae.evaluation.scores import MEAN, middle
from cwvae.provenance import environment
from cwvae.training.run import model_shapes
from cwvae.training.settings import read_settings

__all__ = ["collected", "speed"]

_IDENTITY = ("frames", "accuracy", "legible", "consistent", "ceiling", "position_lost_at", "rows")


def collected(
    name: str, benchmark: Benchmark, tuning: Sequence[Run], finals: Sequence[Run]
) -> dict[str, Any]:
    """Return what is known of all runs that are done.

    **Arguments:** `name` of the size; `tuning` and `finals`, runs of which some may be missing.
    """
    known = environment()
    # Where files lie on the machine that measured means nothing elsewhere.
    del known["command"]
    return known | {
        "benchmark": name,
        "about": benchmark.about,
        "command": f"cwvae benchmark {name}",
        "steps": benchmark.steps,
        "tuning_steps": benchmark.tuning_steps,
        "testing": list(benchmark.testing),
        "perceptual": list(benchmark.perceptual),
        "tuning": [_entry(benchmark, run) for run in tuning if run.done],
        "runs": [_entry(benchmark, run) for run in finals if run.done],
        "missing": [f"{run.method}, seed {run.seed}" for run in finals if not run.done],
    }


def _entry(benchmark: Benchmark, run: Run) -> dict[str, Any]:
    """Return what is kept of a run."""
    found, settings = run.found(), read_settings(run.folder)
    frames = settings.train.batch_size * settings.train.frames
    identity = found.get("identity", {})
    return {
        "method": run.method,
        "title": benchmark.experiments[run.method].title,
        "variant": run.variant.name,
        "seed": run.seed,
        "steps": run.steps,
        "frames_seen": run.steps * frames,
        "parameters": model_shapes(settings).num_parameters,
        "frames_per_second": speed(run),
        "summary": found["summary"],
        "curves": {MEAN: _means(found["curves"][MEAN])},
        "distances": found.get("distances"),
        "perceptual": _perceptual(run.found(PERCEPTUAL)),
        "elbo": found.get("elbo"),
        "rooms": found.get("rooms"),
        "identity": {name: identity[name] for name in _IDENTITY if name in identity},
    }


def _perceptual(found: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is kept of LPIPS and FVD."""
    sections = ("num_examples", "summary", "distances")
    return {name: found[name] for name in sections if name in found}


def _means(curves: Mapping[str, Any]) -> dict[str, list[float]]:
    """Return the mean, or median, of every metric at every frame, rounded."""
    return {metric: [round(x, 4) for x in middle(curve)] for metric, curve in curves.items()}


def speed(run: Run) -> float | None:
    """Return the frames a second of a training once it was compiled, None where it is not known."""
    log = run.folder / "metrics.jsonl"
    lines = log.read_text().splitlines() if log.is_file() else []
    speeds = []
    for line in lines[1:]:
        try:
            speeds.append(float(json.loads(line)["frames_per_second"]))
        except (ValueError, KeyError):  # The line was cut off where a run was killed.
            continue
    return round(statistics.median(speeds), 1) if speeds else None
