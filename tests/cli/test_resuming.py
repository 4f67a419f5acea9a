"""What may change in a run that goes on, and what must not."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from cwvae.cli import main
from cwvae.training.settings import read_settings

TRAIN = ("train", "--preset", "debug", "--steps", "1", "--forecast-every", "99")
FIRST = Path(__file__).parents[1] / "training" / "version_0_1"


@pytest.fixture(scope="module")
def started(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "started"
    assert main([*TRAIN, "--out", str(folder)]) == 0
    return folder


@pytest.fixture
def copied(started, tmp_path):
    return shutil.copytree(started, tmp_path / "run")


def resume(folder: Path, *options: str) -> int:
    return main(["train", "--out", str(folder), "--resume", *options])


KEPT = {
    "preset": ["--preset", "kth"],
    "stoch_size": ["--stoch-size", "5"],
    "decoder_stddev": ["--decoder-stddev", "0.5"],
    "update_bias": ["--update-bias", "1", "2", "2"],
    "residual_prior": ["--residual-prior", "False", "True", "True"],
    "cell": ["--cell", "min_gru"],
    "lookahead": ["--no-lookahead"],
    "batch_size": ["--batch-size", "3"],
    "frames": ["--frames", "4"],
    "pieces": ["--pieces", "2"],
    "seed": ["--seed", "1"],
    "speed": ["--speed", "2"],
    "flip": ["--flip"],
    "num_digits": ["--num-digits", "1"],
}


@pytest.mark.parametrize(("name", "options"), KEPT.items(), ids=KEPT)
def test_what_a_run_keeps_cannot_change(name, options, started, capsys):
    before = (started / "config.json").read_text()
    assert resume(started, "--steps", "2", *options) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert f"the run has {name} " in line
    assert "cannot change" in line
    assert f"leave --{name.replace('_', '-')} out" in line
    assert (started / "config.json").read_text() == before


def test_what_every_step_reads_may_change_and_is_recorded(copied):
    options = ["--steps", "3", "--learning-rate", "0.01", "--clip-norm", "5", "--beta", "0.5"]
    options += ["--beta-start", "0.1", "--beta-steps", "9", "--tick-free-nats", "0.1", "0.2", "0.3"]
    options += ["--free-nats-steps", "7"]
    assert resume(copied, *options, "--decay", "0.5", "--epsilon", "0.001") == 0
    train = read_settings(copied).train
    assert (train.beta_start, train.beta_steps, train.free_nats_steps) == (0.1, 9, 7)
    assert train.tick_free_nats == (0.1, 0.2, 0.3)
    assert (train.steps, train.learning_rate, train.clip_norm) == (3, 0.01, 5)
    assert (train.beta, train.decay, train.epsilon) == (0.5, 0.5, 0.001)
    assert resume(copied, "--steps", "4") == 0
    assert read_settings(copied).train.learning_rate == 0.01


def test_the_preset_that_a_run_has_can_be_given(copied):
    assert resume(copied, "--preset", "debug") == 0


def test_a_run_of_version_0_1_is_not_trained_on(started, tmp_path, capsys):
    folder = shutil.copytree(started, tmp_path / "run")
    shutil.copy(FIRST / "config.json", folder)
    assert resume(folder, "--steps", "9") == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "was trained by cwvae 0.1, whose optimiser" in line
    assert main(["info", str(folder)]) == 0
    out = str(tmp_path / "evaluation")
    options = ["--num-examples", "1", "--horizon", "4", "--out", out]
    assert main(["evaluate", str(folder), *options]) == 0


@pytest.mark.slow
def test_a_run_keeps_its_precision(started, capfd):
    environment = os.environ | {"JAX_ENABLE_X64": "1"}
    command = [sys.executable, "-m", "cwvae", "train", "--out", str(started), "--resume"]
    done = subprocess.run([*command, "--steps", "2"], env=environment, capture_output=True)
    assert done.returncode == 2
    (line,) = done.stderr.decode().splitlines()
    assert "float32" in line
    assert "float64" in line
    assert "start with JAX_ENABLE_X64=0" in line


def test_lines_of_metrics_go_on(copied):
    assert resume(copied, "--steps", "3", "--log-every", "1") == 0
    lines = (copied / "metrics.jsonl").read_text().splitlines()
    steps = [json.loads(line)["step"] for line in lines]
    assert steps == sorted(set(steps))
    assert steps[-2:] == [2, 3]
    assert np.isfinite([json.loads(line)["loss"] for line in lines]).all()
