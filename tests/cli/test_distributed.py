"""Two processes of two devices each, over real sockets: the run of one, one stop, one end."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from cwvae.training.run import checkpoint_folder

pytestmark = pytest.mark.slow

# Small networks, since what takes the time is compiling.
MODEL = """
import dataclasses
import equinox as eqx
import jax.numpy as jnp
import jax.random as jr
from cwvae import build as usual


class Encoder(eqx.Module):
    kernels: tuple

    def __call__(self, frame):
        return tuple(jnp.ravel(frame[::8, ::8]) @ kernel for kernel in self.kernels)


class Decoder(eqx.Module):
    kernel: object

    def __call__(self, output):
        return jnp.tanh(output @ self.kernel).reshape(32, 32, 1)


def build(config, *, key):
    model = usual(config, key=key)
    cells = model.hierarchy.cells
    encoder = Encoder(tuple(jr.normal(key, (16, cell.feature_size)) / 4 for cell in cells))
    decoder = Decoder(jr.normal(key, (cells[0].output_size, 1024)) / 4)
    return dataclasses.replace(model, encoder=encoder, decoder=decoder)
"""
STEPS, MINUTES = 20, 8


def start(folder: Path, *arguments: str, devices: int) -> subprocess.Popen:
    """Start a process of so many devices that trains in float64."""
    environment = os.environ | {
        "JAX_ENABLE_X64": "1",
        "JAX_NUM_CPU_DEVICES": str(devices),
        "JAX_DISABLE_MOST_OPTIMIZATIONS": "1",
        # What the first start compiled, the second one need not.
        "JAX_COMPILATION_CACHE_DIR": str(folder / "compiled"),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
    }
    command = [sys.executable, "-m", "cwvae", "train", *arguments, "--log-every", "1"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen(command, cwd=folder, env=environment, **pipes)


def pair(folder: Path, *arguments: str) -> list[subprocess.Popen]:
    """Start two processes that train together."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    together = (f"{address},2,{number}" for number in range(2))
    return [start(folder, *arguments, "--distributed", one, devices=2) for one in together]


def lines(run: Path) -> list[dict]:
    path = run / "metrics.jsonl"
    whole = path.read_text().splitlines(keepends=True) if path.exists() else []
    return [json.loads(line) for line in whole if line.endswith("\n")]


def wait_for_lines(run: Path, count: int, processes: list[subprocess.Popen]) -> None:
    """Wait until so many steps are logged, which must happen while the processes run."""
    for _ in range(MINUTES * 600):
        if len(lines(run)) >= count:
            return
        for process in processes:
            assert process.poll() is None, process.communicate()[1]
        time.sleep(0.1)
    pytest.fail("the processes took too long")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A run of one process, one of two that was stopped, and how these ended."""
    folder = tmp_path_factory.mktemp("runs")
    (folder / "small.py").write_text(MODEL)
    known = ["--preset", "debug", "--model", "small.py:build", "--levels", "1", "--batch-size", "4"]
    alone = start(folder, *known, "--out", "alone", "--steps", str(STEPS), devices=1)
    two = pair(folder, *known, "--out", "two", "--steps", "1000000")
    wait_for_lines(folder / "two", STEPS, two)
    two[1].send_signal(signal.SIGTERM)
    ended = [(*process.communicate(timeout=120), process.returncode) for process in two]
    said = alone.communicate(timeout=300)[1]
    assert alone.returncode == 0, said
    return folder, ended


def test_two_processes_train_as_one_does(made):
    folder, _ = made
    alone, two = (lines(folder / name)[:STEPS] for name in ("alone", "two"))
    for ours, theirs in zip(two, alone, strict=True):
        for line in (ours, theirs):
            del line["frames_per_second"]
        assert ours.keys() == theirs.keys()
        np.testing.assert_allclose([*ours.values()], [*theirs.values()], rtol=1e-12, atol=1e-12)


def test_a_signal_to_one_stops_both_after_the_same_step_and_the_first_alone_writes(made):
    folder, ((printed, _, first), (silent, said, second)) = made
    assert (first, second) == (0, 128 + signal.SIGTERM)
    assert "4 devices, 1 of the 4 videos on each" in printed
    # What connects the processes says so to each; nothing else is for all of them.
    assert all("connected" in line for line in silent.splitlines())
    assert "stopping after this step" in said
    last = lines(folder / "two")[-1]["step"]
    assert [int(path.name) for path in checkpoint_folder(folder / "two").iterdir()] == [last]
    assert len(list((folder / "two" / "forecasts").iterdir())) == 1
    assert len(json.loads((folder / "two" / "environment.json").read_text())) == 1


def test_a_run_goes_on_and_a_process_that_is_killed_ends_the_other_within_a_minute(made):
    folder, _ = made
    kept = lines(folder / "two")
    before = len(kept)
    two = pair(folder, "--out", "two", "--resume")
    wait_for_lines(folder / "two", before + 2, two)
    two[1].kill()
    _, said = two[0].communicate(timeout=60)
    assert two[0].returncode == 1
    line = "cwvae: error: process 0 of 2: process 1 has ended; see what it printed."
    assert said.splitlines()[-1].startswith(line)
    two[1].communicate()
    assert lines(folder / "two")[:before] == kept
