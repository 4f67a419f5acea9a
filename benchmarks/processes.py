"""What is measured as it runs, by the wall clock: the data pipeline, and processes that start."""

import itertools
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from operator import itemgetter
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
PEER_CASES = str(Path(__file__).with_name("peer_cases.py"))


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


def first_step(preset: str, batch: int) -> Calls:
    """Return a process from its start until the first training step is done."""
    words = (PEER_CASES, "--case=train", f"--size={preset}", f"--batch={batch}", "--rounds=0")

    def after(found: list[dict[str, Any]]) -> dict[str, Any]:
        best = min(found, key=itemgetter("seconds_to_first_step"))
        parts = {name: best[name] for name in ("import_seconds", "build_seconds")}
        return {name: best[name] for name in COMPILING} | {
            "value": best["value"] | {"seconds": best["seconds_to_first_step"]} | parts,
            "memory": {"peak_rss": best["peak_rss_bytes"]},
            "parameters": {"frames": best["frames"]},
            "frames": batch * best["frames"],
        }

    return Calls(lambda: _printed(*words), after, rounds=3)


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
