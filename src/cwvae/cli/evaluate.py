"""`cwvae evaluate`: measure the forecasts of a run and write what was found."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from cwvae.cli.checks import check_context, check_forecasts
from cwvae.cli.folder import check_writable
from cwvae.cli.identity import identity_table, write_identity
from cwvae.cli.loading import load_model, results_folder, with_levels
from cwvae.cli.measure import Result, measure
from cwvae.cli.options import Evaluate
from cwvae.evaluation.bootstrap import estimate
from cwvae.evaluation.identity import as_json
from cwvae.files import write_json
from cwvae.pretrained.load import Pretrained
from cwvae.provenance import environment
from cwvae.report.curves import Curve, Panel, write_curves
from cwvae.report.strip import write_strip
from cwvae.training.run import Run
from cwvae.training.settings import Settings

__all__ = ["evaluate"]

_LABELS = {
    "ssim": "SSIM",
    "psnr": "PSNR (dB)",
    "ssim_official": "SSIM (official setting: data range 2)",
}
_PICTURES = ("metrics.png", "strip.png", "identity.png")
_STRIP_COLUMNS = 24
_QUICK_EXAMPLES, _QUICK_HORIZON = 8, 64


def evaluate(options: Evaluate) -> int:
    """Measure, write the results, print the table, and return the exit status."""
    out = options.out or results_folder(options.run)
    run = load_model(options.run, step=options.step)
    check_writable(out)
    options = _quick(options, run) if options.quick else options
    settings = _settings(options, run)
    samples = options.num_samples
    at_once = min(run.model.forecast_batch, options.num_examples)
    check_forecasts(settings.model, horizon=settings.horizon, samples=samples, videos=at_once)
    result = measure(
        with_levels(run, "--blind").blinded(options.blind) if options.blind else run.model,
        settings,
        num_examples=options.num_examples,
        num_samples=samples,
        seed=options.seed,
    )
    _write(out, options, run.step, settings, result)
    print(_table(result, settings, samples))
    print(identity_table(result.identity) if result.identity else result.unread)
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


def _write(out: Path, options: Evaluate, step: int, settings: Settings, result: Result) -> None:
    """Write the numbers, the curves and the strip."""
    report = {
        "run": str(options.run),
        "step": step,
        "context": settings.context,
        "horizon": settings.horizon,
        "num_examples": len(result.nats),
        "num_samples": options.num_samples,
        "data": settings.data.data,
        "seed": options.seed,
        "blind": list(options.blind),
        "environment": environment(),
        **({"elbo": _bound_report(result, settings)} if result.bounded else {}),
        "summary": _summary(result),
        "curves": {
            name: {metric: _curve_report(values) for metric, values in vars(scores).items()}
            for name, scores in result.scores.items()
        },
    }
    if result.identity is not None:
        report["identity"] = as_json(result.identity)
    write_json(out / "metrics.json", report)
    panels = [
        Panel(label, {name: _curve(vars(s)[metric]) for name, s in result.scores.items()})
        for metric, label in _LABELS.items()
    ]
    title = f"open loop after {settings.context} frames, {len(result.nats)} test videos"
    write_curves(out / "metrics.png", panels, title=title, first_frame=settings.context)
    frames = settings.context + settings.horizon
    every = -(-frames // _STRIP_COLUMNS)
    # One of an evaluation before would not fit these numbers.
    (out / "identity.png").unlink(missing_ok=True)
    if result.identity is not None:
        write_identity(out / "identity.png", result.identity)
    write_strip(out / "strip.png", result.strip, every=every, context=settings.context)


def _curve(values: Float[np.ndarray, "examples horizon"]) -> Curve:
    """Return mean and standard deviation over examples of every frame."""
    return Curve(values.mean(0), values.std(0))


def _curve_report(values: Float[np.ndarray, "examples horizon"]) -> dict[str, list[float]]:
    """Return mean and standard deviation over examples of every frame, for JSON."""
    return {"mean": values.mean(0).tolist(), "std": values.std(0).tolist()}


def _summary(result: Result) -> dict[str, dict[str, dict[str, Any]]]:
    """Return, by method and metric, the mean over frames and how far it spreads over examples."""
    return {
        name: {
            metric: {
                "mean": float(values.mean()),
                "std": float(values.mean(1).std()),
                "interval": _interval(values.mean(1)),
            }
            for metric, values in vars(scores).items()
        }
        for name, scores in result.scores.items()
    }


def _interval(values: Float[np.ndarray, " examples"]) -> list[float]:
    """Return the 95 % bootstrap interval of a mean over examples."""
    found = estimate(values.astype(float)[:, np.newaxis, np.newaxis])
    return [float(found.low[0]), float(found.high[0])]


def _bound_report(result: Result, settings: Settings) -> dict:
    """Return the terms of the bound in nats per video of the length of training."""
    frames = min(settings.train.frames, settings.context + settings.horizon)
    values = result.log_likelihood - result.nats.sum(1)
    return {
        "frames": frames,
        "log_likelihood": float(result.log_likelihood.mean()),
        "kl_per_level": result.nats.mean(0).tolist(),
        "kl_intervals": [_interval(nats) for nats in result.nats.T],
        "value": float(values.mean()),
        "interval": _interval(values),
    }


def _table(result: Result, settings: Settings, num_samples: int) -> str:
    """Return the summary as text, a row a method."""
    summary = _summary(result)
    names = {
        "model, best": f"model, best of {num_samples}",
        "model, mean": f"model, mean of {num_samples}",
    }
    heads = ["SSIM", "PSNR (dB)", "SSIM, official range 2"]
    lines = ["".join([f"{'':24}", *(f"{head:>24}" for head in heads)])]
    for name, metrics in summary.items():
        cells = [f"{m['mean']:.3f} +- {m['std']:.3f}" for m in metrics.values()]
        lines.append("".join([f"{names.get(name, name):24}", *(f"{cell:>24}" for cell in cells)]))
    if not result.bounded:
        return "\n".join(lines)
    bound = _bound_report(result, settings)
    nats = ", ".join(f"level {n}: {kl:.1f}" for n, kl in enumerate(bound["kl_per_level"]))
    lines.append(
        f"ELBO {bound['value']:.1f} nats over {bound['frames']} frames: log-likelihood "
        f"{bound['log_likelihood']:.1f}; KL {nats}"
    )
    return "\n".join(lines)
