"""The order of a benchmark's runs, and running them, several at a time."""

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from threading import Lock

from cwvae.benchmark.choosing import best_variant, leaders
from cwvae.benchmark.experiments import Benchmark
from cwvae.benchmark.runs import Run, final_run, tuning_run

__all__ = ["final_runs", "known_finals", "run_all", "stages", "train_only", "tuning_runs"]

_Stage = Callable[[], Sequence[Run]]


def stages(benchmark: Benchmark, folder: Path, methods: Sequence[str]) -> tuple[_Stage, ...]:
    """Return the stages of a benchmark: each gives its runs once those before it are done."""
    return (
        lambda: tuning_runs(benchmark, folder, methods),
        lambda: _finals(benchmark, folder, methods, benchmark.seeds[:1]),
        lambda: final_runs(benchmark, folder, methods),
    )


def tuning_runs(benchmark: Benchmark, folder: Path, methods: Sequence[str]) -> list[Run]:
    """Return the short runs of every choice, none where there is nothing to choose."""
    grids = {method: benchmark.grid(method) for method in methods}
    return [
        tuning_run(benchmark, folder, method, variant)
        for method, grid in grids.items()
        for variant in grid
        if len(grid) > 1
    ]


def _finals(
    benchmark: Benchmark, folder: Path, methods: Sequence[str], seeds: Sequence[int]
) -> list[Run]:
    """Return the final runs of methods with some seeds."""
    found = []
    for method in methods:
        tried = tuning_runs(benchmark, folder, [method])
        variant = best_variant(tried) if tried else benchmark.grid(method)[0]
        found += [final_run(benchmark, folder, method, variant, seed) for seed in seeds]
    return found


def final_runs(benchmark: Benchmark, folder: Path, methods: Sequence[str]) -> list[Run]:
    """Return all final runs, once those with the first seed are done."""
    first = _finals(benchmark, folder, methods, benchmark.seeds[:1])
    best = [m for m in leaders(benchmark, first) if m in methods]
    more = _finals(benchmark, folder, best, benchmark.seeds[1:])
    # Seed by seed, so that every seed is whole before the next begins.
    return [*first, *sorted(more, key=lambda run: run.seed)]


def known_finals(benchmark: Benchmark, folder: Path) -> list[Run]:
    """Return the final runs that are known so far, done or not: those of methods that are tuned.

    Which methods are trained with more seeds is known once all are done with the first.
    """
    methods = benchmark.experiments
    tuned = [m for m in methods if all(run.done for run in tuning_runs(benchmark, folder, [m]))]
    first = _finals(benchmark, folder, tuned, benchmark.seeds[:1])
    if len(tuned) == len(methods) and all(run.done for run in first):
        return final_runs(benchmark, folder, tuned)
    return first


def run_all(runs: Sequence[Run], *, workers: int, log: Path, keep: Callable[[Run], None]) -> None:
    """Train and measure what is missing, `workers` runs at a time, each on its share of the cores.

    What the commands print is appended to a file of the run's name in the folder `log`. `keep` is
    called with every run whose commands ended, one at a time. Raises `RuntimeError` for a command
    that failed, with its file.
    """
    log.mkdir(parents=True, exist_ok=True)
    free: SimpleQueue[int] = SimpleQueue()
    keeping = Lock()
    for worker in range(workers):
        free.put(worker)

    def one(run: Run) -> None:
        worker = free.get()
        try:
            for command in run.commands():
                _execute(command, _cores(worker, workers), _log(run, log))
            with keeping:
                keep(run)
        finally:
            free.put(worker)

    with ThreadPoolExecutor(workers) as pool:
        for done in [pool.submit(one, run) for run in runs if not run.done]:
            done.result()


def train_only(run: Run, *, log: Path) -> None:
    """Train a run without measuring it, on all cores; raises as `run_all` does."""
    _execute(run.training_command, (), _log(run, log))


def _log(run: Run, folder: Path) -> Path:
    """Return the file for what the commands of a run print."""
    return folder / f"{run.folder.parent.name}-{run.folder.name}.log"


def _execute(command: Sequence[str], cores: Sequence[int], log: Path) -> None:
    """Run a command on some cores."""
    with log.open("a") as file:
        words = [sys.executable, "-m", "cwvae", *command]
        process = subprocess.Popen(words, stdout=file, stderr=file)
        if cores:
            # Before it has threads, which are bound to the cores of the one that starts them.
            os.sched_setaffinity(process.pid, cores)
        if process.wait():
            raise RuntimeError(f"cwvae {' '.join(command[:3])} failed; see {log}")


def _cores(worker: int, workers: int) -> list[int]:
    """Return the cores of a worker, none where they cannot be chosen or all are its own."""
    if workers == 1 or not hasattr(os, "sched_setaffinity"):
        return []
    return sorted(os.sched_getaffinity(0))[worker::workers]
