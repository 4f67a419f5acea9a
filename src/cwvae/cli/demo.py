"""`cwvae demo`: the model in the package, and one of its kind trained in a few minutes."""

import dataclasses
import shlex
import time
from pathlib import Path

from cwvae.cli.evaluate import evaluate
from cwvae.cli.folder import check_writable
from cwvae.cli.forecasts import show_forecasts
from cwvae.cli.options import Demo, Evaluate, Train
from cwvae.cli.train import train
from cwvae.pretrained.load import load_pretrained
from cwvae.training.presets import PRESETS
from cwvae.training.run import load_run

__all__ = ["demo"]

_SHIPPED = "pocket"
_STEPS = 2500  # of the recipe with which that is trained for an hour or more
_EXAMPLES = 16
_SAMPLES = 4
_HORIZON = 264  # over which the demo is measured, to frame 300


def demo(options: Demo) -> int:
    """Make everything under one folder, a line for each result, and return the exit status."""
    began = time.monotonic()
    out = options.out
    if out.is_dir() and any(out.iterdir()):
        raise FileExistsError(f"{out} is not empty; give another --out")
    check_writable(out)
    shipped = load_pretrained(_SHIPPED)
    print(f"pretrained:{_SHIPPED}, test digits continued from their first frames:")
    print(show_forecasts(shipped.model, shipped.settings, out / _SHIPPED, seed=options.seed))
    _done(out / _SHIPPED, began)
    status = _train(options, out / "run")
    if status:
        return status
    evaluate(
        Evaluate(
            run=out / "run",
            out=out / "evaluation",
            num_examples=_EXAMPLES,
            num_samples=_SAMPLES,
            horizon=_HORIZON,
            seed=options.seed,
        )
    )
    trained = load_run(out / "run")
    print(show_forecasts(trained.model, trained.settings, out / "forecast", seed=options.seed))
    _done(out / "forecast", began)
    return 0


def _train(options: Demo, run: Path) -> int:
    """Train a model as the one in the package, for a short time, and return the exit status."""
    began, preset = time.monotonic(), PRESETS[_SHIPPED]
    steps = options.steps or _STEPS
    warmup = min(preset.train.warmup, steps)
    config = dataclasses.replace(preset.train, seed=options.seed, steps=steps, warmup=warmup)
    status = train(
        Train(
            out=run,
            preset=_SHIPPED,
            checkpoint_every=steps,
            forecast_every=steps,
            model=preset.model,
            train=config,
            data=preset.data,
        ),
        deadline=began + 60 * options.minutes,
    )
    if not status:
        done = load_run(run).step
        print(f"trained {run}: {done} of {steps} steps in {time.monotonic() - began:.0f} s")
        if done < steps:
            print(
                f"--minutes {options.minutes:g} ended it early, and the last steps count most: "
                f"cwvae train --out {shlex.quote(str(run))} --resume takes the others"
            )
    return status


def _done(made: Path, began: float) -> None:
    """Print what was made, and how long everything took."""
    print(
        f"{made}.gif and {made}.png, {time.monotonic() - began:.0f} s after the start", flush=True
    )
