"""What sharing a batch costs: a training step on several virtual devices of the same cores.

    taskset -c 0,1 python scripts/devices.py [--preset pocket] [--batch 16] [--out RESULT.json]

takes steps on one device and on several in turn, all on the cores that the process has, and prints
the fastest step of each. There is no more to compute with, so what is beyond the time of one device
is the cost of sharing: adding up gradients, waiting, smaller batches. For an idle machine.
"""

import argparse
import dataclasses
import json
import os
import time
from collections.abc import Callable
from pathlib import Path

import jax
import jax.random as jr
import numpy as np

from cwvae.provenance import environment
from cwvae.training import devices
from cwvae.training.methods import build_any
from cwvae.training.presets import PRESETS
from cwvae.training.step import init_train_state, train_in_place

RESULT = Path(__file__).parents[1] / "benchmarks" / "results" / "devices.json"
COMMAND = "taskset -c 0,1 python scripts/devices.py"


def stepper(preset: str, batch: int, count: int) -> Callable[[], float]:
    """Return a function that takes a step on so many devices and returns its seconds."""
    known, mesh = PRESETS[preset], devices.batch_mesh(count)
    config = dataclasses.replace(known.train, batch_size=batch)
    size, channels = known.model.size, known.model.channels
    shape = batch, config.frames, size, size, channels
    videos = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    model = build_any(known.model, key=jr.key(0))
    state = devices.shard_state(init_train_state(model, config), mesh)

    def step() -> float:
        nonlocal state
        start = time.perf_counter()
        state, record = train_in_place(devices.shard_batch(videos, mesh), state, config)
        jax.block_until_ready((state, record))
        return time.perf_counter() - start

    step()  # compiles
    return step


def table(report: dict) -> str:
    """Return the seconds of each number of devices beside those of one, for a page."""
    one = report["seconds"]["1"]
    rows = [f"| {n} | {s:.4f} | {s / one:.2f} |" for n, s in report["seconds"].items()]
    head = "| devices | seconds of a step | times one device |\n|---|---|---|"
    return "\n".join([head, *rows])


def main() -> None:
    """Measure, write and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--out", type=Path, default=RESULT)
    parser.add_argument("--preset", default="pocket", choices=PRESETS)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--devices", type=int, nargs="+", default=[2, 4])
    parser.add_argument("--rounds", type=int, default=20)
    options = parser.parse_args()
    jax.config.update("jax_num_cpu_devices", max(options.devices))
    counts = [1, *options.devices]
    steppers = {str(n): stepper(options.preset, options.batch, n) for n in counts}
    seconds = dict.fromkeys(steppers, float("inf"))
    for _ in range(options.rounds):
        for n, step in steppers.items():
            seconds[n] = min(seconds[n], step())
    report = {
        "preset": options.preset,
        "batch": options.batch,
        "cores": len(os.sched_getaffinity(0)),
        "seconds": seconds,
        "environment": environment() | {"command": COMMAND},
    }
    options.out.write_text(json.dumps(report, indent=2, default=str) + "\n")
    print(table(report))


if __name__ == "__main__":
    main()
