"""Methods other than CW-VAE, and a model of one's own: the life of a run by the same commands."""

import json
from pathlib import Path

import numpy as np
import pytest

from cwvae.cli.main import main
from cwvae.pretrained import load_pretrained
from cwvae.training.named_arrays import named_arrays
from cwvae.training.run import load_run

pytestmark = pytest.mark.slow

OWN = Path(__file__).parents[2] / "scripts" / "examples" / "own_video_model.py"
METHODS = {
    "svg": ["--preset", "debug_svg_lp", "--num-digits", "1"],
    "vta": ["--preset", "debug_vta", "--num-digits", "1"],
    "own": ["--preset", "debug", "--num-digits", "1", "--model", f"{OWN}:build"],
}


def weights(run: Path) -> dict[str, np.ndarray]:
    return {name: np.asarray(array) for name, array in named_arrays(load_run(run).model).items()}


@pytest.mark.parametrize("options", METHODS.values(), ids=METHODS)
def test_a_run_of_any_method_is_resumed_measured_shown_and_exported(options, tmp_path, capsys):
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    often = ["--checkpoint-every", "2", "--forecast-every", "100", "--log-every", "1"]
    assert main(["train", "--out", str(whole), *options, "--steps", "3", *often]) == 0
    assert main(["train", "--out", str(parts), *options, "--steps", "2", *often]) == 0
    assert main(["train", "--out", str(parts), "--resume", "--steps", "3"]) == 0
    undisturbed, resumed = weights(whole), weights(parts)
    assert undisturbed.keys() == resumed.keys()
    assert all(np.array_equal(undisturbed[name], resumed[name]) for name in undisturbed)

    looks = ["--num-examples", "2", "--context", "4", "--horizon", "12"]
    assert main(["evaluate", str(whole), *looks]) == 0
    report = json.loads((whole / "evaluation" / "metrics.json").read_text())
    assert report["identity"]["videos"] == 2
    assert ("elbo" in report) == (options is not METHODS["own"])

    video = tmp_path / "video.npz"
    np.savez(video, np.zeros((8, 32, 32, 1), np.uint8))
    forecast = tmp_path / "forecast.npz"
    assert (
        main(
            [
                "predict",
                str(whole),
                str(video),
                "--context",
                "4",
                "--horizon",
                "3",
                "--out",
                str(forecast),
            ]
        )
        == 0
    )
    assert np.load(forecast)["forecast"].shape == (3, 32, 32, 1)

    assert main(["info", str(whole)]) == 0
    assert "parameters" in capsys.readouterr().out
    exported = tmp_path / "model.safetensors"
    assert main(["export", str(whole), str(exported)]) == 0
    if options is not METHODS["own"]:
        again = named_arrays(load_pretrained(exported).model)
        assert all(np.array_equal(again[name], undisturbed[name]) for name in undisturbed)

    capsys.readouterr()
    for command in (["analyse", str(whole)], ["encode", str(whole), str(video), "--out", "x.npz"]):
        assert main(command) == 2
        assert "must be given a model with levels" in capsys.readouterr().err


@pytest.mark.parametrize("preset", ["debug_svg_lp", "debug_vta"])
@pytest.mark.parametrize(
    "option",
    [
        ["--kl-balance", "0.5"],
        ["--hide", "0.1"],
        ["--free-nats", "1"],
        ["--free-nats", "1", "--free-nats-steps", "2"],
        ["--pieces", "2"],
    ],
    ids=" ".join,
)
def test_an_option_of_the_loss_that_a_method_lacks_is_named(preset, option, tmp_path, capsys):
    out = tmp_path / "run"
    assert main(["train", "--preset", preset, "--out", str(out), *option]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert option[0].removeprefix("--").replace("-", "_") in line.replace("-", "_")
    assert not out.exists()


def test_blind_levels_are_those_of_a_model_with_levels(tmp_path, capsys):
    out = tmp_path / "run"
    assert main(["train", "--out", str(out), *METHODS["own"], "--steps", "1"]) == 0
    assert main(["evaluate", str(out), "--blind", "0"]) == 2
    assert "--blind must be given a model with levels" in capsys.readouterr().err
