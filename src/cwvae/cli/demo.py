"""`cwvae demo`: the model in the package, and one of its kind trained in a few minutes."""

import dataclasses
import time

from cwvae.cli.evaluate import evaluate
from cwvae.cli.folder import check_writable
from cwvae.cli.options import Demo, Evaluate, Train
from cwvae.cli.predict import continue_video, write_beside
from cwvae.cli.shipped import show_shipped
from cwvae.cli.train import train
from cwvae.data.sources import test_source
from cwvae.report.strip import write_strip
from cwvae.training.presets import PRESETS
from cwvae.training.run import load_run
from cwvae.training.settings import SETTINGS

__all__ = ["demo"]

_SHIPPED = "pocket"
_STEPS = 2500  # of the recipe with which that is trained for hours
_TOTAL = 1000  # frames of the forecast, its context included
_EXAMPLES = 16
_SAMPLES = 4
_HORIZON = 264  # over which the demo is measured, to frame 300
_STRIP, _STRIP_EVERY = 64, 4


def demo(options: Demo) -> int:
    """Make everything under one folder, a line for each result, and return the exit status."""
    began = time.monotonic()
    if (options.out / "run" / SETTINGS).exists():
        raise FileExistsError(f"{options.out} holds a demo already; give another --out")
    check_writable(options.out)
    print(show_shipped(_SHIPPED, options.out, seed=options.seed))
    files = f"{options.out / _SHIPPED}.gif and .png"
    print(f"pretrained:{_SHIPPED}, {time.monotonic() - began:.0f} s: {files}", flush=True)
    return _train(options, began)


def _train(options: Demo, began: float) -> int:
    """Train the small model, measure it and predict with it."""
    preset = PRESETS[_SHIPPED]
    run = options.out / "run"
    steps = options.steps or _STEPS
    warmup = min(preset.train.warmup, steps)
    config = dataclasses.replace(preset.train, seed=options.seed, steps=steps, warmup=warmup)
    status = train(
        Train(
            out=run,
            preset=_SHIPPED,
            checkpoint_every=config.steps,
            forecast_every=config.steps,
            model=preset.model,
            train=config,
            data=preset.data,
        ),
        deadline=began + 60 * options.minutes,
    )
    if status:
        return status
    print(f"trained {run} in {time.monotonic() - began:.0f} s")
    evaluate(
        Evaluate(
            run=run,
            out=options.out / "evaluation",
            num_examples=_EXAMPLES,
            num_samples=_SAMPLES,
            horizon=_HORIZON,
            seed=options.seed,
        )
    )
    _forecast(options)
    print(f"all of it took {time.monotonic() - began:.0f} s")
    return 0


def _forecast(options: Demo) -> None:
    """Write the long forecast of a test video as GIF and strip."""
    trained = load_run(options.out / "run")
    settings, model = trained.settings, trained.model
    context = settings.context
    source = test_source(settings, frames=_TOTAL, length=1, seed=options.seed)
    video = source[0]["video"]
    gif, strip = options.out / "forecast.gif", options.out / "forecast.png"
    prediction = continue_video(model, video[:context], _TOTAL - context, seed=options.seed)
    write_beside(gif, video, prediction, fps=15.0)
    rows = {"truth": video, "model": prediction.whole}
    first = {name: frames[: context + _STRIP] for name, frames in rows.items()}
    write_strip(strip, first, every=_STRIP_EVERY, context=context)
    print(f"{_TOTAL - context} frames predicted from {context}: {gif}")
    print(f"its first {_STRIP} predicted frames: {strip}")
