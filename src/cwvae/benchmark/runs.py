"""One run of the benchmark: where it lies, how it is trained and measured, and what was found."""

import dataclasses
import json
from pathlib import Path
from typing import Any

from cwvae.benchmark.experiments import Benchmark, Variant
from cwvae.files import read_json

__all__ = ["Run", "final_run", "trial_run", "tuning_run"]

_TRIED = 12


@dataclasses.dataclass(frozen=True)
class Run:
    """A training of one method with one choice of the grid, and its measurement.

    **Arguments:** `folder`, of the run; `method`; `variant`; `seed`; `steps`; `training` and
    `measuring`, the options of `cwvae train` and `cwvae evaluate`.
    """

    folder: Path
    method: str
    variant: Variant
    seed: int
    steps: int
    training: tuple[str, ...]
    measuring: tuple[str, ...]

    @property
    def results(self) -> Path:
        """The file that `cwvae evaluate` writes last of all but pictures."""
        return self.folder / "evaluation" / "metrics.json"

    @property
    def done(self) -> bool:
        """Whether it is trained and measured."""
        return self.results.is_file()

    @property
    def trained(self) -> int:
        """The steps that it is trained for by its last logged line, 0 before it began."""
        log = self.folder / "metrics.jsonl"
        lines = log.read_text().splitlines() if log.is_file() else []
        try:
            return int(json.loads(lines[-1])["step"]) if lines else 0
        except (ValueError, KeyError):  # The line was cut off where a run was killed.
            return 0

    def commands(self) -> tuple[tuple[str, ...], ...]:
        """Return the arguments of `cwvae` that make what is missing of it."""
        if self.done:
            return ()
        resume = ("--resume",) if (self.folder / "config.json").is_file() else ()
        train = ("train", "--out", str(self.folder), *self.training, *resume)
        return train, ("evaluate", str(self.folder), *self.measuring)

    def found(self) -> dict[str, Any]:
        """Return what was measured."""
        return read_json(self.results)


def tuning_run(benchmark: Benchmark, folder: Path, method: str, variant: Variant) -> Run:
    """Return the short run that a choice of the grid is judged by."""
    name = variant.name.replace(", ", "-").replace(" ", "-")
    place = folder / "tuning" / method / name
    return _run(benchmark, place, method, variant, 0, benchmark.tuning_steps, benchmark.tuning)


def final_run(benchmark: Benchmark, folder: Path, method: str, variant: Variant, seed: int) -> Run:
    """Return the run of a method that the tables show."""
    place = folder / "runs" / f"{method}-{seed}"
    return _run(benchmark, place, method, variant, seed, benchmark.steps, benchmark.testing)


def trial_run(benchmark: Benchmark, folder: Path, method: str, variant: Variant) -> Run:
    """Return a run of a few steps, every fourth of them logged, by which steps are timed."""
    run = _run(benchmark, folder, method, variant, 0, _TRIED, ())
    return dataclasses.replace(run, training=(*run.training, "--log-every", "4"))


def _run(
    benchmark: Benchmark,
    folder: Path,
    method: str,
    variant: Variant,
    seed: int,
    steps: int,
    measuring: tuple[str, ...],
) -> Run:
    """Return a run of so many steps."""
    every = str(max(steps // 8, 1))
    training = (
        *("--preset", benchmark.experiments[method].preset, *benchmark.training),
        *variant.options,
        *("--seed", str(seed), "--steps", str(steps)),
        *("--warmup", str(min(200, steps // 5)), "--decay", "0.65"),
        *("--checkpoint-every", every, "--forecast-every", str(steps)),
    )
    return Run(folder, method, variant, seed, steps, training, measuring)
