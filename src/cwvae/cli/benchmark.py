"""`cwvae benchmark`: train what is missing of every method, measure it, and write the tables."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

from cwvae.benchmark.choosing import best_variant
from cwvae.benchmark.experiments import SIZES, Benchmark
from cwvae.benchmark.figure import write_figure
from cwvae.benchmark.known import take_over
from cwvae.benchmark.results import collected, entry, speed
from cwvae.benchmark.running import (
    final_runs,
    known_finals,
    run_all,
    stages,
    train_only,
    tuning_runs,
)
from cwvae.benchmark.runs import Run, final_run, trial_run
from cwvae.benchmark.similarity import distance_table, frame_table
from cwvae.benchmark.tables import costs, table, tuned
from cwvae.benchmark.walks import walk_table
from cwvae.cli.benchmark_options import BenchmarkOptions
from cwvae.cli.benchmark_strips import strip, write_strips
from cwvae.cli.compare import compare
from cwvae.cli.folder import check_writable
from cwvae.cli.options import Compare
from cwvae.files import write_json
from cwvae.training.settings import read_settings

__all__ = ["benchmark"]

_RESULT, _TABLES, _FIGURE = "results.json", "tables.md", "curves.png"
_STRIPS, _PAGE = "strips.png", "page.html"


def benchmark(options: BenchmarkOptions) -> int:
    """Run the benchmark, or print what it would do, and return the exit status."""
    chosen = SIZES[options.size].at(options.data)
    methods = options.methods or tuple(chosen.experiments)
    unknown = sorted(set(methods) - set(chosen.experiments))
    if unknown:
        known = ", ".join(chosen.experiments)
        raise ValueError(f"--methods must be some of {known}, got {unknown[0]}")
    if options.plan:
        print(_plan(options, chosen, methods))
        return 0
    check_writable(options.out)
    if options.known is not None:
        new = take_over(options.known, options.size, chosen, options.out)
        print(f"{new} runs are taken over from {options.known}")

    def keep(run: Run) -> None:
        shown = {"strip": strip(run)} if run.shown else {}
        write_json(run.entry, entry(chosen, run) | shown)
        _write(options, chosen)

    for stage in stages(chosen, options.out, methods):
        run_all(stage(), workers=options.workers, log=options.out / "logs", keep=keep)
    _write(options, chosen)
    _write_page(options.out / _PAGE, final_runs(chosen, options.out, methods))
    print((options.out / _TABLES).read_text())
    files = (_RESULT, _TABLES, _FIGURE, _STRIPS, _PAGE)
    written = [name for name in files if (options.out / name).is_file()]
    print(f"results in {options.out}: {', '.join(written)}")
    return 0


def _write(options: BenchmarkOptions, chosen: Benchmark) -> None:
    """Write the results and tables of what is done so far, of all methods."""
    tuning = tuning_runs(chosen, options.out, tuple(chosen.experiments))
    result = collected(options.size, chosen, tuning, known_finals(chosen, options.out))
    write_json(options.out / _RESULT, result)
    makers = (table, walk_table, frame_table, distance_table, costs, tuned)
    parts = filter(None, (make(result) for make in makers))
    (options.out / _TABLES).write_text("\n\n".join(parts) + "\n")
    write_figure(options.out / _FIGURE, result)
    write_strips(options.out / _STRIPS, result)


def _write_page(path: Path, finals: Sequence[Run]) -> None:
    """Write one page about the runs with the first seed whose weights are here, side by side."""
    first = [run for run in finals if run.seed == finals[0].seed and run.weights.is_dir()]
    if len(first) > 1:
        compare(Compare(runs=tuple(run.folder for run in first), out=path))


def _plan(options: BenchmarkOptions, chosen: Benchmark, methods: Sequence[str]) -> str:
    """Return every run, what is left of it, and how long its training takes here."""
    lines = [f"benchmark {options.size}: {chosen.about}"]
    tuning, total = tuning_runs(chosen, options.out, methods), 0.0
    for method in methods:
        tried = [run for run in tuning if run.method == method]
        known = bool(tried) and all(run.done for run in tried)
        variant = best_variant(tried) if known else chosen.grid(method)[-1]
        finals = [final_run(chosen, options.out, method, variant, seed) for seed in chosen.seeds]
        frames_per_second, frames = _speed(chosen, finals[0], [*tried, *finals])
        lines.append(f"{method}: {frames_per_second:,.0f} training frames a second here")
        for run in [*tried, *finals]:
            hours = 0 if run.done else (run.steps - run.trained) * frames / frames_per_second / 3600
            optional = run.seed != chosen.seeds[0] and method != methods[0]
            total += 0 if optional else hours
            state = "done" if run.done else f"{run.trained:,} of {run.steps:,} steps"
            note = ", if it leads" if optional else ""
            lines.append(f"  {run.folder}: {state}, {hours:.2f} h of training left{note}")
    extra = (len(chosen.seeds) - 1) * (chosen.leaders - 1)
    lines.append(
        f"in all {total:.1f} h of training with {options.workers} at a time in "
        f"{total / options.workers:.1f} h, and {extra} more trainings of the methods that lead; "
        "measuring takes minutes more of each"
    )
    return "\n".join(lines)


def _speed(chosen: Benchmark, run: Run, others: Sequence[Run]) -> tuple[float, int]:
    """Return a method's training frames a second, and the frames of a step, from logs or a trial.

    Runs that are there are the best that is known; otherwise a few steps are timed.
    """
    for other in others:
        known = speed(other)
        if known:
            train = read_settings(other.folder).train
            return known, train.batch_size * train.frames
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        trial = trial_run(chosen, place / "trial", run.method, run.variant)
        train_only(trial, log=place)
        train = read_settings(trial.folder).train
        return speed(trial) or 0.0, train.batch_size * train.frames
