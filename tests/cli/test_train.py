import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import jax
import numpy as np
import pytest
from av import open as open_video

from cwvae.cli import main
from cwvae.cli.logs import Logs
from cwvae.cli.times import Times
from cwvae.training import disk
from cwvae.training.run import load_run
from cwvae.training.settings import read_settings


def weights(folder: Path) -> list[np.ndarray]:
    model = load_run(folder).model
    return [np.asarray(x) for x in jax.tree.leaves(model) if hasattr(x, "dtype")]


def same(first: list[np.ndarray], second: list[np.ndarray]) -> bool:
    return all(np.array_equal(x, y) for x, y in zip(first, second, strict=True))


def wait_for(process: subprocess.Popen, condition) -> None:
    """Wait until something is true, which must happen while the process runs."""
    for _ in range(20_000):
        if condition():
            return
        assert process.poll() is None, process.communicate()[1].decode()
        time.sleep(0.01)
    pytest.fail("the process took too long")


# Another way to compile moves last bits, so that processes compile as this one does.
AS_HERE = {
    f"JAX_{name}".upper(): str(jax.config.values[f"jax_{name}"])
    for name in (
        "numpy_dtype_promotion",
        "numpy_rank_promotion",
        "default_matmul_precision",
        "disable_most_optimizations",
    )
}


def start(arguments) -> subprocess.Popen:
    command = [sys.executable, "-m", "cwvae", *arguments]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen(command, env=os.environ | AS_HERE, **pipes)


def complete(arguments) -> int:
    process = start(arguments)
    process.communicate()
    return process.returncode


def lines(folder: Path) -> int:
    path = folder / "metrics.jsonl"
    return path.read_text().count("\n") if path.exists() else 0


@pytest.mark.slow
def test_a_run_that_was_killed_and_stopped_goes_on_bit_for_bit(
    run, train_arguments, metrics, tmp_path
):
    folder = tmp_path / "broken"
    arguments = [*train_arguments, "--out", str(folder)]

    process = start(arguments)
    wait_for(process, (folder / "checkpoints" / "20").exists)
    process.kill()
    process.communicate()
    assert lines(folder) < 120
    latest = max(int(p.name) for p in (folder / "checkpoints").iterdir() if p.name.isdigit())

    process = start([*arguments, "--resume"])
    wait_for(process, lambda: lines(folder) > latest + 5)
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate()
    assert process.returncode == 128 + signal.SIGTERM, said.decode()
    assert "stopping after this step" in said.decode()
    stopped = lines(folder)
    assert latest < stopped < 120
    assert (folder / "checkpoints" / str(stopped)).exists()

    assert complete([*arguments, "--resume"]) == 0
    assert metrics(folder) == metrics(run)
    assert same(weights(folder), weights(run))
    assert len(json.loads((folder / "environment.json").read_text())) == 3


def test_a_run_holds_its_configuration_environment_and_results(run, metrics):
    settings = read_settings(run)
    assert settings.preset == "debug"
    assert settings.train.steps == 120
    (environment,) = json.loads((run / "environment.json").read_text())
    assert environment["versions"]["jax"] == jax.__version__
    assert environment["device"].startswith(jax.default_backend())
    assert {"date", "command", "python", "platform", "git_commit"} <= environment.keys()

    read = metrics(run)
    assert [line["step"] for line in read] == list(range(1, 121))
    # The videos of a batch move the loss more than so few steps; what these learn first is the KL.
    nats = [line["kl/level_0"] for line in read]
    assert np.mean(nats[-20:]) < np.mean(nats[:20])
    by_level = {
        f"{name}/level_{n}" for name in ("kl", "kl_per_tick", "active_units") for n in range(3)
    }
    assert all(line.keys() == {"step", "loss", "nll", "gradient_norm"} | by_level for line in read)
    for line in read:
        bound = line["nll"] + sum(line[f"kl/level_{level}"] for level in range(3))
        assert line["loss"] == pytest.approx(bound, rel=1e-5)

    checkpoints = [p.name for p in (run / "checkpoints").iterdir() if p.name.isdigit()]
    assert sorted(map(int, checkpoints)) == [80, 100, 120]  # the last three of six
    (events,) = (run / "tensorboard").iterdir()
    assert events.stat().st_size > 120 * 12 * 20
    with open_video(str(run / "forecasts" / "step_0000120.gif")) as gif:
        assert sum(1 for _ in gif.decode(video=0)) == 4 + 8


def test_a_finished_run_that_is_resumed_stays_as_it_is(run, train_arguments, metrics):
    before = metrics(run), weights(run)
    environment = (run / "environment.json").read_text()
    assert main([*train_arguments, "--out", str(run), "--resume"]) == 0
    assert metrics(run) == before[0]
    assert same(weights(run), before[1])
    (run / "environment.json").write_text(environment)


def test_a_run_is_not_overwritten(run, train_arguments, capsys):
    assert main([*train_arguments, "--out", str(run)]) == 2
    assert "holds a run already; add --resume" in capsys.readouterr().err


def test_nothing_but_the_steps_changes_when_a_run_is_resumed(run, train_arguments, capsys):
    arguments = [*train_arguments, "--out", str(run), "--resume", "--stoch-size", "5"]
    assert main(arguments) == 2
    assert "stoch_size 4, which cannot change to 5" in capsys.readouterr().err


def test_a_broken_configuration_is_named(run, tmp_path, capsys):
    folder = tmp_path / "run"
    folder.mkdir()
    text = (run / "config.json").read_text()
    (folder / "config.json").write_text(text.replace('"stoch_size": 4', '"stock": 4'))
    assert main(["train", "--out", str(folder), "--resume"]) == 2
    said = capsys.readouterr().err
    assert "config.json: expected the configuration of a run" in said
    assert "stock" in said


def test_a_loss_that_is_not_finite_stops_the_run_and_keeps_the_last_good_checkpoint(
    tmp_path, capsys
):
    folder = tmp_path / "run"
    arguments = ["train", "--preset", "debug", "--out", str(folder), "--steps", "50"]
    arguments += ["--learning-rate", "999", "--checkpoint-every", "1", "--log-every", "1"]
    assert main(arguments) == 1
    said = capsys.readouterr().err.splitlines()[-1]
    assert "is not finite" in said
    step = int(said.split("step ")[1].split()[0])
    assert f"the checkpoint of step {step - 1} is kept" in said
    assert all(np.isfinite(leaf).all() for leaf in weights(folder))


def test_lines_after_the_checkpoint_are_written_again(tmp_path):
    path = tmp_path / "metrics.jsonl"
    kept = "".join(json.dumps({"step": step}) + "\n" for step in range(1, 6))
    path.write_text(kept + '{"step": 6}\n{"step": 7, "lo')
    with Logs(tmp_path, start=5, steps=9, every=1, frames_per_step=1, times=Times()):
        assert path.read_text() == kept


DOOMED = """import jax.numpy as jnp
import jax
import equinox as eqx
from cwvae import build as made
def build(config, *, key):
    spoil = lambda x: x * jnp.nan if eqx.is_inexact_array(x) else x
    return jax.tree.map(spoil, made(config, key=key))
"""


def test_a_first_step_that_is_not_finite_leaves_nothing_behind(tmp_path, capsys):
    model, folder = tmp_path / "model.py", tmp_path / "run"
    model.write_text(DOOMED)
    arguments = ["train", "--preset", "debug", "--out", str(folder), "--steps", "2"]
    assert main([*arguments, "--model", f"{model}:build"]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("cwvae: error: step 1 is not finite")
    assert line.endswith("nothing was written")
    assert not folder.exists()


def test_a_full_disk_ends_the_run_with_one_line_and_keeps_the_last_checkpoint(
    run, tmp_path, monkeypatch, capsys
):
    folder = shutil.copytree(run, tmp_path / "run")
    usage = shutil.disk_usage(folder)._replace(free=2**20)
    monkeypatch.setattr(disk.shutil, "disk_usage", lambda folder: usage)
    assert main(["train", "--out", str(folder), "--resume", "--steps", "121"]) == 1
    line = capsys.readouterr().err.splitlines()[-1]
    assert "No space left on device" in line
    assert line.endswith("the checkpoint of step 120 is kept")
    assert load_run(folder).step == 120
