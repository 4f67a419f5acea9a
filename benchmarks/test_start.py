"""What one waits for before anything happens, each time in a process of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from sets import quick

from cwvae import PRESETS

ROUNDS = 3
FIRST_STEP = str(Path(__file__).with_name("first_step.py"))
IMPORT = "import {}, json, sys, time; print(json.dumps([time.process_time(), len(sys.modules)]))"
# Nothing is compiled before, and a GPU's memory is left to the process that started this one.
SURROUNDINGS = os.environ | {
    "JAX_ENABLE_COMPILATION_CACHE": "false",
    "XLA_PYTHON_CLIENT_PREALLOCATE": "false",
}


def run(*words):
    """Run Python and return what it prints, as JSON."""
    command = [sys.executable, *words]
    done = subprocess.run(command, env=SURROUNDINGS, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed: {done.stderr.strip()}")
    return json.loads(done.stdout)


@pytest.mark.parametrize("module", [quick("cwvae.clock"), "cwvae", "cwvae.train"])
def test_import(measure, module):
    """A process from its start until the module is imported."""
    told = []

    def after():
        seconds, modules = min(told)
        return {"value": {"modules": modules}, "cpu_seconds": seconds, "memory": {}}

    measure.plain(
        lambda: told.append(run("-c", IMPORT.format(module))), after, rounds=ROUNDS, warm=1
    )


@pytest.mark.parametrize(("preset", "batch"), [quick("debug", 1), ("moving_mnist", 8)])
def test_first_step(measure, preset, batch):
    """A process from its start until the first training step is done."""
    frames = PRESETS[preset].train.frames
    told = []

    def after():
        known = min(told, key=lambda one: one["value"]["seconds"])
        return known | {"parameters": {"frames": frames}, "frames": batch * frames}

    measure.plain(
        lambda: told.append(run(FIRST_STEP, preset, str(batch), str(frames))),
        after,
        rounds=ROUNDS,
    )
