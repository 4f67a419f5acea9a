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
from measuring import Calls, LeftOutError, compiled
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
    last = collections.deque(maxlen=1)

    def after() -> dict[str, Any]:
        return {
            "value": {"mean": float(last[0]["video"].mean())},
            "frames": MANY * batch * frames,
            "parameters": {"frames": frames, "batches": MANY},
        }

    def call() -> None:
        last.extend(itertools.islice(source, MANY))

    # A first round uses up the batches that were made ahead.
    return Calls(call=call, after=after, rounds=5, warm=1)


def waiting(preset: str, batch: int) -> Calls:
    """Return the loop of `cwvae train`, with a clock on the batches that it waits for."""
    step = train(preset, batch)
    source = _batches(preset, batch, step.parameters["frames"])
    _, state, config = step.arguments()
    run, known = compiled(step.function, (jnp.asarray(next(source)["video"]), state, config))
    loop: dict[str, Any] = {"state": state, "unread": None}
    waited, lasted = [], []
    del state

    def call() -> None:
        """Take a step; while it runs, wait for the record of the one before."""
        start = time.perf_counter()
        videos = next(source)["video"]
        waited.append(time.perf_counter() - start)
        loop["state"], record = run(jnp.asarray(videos), loop["state"], config)
        jax.block_until_ready(loop["unread"])
        loop["unread"] = record
        lasted.append(time.perf_counter() - start)

    def after() -> dict[str, Any]:
        share = sum(waited[AHEAD:]) / sum(lasted[AHEAD:])
        return {
            "value": {"waiting_share": share, "loss": float(loop["unread"].loss.total)},
            "parameters": dict(step.parameters),
            "frames": step.frames,
            "trace_seconds": known["trace_seconds"],
            "compile_seconds": known["compile_seconds"],
        }

    return Calls(call=call, after=after, rounds=STEPS, warm=AHEAD)


def importing(module: str) -> Calls:
    """Return a process from its start until a module is imported."""
    counts = []
    return Calls(
        call=lambda: counts.append(_printed("-c", IMPORT.format(module))),
        after=lambda: {"value": {"modules": counts[-1]}, "memory": {}},
        rounds=3,
        warm=1,
    )


def first_step(preset: str, batch: int) -> Calls:
    """Return a process from its start until the first training step is done."""
    frames, found = PRESETS[preset].train.frames, []
    words = (PEER_CASES, "--case=train", f"--size={preset}", f"--batch={batch}", "--rounds=0")

    def after() -> dict[str, Any]:
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

    return Calls(call=lambda: found.append(_printed(*words)), after=after, rounds=3)


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
    variables = os.environ | {
        "JAX_ENABLE_COMPILATION_CACHE": "false",
        "XLA_PYTHON_CLIENT_PREALLOCATE": "false",
    }
    command = [sys.executable, *words]
    done = subprocess.run(command, env=variables, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed: {done.stderr.strip()}")
    return json.loads(done.stdout)
