"""Exported models on the command line: written from a run, taken in its place, and begun with."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from cwvae.cli import main
from cwvae.pretrained import Pretrained, load_pretrained, places
from cwvae.report.animation import write_animation
from cwvae.training.named_arrays import named_arrays
from cwvae.training.run import Run, load_run
from cwvae.training.settings import read_settings


@pytest.fixture(scope="module")
def evaluated(run, tmp_path_factory):
    """What `cwvae evaluate` found about the run."""
    out = tmp_path_factory.mktemp("evaluation")
    arguments = ["evaluate", str(run), "--out", str(out), "--num-examples", "1", "--horizon", "6"]
    assert main(arguments) == 0
    return out


@pytest.fixture(scope="module")
def file(run, evaluated, tmp_path_factory):
    """The run, exported in full precision."""
    path = tmp_path_factory.mktemp("exports") / "small.safetensors"
    options = ["--note", "For tests.", "--license", "MIT", "--evaluation", str(evaluated)]
    assert main(["export", str(run), str(path), *options]) == 0
    return path


@pytest.fixture
def packaged(file, monkeypatch):
    """The exported model as if it were in the package."""
    monkeypatch.setattr(places, "_FOLDER", file.parent)
    return "pretrained:small"


def largest_difference(mine: Run | Pretrained, theirs: Run | Pretrained) -> float:
    """Return by how much weights differ at most."""
    first, second = (named_arrays(loaded.model) for loaded in (mine, theirs))
    return max(float(abs(first[name] - second[name]).max()) for name in first | second)


def test_an_export_prints_what_it_wrote_and_its_card_has_what_is_known(run, file, evaluated):
    loaded = load_pretrained(file)
    assert loaded.step == 120
    metrics = json.loads((evaluated / "metrics.json").read_text())
    psnr = metrics["summary"]["model, mean"]["psnr"]["mean"]
    assert loaded.header.headline.startswith(f"PSNR {psnr:.1f} dB")
    for words in ("For tests.", "| licence | MIT |", "| hours |", "1 test videos of moving_mnist"):
        assert words in loaded.card
    assert largest_difference(loaded, load_run(run)) == 0


def test_an_export_is_one_line(run, tmp_path, capsys):
    out = tmp_path / "folder"
    assert main(["export", str(run), str(out), "--dtype", "bfloat16", "--step", "100"]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith(f"{out}: 0.1 MB, 24,009 parameters in bfloat16, step 100, apache-2.0;")
    assert line.endswith("; not measured")


def test_an_evaluation_of_another_step_is_not_that_of_the_model(run, evaluated, tmp_path, capsys):
    out = str(tmp_path / "a.safetensors")
    options = ["--step", "100", "--evaluation", str(evaluated)]
    assert main(["export", str(run), out, *options]) == 2
    assert "the step that is exported, 100, got one of 120" in capsys.readouterr().err
    (tmp_path / "metrics.json").write_text("{}")
    assert main(["export", str(run), out, "--evaluation", str(tmp_path)]) == 2
    assert "metrics.json: expected what cwvae evaluate writes" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == [tmp_path / "metrics.json"]


def test_what_is_exported_is_not_exported_again(file, run, tmp_path, capsys):
    assert main(["export", str(file), str(tmp_path / "a.safetensors")]) == 2
    assert "RUN must be the folder of a run, got " in capsys.readouterr().err
    assert main(["export", str(run), str(run)]) == 2
    assert "holds other files; export to a new folder" in capsys.readouterr().err


def test_a_model_predicts_and_is_measured_as_its_run_does(run, packaged, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_animation(Path("video.npz"), np.full((4, 32, 32, 1), 99, np.uint8))

    def results(source: str, number: str, *out: str) -> tuple[np.ndarray, dict, Path]:
        assert main(["predict", source, "video.npz", "--horizon", "6", "--out", number]) == 0
        options = ["--num-examples", "1", "--horizon", "6", *out]
        assert main(["evaluate", source, *options]) == 0
        folder = Path(out[1] if out else "small-evaluation")
        metrics = json.loads((folder / "metrics.json").read_text())
        return np.load(number)["forecast"], metrics["summary"], metrics["step"]

    ours, theirs = results(packaged, "a.npz"), results(str(run), "b.npz", "--out", "theirs")
    assert np.array_equal(ours[0], theirs[0])
    assert ours[1:] == theirs[1:]
    # Nothing is written where the model lies.
    assert {path.name for path in places._FOLDER.iterdir()} == {"small.safetensors"}


def test_info_prints_the_table_and_the_card(packaged, capsys):
    assert main(["info", packaged]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("pretrained:small: preset debug, 120 steps trained\n")
    assert printed.count("RSSMCell(GRU)") == 3
    assert "# small" in printed


def test_models_are_listed_with_what_one_asks_first(packaged, capsys):
    assert main(["models"]) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith("pretrained:small ")
    assert " 0.1 MB, 24,009 parameters; PSNR " in first
    assert second.strip() == "moving_mnist drawn on the fly, 2 digits; 120 steps; MIT"


def test_without_models_the_list_names_what_makes_one(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(places, "_FOLDER", tmp_path)
    assert main(["models"]) == 0
    assert "no models in the package; cwvae export RUN FILE" in capsys.readouterr().out


@pytest.mark.parametrize("command", ["info", "evaluate"])
def test_a_name_that_is_none_is_an_error_with_the_names(command, packaged, capsys):
    assert main([command, "pretrained:large"]) == 2
    assert "name of a model in the package (small); cwvae models" in capsys.readouterr().err


def test_an_exported_model_has_one_step(packaged, capsys):
    assert main(["evaluate", packaged, "--step", "100"]) == 2
    assert "--step must be left out for an exported model, got 100" in capsys.readouterr().err


@pytest.mark.parametrize("options", [["--resume"], ["--preset", "debug"]])
def test_an_exported_model_is_no_run_to_resume_or_overwrite(options, run, tmp_path, capsys):
    folder = tmp_path / "folder"
    assert main(["export", str(run), str(folder)]) == 0
    assert main(["train", "--out", str(folder), *options]) == 2
    error = capsys.readouterr().err
    assert f"begin another run with its weights: --out RUN --init {folder}" in error
    assert error.count("\n") == 1
    assert len(list(folder.iterdir())) == 3


def test_a_model_in_the_package_is_no_run_to_resume(packaged, capsys):
    assert main(["train", "--out", packaged, "--resume"]) == 2
    assert "begin another run with its weights" in capsys.readouterr().err


SHORT = ("--steps", "1", "--learning-rate", "1e-20", "--forecast-every", "99")


def test_a_run_begins_with_the_weights_of_a_model_and_keeps_them(packaged, run, tmp_path, capsys):
    out = tmp_path / "run"
    assert main(["train", "--init", packaged, "--out", str(out), *SHORT]) == 0
    settings = read_settings(out)
    assert (settings.preset, settings.init) == ("debug", packaged)
    assert settings.train.decay == 0.5  # as the model was trained
    assert largest_difference(load_run(out), load_pretrained(packaged)) < 1e-6
    assert main(["train", "--out", str(out), "--resume", "--init", str(run)]) == 2
    assert "the run has init pretrained:small, which cannot change" in capsys.readouterr().err
    # Without a checkpoint yet it begins again with the same weights.
    shutil.rmtree(out / "checkpoints")
    assert main(["train", "--out", str(out), "--resume"]) == 0
    assert largest_difference(load_run(out), load_pretrained(packaged)) < 1e-6


def test_a_run_begins_with_the_weights_of_a_run(run, tmp_path):
    out = tmp_path / "run"
    assert main(["train", "--init", str(run), "--out", str(out), *SHORT]) == 0
    assert read_settings(out).init == str(run.resolve())
    assert largest_difference(load_run(out), load_run(run)) < 1e-6


def test_a_run_of_other_sizes_cannot_begin_so(run, tmp_path, capsys):
    arguments = ["train", "--out", str(tmp_path / "run"), "--stoch-size", "5", "--init"]
    assert main([*arguments, str(run)]) == 2
    assert "--init must be a model of the sizes that are trained: " in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
