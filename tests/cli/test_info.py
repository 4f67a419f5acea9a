import json

import pytest

from cwvae import PRESETS, summary
from cwvae.cli import main
from cwvae.training import runs


@pytest.fixture
def untrained(tmp_path):
    """A run that was stopped before its first checkpoint."""
    parts = {part: getattr(PRESETS["debug"], part) for part in ("model", "train", "data")}
    settings = runs.Settings(preset="debug", **parts, context=4, horizon=8)
    runs.write_settings(tmp_path, settings)
    runs.write_environment(tmp_path)
    return tmp_path


def test_a_run_that_is_trained_says_how_far(run, capsys):
    assert main(["info", str(run)]) == 0
    said = capsys.readouterr().out
    first, second, gap, *table = said.splitlines()
    assert first == f"{run}: preset debug, 120 of 120 steps trained"
    assert second.startswith("last of 1 starts: 2")
    assert " with cwvae " in second
    assert gap == ""
    # The weights themselves give the same table.
    model = runs.load_model(run, runs.read_settings(run))
    assert table == str(summary(model)).splitlines()
    assert "all 24,009" in said


def test_a_run_without_a_checkpoint_has_a_model_too(untrained, capsys):
    assert main(["info", str(untrained)]) == 0
    said = capsys.readouterr().out
    assert f"{untrained}: preset debug, 0 of 10 steps trained" in said
    assert said.count("RSSMCell(GRU)") == 3
    assert not (untrained / "checkpoints").exists()


@pytest.mark.parametrize("text", ["{", "[]", '{"date": 1}', None])
def test_a_damaged_environment_does_not_hide_the_model(text, untrained, capsys):
    path = untrained / "environment.json"
    path.unlink() if text is None else path.write_text(text)
    assert main(["info", str(untrained)]) == 0
    said = capsys.readouterr().out
    assert "environment.json is missing or damaged" in said
    assert "RSSMCell(GRU)" in said


def test_what_is_no_run_is_named(untrained, tmp_path, capsys):
    assert main(["info", str(tmp_path / "absent")]) == 2
    assert "absent holds no run" in capsys.readouterr().err
    settings = json.loads((untrained / "config.json").read_text())
    (untrained / "config.json").write_text(json.dumps(settings | {"custom": "no name"}))
    assert main(["info", str(untrained)]) == 2
    assert "config.json is not the configuration of a run" in capsys.readouterr().err
