"""What a benchmark found, as values for JSON: one entry a run, with what it cost and where."""

import json
import statistics
from collections.abc import Mapping, Sequence
from typing import Any

from cwvae.benchmark.experiments import Benchmark
from cwvae.benchmark.runs import EVALUATION, PERCEPTUAL, Run
from cwvae.evaluation.scores import MEAN, middle
from cwvae.training.run import model_shapes
from cwvae.training.settings import read_settings

__all__ = ["collected", "entry", "protocol", "speed"]

_ENVIRONMENT = ("date", "device", "versions")
_IDENTITY = ("frames", "accuracy", "legible", "consistent", "ceiling", "position_lost_at", "rows")


def collected(
    name: str, benchmark: Benchmark, tuning: Sequence[Run], finals: Sequence[Run]
) -> dict[str, Any]:
    """Return what is known of all runs that are done.

    **Arguments:** `name` of the size; `tuning` and `finals`, runs of which some may be missing.
    """
    return {
        "benchmark": name,
        "about": benchmark.about,
        "command": f"cwvae benchmark {name}",
        "protocol": protocol(benchmark),
        "tuning": [run.found() for run in tuning if run.done],
        "runs": [run.found() for run in finals if run.done],
        "missing": [_name(run) for run in (*tuning, *finals) if not run.done],
    }


def protocol(benchmark: Benchmark) -> dict[str, Any]:
    """Return what two benchmarks of a size must share for their runs to stand in one table."""
    names = ("steps", "tuning_steps", "training", "tuning", "testing", "perceptual")
    found = {name: getattr(benchmark, name) for name in names}
    # As JSON has them.
    return {name: list(v) if isinstance(v, tuple) else v for name, v in found.items()}


def entry(benchmark: Benchmark, run: Run) -> dict[str, Any]:
    """Return what is kept of a run that was trained and measured here.

    What the table needs, the curves, and the device, versions and date.
    """
    found, settings = run.measured(EVALUATION), read_settings(run.folder)
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
        "context": found["context"],
        "summary": found["summary"],
        "curves": {MEAN: _means(found["curves"][MEAN])},
        "distances": found.get("distances"),
        "perceptual": _perceptual(run.measured(PERCEPTUAL)),
        "elbo": found.get("elbo"),
        "rooms": found.get("rooms"),
        "identity": {name: identity[name] for name in _IDENTITY if name in identity},
        "environment": {name: found["environment"][name] for name in _ENVIRONMENT},
    }


def _name(run: Run) -> str:
    """Return a run in words."""
    return f"{run.method}, {run.variant.name}, seed {run.seed}, {run.steps:,} steps"


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
