"""Two processes of two devices each, over real sockets: the run of one, one stop, one end."""

import itertools
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
KNOWN = ("--preset", "debug", "--model", "small.py:build", "--levels", "1", "--batch-size", "4")
STEPS, MINUTES = 20, 8


def start(folder: Path, *arguments: str, devices: int, bits: int = 64) -> subprocess.Popen:
    """Start a process of so many devices that trains in floats of so many bits."""
    environment = os.environ | {
        "JAX_ENABLE_X64": str(int(bits == 64)),
        "JAX_NUM_CPU_DEVICES": str(devices),
        "JAX_DISABLE_MOST_OPTIMIZATIONS": "1",
        # What the first start compiled, the second one need not.
        "JAX_COMPILATION_CACHE_DIR": str(folder / "compiled"),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
    }
    command = [sys.executable, "-m", "cwvae", "train", *arguments, "--log-every", "1"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen(command, cwd=folder, env=environment, **pipes)


def free_address() -> str:
    """Return an address of this machine that nothing listens at."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{free.getsockname()[1]}"


def pair(folder: Path, *arguments: str, bits: int = 64) -> list[subprocess.Popen]:
    """Start two processes that train together."""
    address = free_address()
    together = (f"{address},2,{number}" for number in range(2))
    return [
        start(folder, *arguments, "--distributed", one, devices=2, bits=bits) for one in together
    ]


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


def assert_same_steps(ours: Path, theirs: Path, tolerance: float) -> None:
    """Require that two runs logged the same numbers at each of their first steps."""
    for one, other in zip(lines(ours)[:STEPS], lines(theirs)[:STEPS], strict=True):
        for line in (one, other):
            del line["frames_per_second"]
        assert one.keys() == other.keys()
        np.testing.assert_allclose(
            [*one.values()], [*other.values()], rtol=tolerance, atol=tolerance
        )


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with a small model in it."""
    path = tmp_path_factory.mktemp("runs")
    (path / "small.py").write_text(MODEL)
    return path


@pytest.fixture(scope="module")
def ended(folder):
    """How two processes ended that were stopped, beside a run of one process."""
    alone = start(folder, *KNOWN, "--out", "alone", "--steps", str(STEPS), devices=1)
    two = pair(folder, *KNOWN, "--out", "two", "--steps", "1000000")
    wait_for_lines(folder / "two", STEPS, two)
    two[1].send_signal(signal.SIGTERM)
    ends = [(*process.communicate(timeout=120), process.returncode) for process in two]
    said = alone.communicate(timeout=300)[1]
    assert alone.returncode == 0, said
    return ends


@pytest.mark.usefixtures("ended")
def test_two_processes_train_as_one_does(folder):
    assert_same_steps(folder / "two", folder / "alone", 1e-12)


def test_in_float32_too(folder):
    steps = ("--steps", str(STEPS))
    alone = start(folder, *KNOWN, *steps, "--out", "alone32", devices=1, bits=32)
    two = pair(folder, *KNOWN, *steps, "--out", "two32", bits=32)
    for process in (alone, *two):
        said = process.communicate(timeout=300)[1]
        assert process.returncode == 0, said
    assert_same_steps(folder / "two32", folder / "alone32", 1e-5)


def test_a_signal_to_one_stops_both_after_the_same_step_and_the_first_alone_writes(folder, ended):
    (printed, _, first), (silent, said, second) = ended
    assert (first, second) == (0, 128 + signal.SIGTERM)
    assert "4 devices, 1 of the 4 videos on each" in printed
    # What connects the processes says so to each; nothing else is for all of them.
    assert all("connected" in line for line in silent.splitlines())
    assert "stopping after this step" in said
    last = lines(folder / "two")[-1]["step"]
    assert [int(path.name) for path in checkpoint_folder(folder / "two").iterdir()] == [last]
    assert len(list((folder / "two" / "forecasts").iterdir())) == 1
    assert len(json.loads((folder / "two" / "environment.json").read_text())) == 1


def test_other_videos_in_one_of_them_are_an_error_of_both_before_the_first_step(folder):
    for number, part in itertools.product(range(2), ("train", "test")):
        place = folder / f"machine{number}" / "data" / part
        place.mkdir(parents=True)
        video = np.random.default_rng(number).integers(0, 256, (40, 32, 32, 1), np.uint8)
        np.savez(place / "video.npz", video)
    address = free_address()
    both = [
        start(
            folder / f"machine{number}",
            *("--data", "video_folder:data", "--preset", "debug", "--batch-size", "4"),
            *("--out", str(folder / "unequal"), "--distributed", f"{address},2,{number}"),
            devices=2,
        )
        for number in range(2)
    ]
    said = [process.communicate(timeout=300)[1] for process in both]
    codes = [process.returncode for process in both]
    # One may end the other, or JAX in it, before that has a line of its own.
    assert 2 in codes, said
    assert 0 not in codes, said
    assert any("the same settings and videos, got others in process 1" in text for text in said), (
        said
    )
    assert not (folder / "unequal").exists()


@pytest.mark.usefixtures("ended")
def test_a_run_goes_on_and_a_process_that_is_killed_ends_the_other_within_a_minute(folder):
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
