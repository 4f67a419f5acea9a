"""What is measured as it runs, by the wall clock: the data pipeline, and processes that start."""

import collections
import importlib.util
import itertools
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
from kinds import Calls, LeftOutError
from measuring import compiled
from programs import train

from cwvae import PRESETS

MANY = 8  # batches in a round, more than the pipeline keeps ahead
STEPS = 12
AHEAD = 5  # steps for which there may be batches that were made while the step was compiled
PEER_CASES = str(Path(__file__).with_name("peer_cases.py"))
IMPORT = "import {}, json, sys; print(json.dumps(len(sys.modules)))"


def batches(preset: str, batch: int) -> Calls:
    """Return batches of 100 frames of Moving MNIST as fast as they come, when nothing else runs."""
    frames, source = 100, _batches(preset, batch, 100)
    last: collections.deque[dict[str, Any]] = collections.deque(maxlen=1)

    def after(_: list[None]) -> dict[str, Any]:
        return {
            "value": {"mean": float(last[0]["video"].mean())},
            "frames": MANY * batch * frames,
            "parameters": {"frames": frames, "batches": MANY},
        }

    # A first round uses up the batches that were made ahead.
    return Calls(lambda: last.extend(itertools.islice(source, MANY)), after, rounds=5, warm=1)


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
        return {
            "value": {
                "waiting_share": sum(waited) / sum(lasted),
                "loss": float(records[-1].loss.total),
            },
            "parameters": dict(step.parameters),
            "frames": step.frames,
            "trace_seconds": known["trace_seconds"],
            "compile_seconds": known["compile_seconds"],
        }

    return Calls(steps(state).__next__, after, rounds=STEPS, warm=AHEAD)


def importing(module: str) -> Calls:
    """Return a process from its start until a module is imported."""
    return Calls(
        lambda: _printed("-c", IMPORT.format(module)),
        lambda counts: {"value": {"modules": counts[-1]}, "memory": {}},
        rounds=3,
        warm=1,
    )


def first_step(preset: str, batch: int) -> Calls:
    """Return a process from its start until the first training step is done."""
    frames = PRESETS[preset].train.frames
    words = (PEER_CASES, "--case=train", f"--size={preset}", f"--batch={batch}", "--rounds=0")

    def after(found: list[dict[str, Any]]) -> dict[str, Any]:
        best = min(found, key=lambda one: one["seconds_to_first_step"])
        parts = {name: best[name] for name in ("import_seconds", "build_seconds")}
        return {
            "value": best["value"] | {"seconds": best["seconds_to_first_step"]} | parts,
            "memory": {"peak_rss": best["peak_rss_bytes"]},
            "trace_seconds": best["trace_seconds"],
            "compile_seconds": best["compile_seconds"],
            "parameters": {"frames": frames},
            "frames": batch * frames,
        }

    return Calls(lambda: _printed(*words), after, rounds=3)


def _batches(preset: str, batch: int, frames: int) -> Iterator[dict[str, Any]]:
    """Return batches of Moving MNIST, drawn on the fly."""
    if importlib.util.find_spec("grain") is None:
        raise LeftOutError("needs a package that is not installed: grain")
    from cwvae.data.digits import load_digits
    from cwvae.data.moving_mnist import MovingMNIST
    from cwvae.data.pipeline import batches

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
