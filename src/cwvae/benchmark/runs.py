"""One run of the benchmark: where it lies, how it is trained and measured, and what was found.

What is kept of a run is its entry, a file that needs no weights beside it: it can be carried to
another machine, where the run then counts as done.
"""

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cwvae.benchmark.experiments import Benchmark, Variant
from cwvae.files import read_json

__all__ = ["EVALUATION", "PERCEPTUAL", "Run", "final_run", "trial_run", "tuning_run"]

EVALUATION = "evaluation"
"""The folder of a run for what networks of frames are not needed for."""

PERCEPTUAL = "perceptual"
"""The folder of a run for LPIPS and FVD."""

_TRIED = 12


@dataclasses.dataclass(frozen=True)
class Run:
    """A training of one method with one choice of the grid, and its measurement.

    **Arguments:** `folder`, of the run; `method`; `variant`; `seed`; `steps`; `training`, the
    options of `cwvae train`; `measuring`, those of `cwvae evaluate` by the folder for its results.
    """

    folder: Path
    method: str
    variant: Variant
    seed: int
    steps: int
    training: tuple[str, ...]
    measuring: Mapping[str, tuple[str, ...]]

    @property
    def results(self) -> dict[str, Path]:
        """The file that `cwvae evaluate` writes last of all but pictures, by its folder."""
        return {name: self.folder / name / "metrics.json" for name in self.measuring}

    @property
    def entry(self) -> Path:
        """The file with what is kept of it, which is written last."""
        return self.folder / "entry.json"

    @property
    def done(self) -> bool:
        """Whether it is trained and measured, here or elsewhere."""
        return self.entry.is_file()

    @property
    def shown(self) -> bool:
        """Whether it is one that the tables show, not a short one by which a choice is judged."""
        return PERCEPTUAL in self.measuring

    @property
    def weights(self) -> Path:
        """The folder of its checkpoints, which a run that is only known does not have."""
        return self.folder / "checkpoints"

    @property
    def trained(self) -> int:
        """The steps that it is trained for by its last logged line, 0 before it began."""
        log = self.folder / "metrics.jsonl"
        lines = log.read_text().splitlines() if log.is_file() else []
        try:
            return int(json.loads(lines[-1])["step"]) if lines else 0
        except (ValueError, KeyError):  # The line was cut off where a run was killed.
            return 0

    @property
    def training_command(self) -> tuple[str, ...]:
        """The arguments of `cwvae` that train it, or go on with that."""
        resume = ("--resume",) if (self.folder / "config.json").is_file() else ()
        return ("train", "--out", str(self.folder), *self.training, *resume)

    def commands(self) -> tuple[tuple[str, ...], ...]:
        """Return the arguments of `cwvae` that make what is missing of it."""
        missing = {name: path for name, path in self.results.items() if not path.is_file()}
        if self.done or not missing:
            return ()
        evaluations = [
            ("evaluate", str(self.folder), "--out", str(path.parent), *self.measuring[name])
            for name, path in missing.items()
        ]
        return self.training_command, *evaluations

    def measured(self, name: str) -> dict[str, Any]:
        """Return what `cwvae evaluate` found, by the folder of its results; {} where it did not."""
        return read_json(self.results[name]) if name in self.results else {}

    def found(self) -> dict[str, Any]:
        """Return its entry; raises `FileNotFoundError` for a run that is not done."""
        return read_json(self.entry)


def tuning_run(benchmark: Benchmark, folder: Path, method: str, variant: Variant) -> Run:
    """Return the short run that a choice of the grid is judged by."""
    name = variant.name.replace(", ", "-").replace(" ", "-")
    place = folder / "tuning" / method / name
    measuring = {EVALUATION: benchmark.tuning}
    return _run(benchmark, place, method, variant, 0, benchmark.tuning_steps, measuring)


def final_run(benchmark: Benchmark, folder: Path, method: str, variant: Variant, seed: int) -> Run:
    """Return the run of a method that the tables show."""
    place = folder / "runs" / f"{method}-{seed}"
    measuring = {EVALUATION: benchmark.testing, PERCEPTUAL: benchmark.perceptual}
    return _run(benchmark, place, method, variant, seed, benchmark.steps, measuring)


def trial_run(benchmark: Benchmark, folder: Path, method: str, variant: Variant) -> Run:
    """Return a run of a few steps, every fourth of them logged, by which steps are timed."""
    run = _run(benchmark, folder, method, variant, 0, _TRIED, {})
    return dataclasses.replace(run, training=(*run.training, "--log-every", "4"))


def _run(
    benchmark: Benchmark,
    folder: Path,
    method: str,
    variant: Variant,
    seed: int,
    steps: int,
    measuring: Mapping[str, tuple[str, ...]],
) -> Run:
    """Return a run of so many steps."""
    every = str(max(steps // 8, 1))
    training = (
        *("--preset", benchmark.experiments[method].preset, *benchmark.training),
        *benchmark.data_options,
        *variant.options,
        *("--seed", str(seed), "--steps", str(steps)),
        *("--warmup", str(min(200, steps // 5)), "--decay", "0.65"),
        *("--checkpoint-every", every, "--forecast-every", str(steps)),
    )
    return Run(folder, method, variant, seed, steps, training, measuring)
