"""Every likelihood, and the average of the weights, through every command."""

import functools
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import equinox as eqx
import jax
import numpy as np
import pytest

from cwvae.cli import main
from cwvae.report.animation import write_animation
from cwvae.training.run import load_run

TRAIN = ("train", "--preset", "debug", "--steps", "10", "--log-every", "1")
TRAIN += ("--checkpoint-every", "5", "--forecast-every", "10")

# One with the average of the weights, one that computes with few bits.
OPTIONS = {
    "calibrated": ("--stddev-floor", "0.1", "--stddev-warmup", "5", "--average", "0.5"),
    "bernoulli": ("--compute-dtype", "bfloat16"),
    "logistic": ("--decoder-stddev", "0.3"),
}
families = pytest.mark.parametrize("name", OPTIONS)


@pytest.fixture(scope="module")
def trained(tmp_path_factory) -> Callable[[str], Path]:
    """Train for 10 steps with a likelihood, once."""

    @functools.cache
    def train(name: str) -> Path:
        folder = tmp_path_factory.mktemp("runs") / name
        assert main([*TRAIN, "--likelihood", name, *OPTIONS[name], "--out", str(folder)]) == 0
        return folder

    return train


def arrays(folder: Path) -> list[np.ndarray]:
    """Return all arrays of a run's training state."""
    state = eqx.filter(load_run(folder).state, eqx.is_array)
    return [np.asarray(array) for array in jax.tree.leaves(state)]


@families
def test_a_run_is_logged_and_goes_on_bit_for_bit(name, trained, metrics, tmp_path):
    lines = metrics(trained(name))
    assert [line["step"] for line in lines] == list(range(1, 11))
    assert all(np.isfinite(list(line.values())).all() for line in lines)
    assert all(("stddev" in line) == (name == "calibrated") for line in lines)

    again = shutil.copytree(trained(name), tmp_path / "again")
    options = ["--from-step", "5", "--log-every", "1"]
    assert main(["train", "--out", str(again), "--resume", *options]) == 0
    assert metrics(again) == lines
    for one, other in zip(arrays(trained(name)), arrays(again), strict=True):
        assert np.array_equal(one, other)


@families
def test_it_is_evaluated_and_predicts(name, trained, tmp_path):
    options = ["--num-examples", "1", "--horizon", "4", "--out", str(tmp_path / "results")]
    assert main(["evaluate", str(trained(name)), *options]) == 0
    report = json.loads((tmp_path / "results" / "metrics.json").read_text())
    assert np.isfinite(report["elbo"]["value"])
    assert np.isfinite(report["summary"]["model, mean"]["psnr"]["mean"])

    frames = np.random.default_rng(0).integers(0, 256, (8, 32, 32, 1), dtype=np.uint8)
    video, out = tmp_path / "video.npz", tmp_path / "future.npz"
    write_animation(video, frames)
    options = ["--horizon", "6", "--out", str(out)]
    assert main(["predict", str(trained(name)), str(video), *options]) == 0
    assert np.load(out)["forecast"].shape == (6, 32, 32, 1)


@families
def test_a_run_that_averages_is_described_so(name, trained, capsys):
    folder = trained(name)
    capsys.readouterr()
    assert main(["info", str(folder)]) == 0
    said = capsys.readouterr().out
    assert ("moving average of its weights, decay 0.5" in said) == (name == "calibrated")


def test_the_stddev_of_the_batch_falls_to_its_error_and_the_model_keeps_the_mean(trained, metrics):
    folder = trained("calibrated")
    found = [line["stddev"] for line in metrics(folder)]
    # The preset's, and two fifths of the way to the floor of 0.1.
    assert (found[0], found[2]) == (pytest.approx(1), pytest.approx(0.1**0.4, rel=1e-4))
    assert 0.1 <= found[-1] < found[2]
    assert found[-1] < load_run(folder).state.model.likelihood.stddev < 1


@pytest.mark.parametrize(("name", "decay"), [("calibrated", "0"), ("bernoulli", "0.9")])
def test_the_average_may_be_switched_off_and_on(name, decay, trained, tmp_path):
    again = shutil.copytree(trained(name), tmp_path / "again")
    options = ["--steps", "11", "--average", decay]
    assert main(["train", "--out", str(again), "--resume", *options]) == 0
    run = load_run(again)
    assert (run.state.average is None) == (decay == "0")
    assert eqx.tree_equal(run.model, run.state.result)
