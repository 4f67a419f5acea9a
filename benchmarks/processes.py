"""What is measured as it runs, by the wall clock: the data pipeline, and processes that start."""

import itertools
import json
import os
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
from measuring import Calls, LeftOutError, compiled
from programs import train

from cwvae import PRESETS

COMPILING = ("trace_seconds", "compile_seconds")
MANY = 8  # batches in a round, more than the pipeline keeps ahead
STEPS = 12
AHEAD = 5  # steps for which there may be batches that were made while the step was compiled


def batches(preset: str, batch: int) -> Calls:
    """Return batches of 100 frames of Moving MNIST as fast as they come, when nothing else runs."""
    frames, source = 100, _batches(preset, batch, 100)

    def after(made: list[dict[str, Any]]) -> dict[str, Any]:
        return {
            "value": {"mean": float(made[-1]["video"].mean())},
            "frames": MANY * batch * frames,
            "parameters": {"frames": frames, "batches": MANY},
        }

    # A first round uses up the batches that were made ahead.
    return Calls(lambda: list(itertools.islice(source, MANY))[-1], after, rounds=5, warm=1)


def waiting(preset: str, batch: int) -> Calls:
    """Return the loop of `cwvae train`, with a clock on the batches that it waits for."""
    step = train(preset, batch)
    source = _batches(preset, batch, step.parameters["frames"])
    _, state, config = step.arguments()
    run, known = compiled(step.function, (jnp.asarray(next(source)["video"]), state, config))

    def steps(state: Any) -> Iterator[tuple[float, float, Any]]:
        """Yield, of every step, the seconds waited, those of all, and the record."""
        unread = None
        while True:
            start = time.perf_counter()
            videos = next(source)["video"]
            waited = time.perf_counter() - start
            state, record = run(jnp.asarray(videos), state, config)
            jax.block_until_ready(unread)  # While this step runs, the one before is recorded.
            unread = record
            yield waited, time.perf_counter() - start, record

    def after(made: list[tuple[float, float, Any]]) -> dict[str, Any]:
        waited, lasted, records = zip(*made[AHEAD:], strict=True)
        share, loss = sum(waited) / sum(lasted), float(records[-1].loss.total)
        return {name: known[name] for name in COMPILING} | {
            "value": {"waiting_share": share, "loss": loss},
            "parameters": step.parameters,
            "frames": step.frames,
        }

    return Calls(steps(state).__next__, after, rounds=STEPS, warm=AHEAD)


def importing(module: str) -> Calls:
    """Return a process from its start until a module is imported."""
    counting = f"import {module}, json, sys; print(json.dumps(len(sys.modules)))"
    return Calls(
        lambda: _printed("-c", counting),
        lambda counts: {"value": {"modules": counts[-1]}, "memory": {}},
        rounds=3,
        warm=1,
    )


def first_step(preset: str, batch: int, cache: str) -> Calls:
    """Return `cwvae train` from its start until its first step is done.

    With a `cache` that is "cold" nothing was compiled before; with a "warm" one the same command
    ran before. The value is how many programs it compiled, or read.
    """
    folder = tempfile.TemporaryDirectory()
    numbers = itertools.count()

    def call() -> int:
        run = Path(folder.name) / f"run_{next(numbers)}"
        kept = run.with_name("cache") if cache == "warm" else run.with_name(f"cache_of_{run.name}")
        options = {"preset": preset, "batch-size": batch, "out": run}
        _until_the_first_step([f"--{name}={value}" for name, value in options.items()], run, kept)
        return len(list(kept.rglob("*-cache")))

    return Calls(
        call,
        lambda programs: {"value": {"programs": programs[-1]}, "memory": {}},
        rounds=3,
        warm=1 if cache == "warm" else 0,
    )


def _until_the_first_step(options: list[str], run: Path, cache: Path) -> None:
    """Begin to train, and end that as soon as there is a run, which is when a step was good."""
    variables = {name: text for name, text in os.environ.items() if "CACHE" not in name}
    command = [sys.executable, "-m", "cwvae", "train", *options]
    with subprocess.Popen(
        command, env=variables | {"XDG_CACHE_HOME": str(cache)}, stderr=subprocess.DEVNULL
    ) as process:
        while not (run / "config.json").exists():
            if process.poll() is not None:
                raise RuntimeError(f"{shlex.join(command)} ended with {process.returncode}")
            time.sleep(0.005)
        process.kill()


def _batches(preset: str, batch: int, frames: int) -> Iterator[dict[str, Any]]:
    """Return batches of Moving MNIST, drawn on the fly."""
    try:
        from cwvae.data.digits import load_digits
        from cwvae.data.moving_mnist import MovingMNIST
        from cwvae.data.pipeline import batches
    except ImportError as error:
        raise LeftOutError(str(error)) from error
    size = PRESETS[preset].model.size
    source = MovingMNIST(split="train", frames=frames, digits=load_digits(), size=size)
    return batches(source, batch_size=batch, seed=0)


def _printed(*words: str) -> Any:
    """Run Python and return what it prints, as JSON.

    Nothing is compiled before, and a GPU's memory is left to the process that started this one.
    """
    names = ("JAX_ENABLE_COMPILATION_CACHE", "XLA_PYTHON_CLIENT_PREALLOCATE")
    variables = os.environ | dict.fromkeys(names, "false")
    return json.loads(subprocess.check_output([sys.executable, *words], env=variables))
