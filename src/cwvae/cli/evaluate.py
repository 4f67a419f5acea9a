"""`cwvae evaluate`: measure the forecasts of a run and write what was found."""

import dataclasses
from pathlib import Path

from cwvae.cli.checks import check_context, check_forecasts
from cwvae.cli.evaluation_tables import write_figures, written_tables
from cwvae.cli.folder import check_writable
from cwvae.cli.loading import load_model, results_folder, with_levels
from cwvae.cli.measure import Result, measure
from cwvae.cli.options import Evaluate
from cwvae.files import write_json
from cwvae.pretrained.load import Pretrained
from cwvae.provenance import environment
from cwvae.report.strip import write_strip
from cwvae.training.devices import batch_mesh
from cwvae.training.run import Run
from cwvae.training.settings import Settings

__all__ = ["evaluate"]

_PICTURES = ("metrics.png", "strip.png", "identity.png")
_STRIP_COLUMNS = 24
_QUICK_EXAMPLES, _QUICK_HORIZON = 8, 64


def evaluate(options: Evaluate) -> int:
    """Measure, write the results, print the table, and return the exit status."""
    out = options.out or results_folder(options.run)
    run = load_model(options.run, step=options.step, trust=options.trust)
    check_writable(out)
    options = _quick(options, run) if options.quick else options
    settings = _settings(options, run)
    samples = options.num_samples
    devices = batch_mesh(options.devices).size
    at_once = min(run.model.forecast_batch * devices, options.num_examples)
    check_forecasts(
        settings.model,
        context=settings.context,
        horizon=settings.horizon,
        samples=samples,
        videos=at_once,
    )
    result = measure(
        with_levels(run, "--blind").blinded(options.blind) if options.blind else run.model,
        settings,
        metrics=options.metrics,
        num_examples=options.num_examples,
        num_samples=samples,
        seed=options.seed,
        devices=devices,
    )
    print(_write(out, options, run.step, settings, result))
    pictures = [file.name for file in (out / name for name in _PICTURES) if file.exists()]
    print(f"results in {out}: {', '.join(['metrics.json', *pictures])}")
    return 0


def _quick(options: Evaluate, run: Run | Pretrained) -> Evaluate:
    """Return the options of a look."""
    return dataclasses.replace(
        options,
        num_examples=min(options.num_examples, _QUICK_EXAMPLES),
        num_samples=1,
        horizon=min(options.horizon or run.settings.horizon, _QUICK_HORIZON),
    )


def _settings(options: Evaluate, run: Run | Pretrained) -> Settings:
    """Return the settings of a run with what the options change."""
    context = options.context or run.settings.context
    check_context(context, run.model.context_multiple)
    settings = dataclasses.replace(
        run.settings, context=context, horizon=options.horizon or run.settings.horizon
    )
    if options.data is None:
        return settings
    other = dataclasses.replace(settings.data, data=options.data)
    return dataclasses.replace(settings, data=other, videos="")


def _write(out: Path, options: Evaluate, step: int, settings: Settings, result: Result) -> str:
    """Write the numbers, the curves and the strip, and return the tables."""
    report = {
        "run": str(options.run),
        "step": step,
        "context": settings.context,
        "horizon": settings.horizon,
        "num_examples": result.videos,
        "num_samples": options.num_samples,
        "data": settings.data.data,
        "seed": options.seed,
        "blind": list(options.blind),
        "environment": environment(),
        **result.sections,
    }
    write_json(out / "metrics.json", report)
    write_figures(out, report)
    frames = settings.context + settings.horizon
    every = -(-frames // _STRIP_COLUMNS)
    write_strip(out / "strip.png", result.strip, every=every, context=settings.context)
    return written_tables(report)
