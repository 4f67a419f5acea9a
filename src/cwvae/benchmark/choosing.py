"""From what short runs found to the choice of each method, and to the methods that lead."""

from collections.abc import Mapping, Sequence
from typing import Any

from cwvae.benchmark.experiments import Benchmark, Variant
from cwvae.benchmark.runs import Run
from cwvae.evaluation.scores import MEAN

__all__ = ["best_variant", "leaders", "quality"]


def quality(found: Mapping[str, Any]) -> tuple[float, float]:
    """Return how good forecasts are: what is remembered, then SSIM.

    Of digits the share that is right, mean over the frames; of walks the share whose sequence of
    rooms is right, mean over the classes.
    """
    ssim = float(found["summary"][MEAN]["ssim"]["mean"])
    if found.get("rooms"):
        return float(found["rooms"]["rows"]["model"]["balanced"]), ssim
    kept = found.get("identity", {}).get("accuracy", [])
    return sum(kept) / len(kept) if kept else 0.0, ssim


def best_variant(runs: Sequence[Run]) -> Variant:
    """Return the choice of the best of a method's short runs, all of which are done."""
    return max(runs, key=lambda run: quality(run.found())).variant


def leaders(benchmark: Benchmark, runs: Sequence[Run]) -> list[str]:
    """Return the methods that are trained with every seed, given the runs with the first.

    They are the first of the table and those of the others that did best.
    """
    first, *_ = benchmark.experiments
    others = [run for run in runs if run.method != first]
    ranked = sorted(others, key=lambda run: quality(run.found()), reverse=True)
    return [first, *(run.method for run in ranked[: benchmark.leaders - 1])]
