"""`cwvae evaluate`: forecasts of test videos measured against the truth and naive forecasts."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
from jaxtyping import Array, Float
from tqdm import tqdm

from cwvae.cli import runs
from cwvae.cli.frames import from_bytes, to_bytes
from cwvae.cli.options import Evaluate
from cwvae.cli.runs import Settings
from cwvae.cli.sources import test_source, train_source
from cwvae.forecast import forecast
from cwvae.model import CWVAE
from cwvae.objective import Elbo, elbo
from cwvae.report.curves import Curve, Panel, write_curves
from cwvae.report.strip import write_strip
from cwvae.scores import Scores, best_of, score
from cwvae.shapes import Video

__all__ = ["Result", "evaluate", "measure"]

LABELS = {
    "ssim": "SSIM",
    "psnr": "PSNR (dB)",
    "ssim_official": "SSIM (official setting: data range 2)",
}
STRIP_COLUMNS = 24


class Example(NamedTuple):
    """What is kept of one test video."""

    scores: dict[str, Scores]
    nats: Float[np.ndarray, "levels"]
    log_likelihood: float


class Result(NamedTuple):
    """What an evaluation found: metrics by method, and the mean KL of every level."""

    scores: dict[str, Scores]
    nats: Float[np.ndarray, "examples levels"]
    log_likelihood: Float[np.ndarray, "examples"]
    strip: dict[str, np.ndarray]


def evaluate(options: Evaluate) -> int:
    """Measure, write the results, print the table, and return the exit status."""
    settings = runs.read_settings(options.run)
    settings = dataclasses.replace(
        settings,
        context=options.context or settings.context,
        horizon=options.horizon or settings.horizon,
    )
    model = runs.load_model(options.run, settings).blinded(options.blind)
    result = measure(
        model,
        settings,
        num_examples=options.num_examples,
        num_samples=options.num_samples,
        seed=options.seed,
    )
    out = options.out or options.run / "evaluation"
    _write(out, options, settings, result)
    print(_table(result, settings, options.num_samples))
    print(f"results in {out}: metrics.json, metrics.png, strip.png")
    return 0


def measure(
    model: CWVAE, settings: Settings, *, num_examples: int, num_samples: int, seed: int
) -> Result:
    """Forecast test videos and score the forecasts and the baselines.

    Raises `ValueError` for a context that does not end on a tick of every level.
    """
    slowest = model.hierarchy.clock.slowest
    if settings.context % slowest:
        raise ValueError(
            f"--context must be a multiple of the slowest period, {slowest} frames, "
            f"got {settings.context}"
        )
    total = settings.context + settings.horizon
    source = test_source(settings, frames=total, length=num_examples, seed=seed)
    rivals = _random_frames(settings, seed)
    examples, strip = [], {}
    for index in tqdm(range(num_examples), unit="video", desc="evaluate", leave=False):
        video = from_bytes(source[index]["video"])
        key = jr.fold_in(jr.key(seed), index)
        future, example = _example(model, settings, video, next(rivals), num_samples, key)
        examples.append(example)
        if not strip:
            strip = _rows(video, np.asarray(future[0]), settings.context)
    return Result(
        scores={
            name: jax.tree.map(lambda *x: np.stack(x), *(e.scores[name] for e in examples))
            for name in examples[0].scores
        },
        nats=np.stack([example.nats for example in examples]),
        log_likelihood=np.stack([example.log_likelihood for example in examples]),
        strip=strip,
    )


def _example(
    model: CWVAE,
    settings: Settings,
    video: Float[np.ndarray, "frames height width channels"],
    rival: Float[np.ndarray, "horizon height width channels"],
    num_samples: int,
    key: Array,
) -> tuple[Array, Example]:
    """Return the forecasts of one video, and what is kept of it."""
    context, truth = video[: settings.context], video[settings.context :]
    future_key, bound_key = jr.split(key)
    future = _forecast(model, context, settings.horizon, key=future_key, samples=num_samples)
    copies = np.broadcast_to(context[-1:], truth.shape)
    samples = jax.tree.map(lambda *x: jnp.stack(x), *(_score(f, truth) for f in future))
    scores = {
        "model, best": best_of(samples),
        "model, mean": jax.tree.map(lambda metric: metric.mean(0), samples),
        "copy last frame": _score(copies, truth),
        "random training frame": _score(rival, truth),
    }
    # The bound of a video as long as those of training, where its nats can be compared.
    bound = _bound(model, video[: settings.train.frames], bound_key)
    return future, Example(
        scores={name: jax.tree.map(np.asarray, metrics) for name, metrics in scores.items()},
        nats=np.array([level.sum() for level in bound.kl]),
        log_likelihood=float(bound.log_likelihood.sum()),
    )


_forecast = eqx.filter_jit(forecast)
_score = eqx.filter_jit(score)


@eqx.filter_jit
def _bound(model: CWVAE, video: Video, key: Array) -> Elbo:
    """Return the evidence lower bound of a video."""
    return elbo(model, video, model.hierarchy.noise(video.shape[0], key=key))


def _random_frames(
    settings: Settings, seed: int
) -> Iterator[Float[np.ndarray, "horizon height width channels"]]:
    """Yield as many frames as the horizon has, each from a training video drawn at random."""
    source = train_source(settings)
    generator = np.random.default_rng(seed)
    while True:
        videos = generator.integers(len(source), size=settings.horizon)
        frames = generator.integers(settings.train.frames, size=settings.horizon)
        pairs = zip(videos, frames, strict=True)
        yield from_bytes(np.stack([source[video]["video"][frame] for video, frame in pairs]))


def _rows(
    video: Float[np.ndarray, "frames height width channels"],
    future: Float[np.ndarray, "horizon height width channels"],
    context: int,
) -> dict[str, np.ndarray]:
    """Return the rows of the strip: the truth, and the context with its forecast."""
    return {
        "truth": to_bytes(video),
        "forecast": np.concatenate([to_bytes(video[:context]), to_bytes(future)]),
    }


def _write(out: Path, options: Evaluate, settings: Settings, result: Result) -> None:
    """Write the numbers, the curves and the strip."""
    report = {
        "run": str(options.run),
        "context": settings.context,
        "horizon": settings.horizon,
        "num_examples": options.num_examples,
        "num_samples": options.num_samples,
        "seed": options.seed,
        "blind": list(options.blind),
        "environment": runs.environment(),
        "elbo": _bound_report(result, settings),
        "summary": _summary(result),
        "curves": {
            name: {metric: _curve_report(values) for metric, values in vars(scores).items()}
            for name, scores in result.scores.items()
        },
    }
    runs.write_json(out / "metrics.json", report)
    panels = [
        Panel(label, {name: _curve(vars(s)[metric]) for name, s in result.scores.items()})
        for metric, label in LABELS.items()
    ]
    title = f"open loop after {settings.context} frames, {options.num_examples} test videos"
    write_curves(out / "metrics.png", panels, title=title, first_frame=settings.context)
    frames = settings.context + settings.horizon
    every = max(frames // STRIP_COLUMNS, 1)
    write_strip(out / "strip.png", result.strip, every=every, context=settings.context)


def _curve(values: Float[np.ndarray, "examples horizon"]) -> Curve:
    """Return mean and standard deviation over examples of every frame."""
    return Curve(values.mean(0), values.std(0))


def _curve_report(values: Float[np.ndarray, "examples horizon"]) -> dict[str, list[float]]:
    """Return mean and standard deviation over examples of every frame, for JSON."""
    return {"mean": values.mean(0).tolist(), "std": values.std(0).tolist()}


def _summary(result: Result) -> dict[str, dict[str, dict[str, float]]]:
    """Return, by method and metric, mean and deviation over examples of the mean over frames."""
    return {
        name: {
            metric: {"mean": float(values.mean()), "std": float(values.mean(1).std())}
            for metric, values in vars(scores).items()
        }
        for name, scores in result.scores.items()
    }


def _bound_report(result: Result, settings: Settings) -> dict:
    """Return the terms of the bound in nats per video of the length of training."""
    frames = min(settings.train.frames, settings.context + settings.horizon)
    return {
        "frames": frames,
        "log_likelihood": float(result.log_likelihood.mean()),
        "kl_per_level": result.nats.mean(0).tolist(),
        "value": float((result.log_likelihood - result.nats.sum(1)).mean()),
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
    bound = _bound_report(result, settings)
    nats = ", ".join(f"level {n}: {kl:.1f}" for n, kl in enumerate(bound["kl_per_level"]))
    lines.append(
        f"ELBO {bound['value']:.1f} nats over {bound['frames']} frames: log-likelihood "
        f"{bound['log_likelihood']:.1f}; KL {nats}"
    )
    return "\n".join(lines)
