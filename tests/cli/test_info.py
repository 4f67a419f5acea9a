import pytest

from cwvae import PRESETS, summary
from cwvae.cli import main
from cwvae.cli.folder import add_start
from cwvae.training.run import load_run
from cwvae.training.settings import Settings, write_settings


@pytest.fixture
def untrained(tmp_path):
    """A run that was stopped before its first checkpoint."""
    parts = {part: getattr(PRESETS["debug"], part) for part in ("model", "train", "data")}
    settings = Settings(preset="debug", **parts, context=4, horizon=8)
    write_settings(tmp_path, settings)
    add_start(tmp_path)
    return tmp_path


def test_a_run_that_is_trained_says_how_far(run, capsys):
    assert main(["info", str(run)]) == 0
    said = capsys.readouterr().out
    first, second, third, gap, *table = said.splitlines()
    assert first == f"{run}: preset debug, 120 of 120 steps trained"
    assert second.startswith("last of 1 starts: 2")
    assert " with cwvae " in second
    assert third.startswith("last logged: step 120, loss ")
    assert gap == ""
    # The weights themselves give the same table.
    model = load_run(run).model
    assert table == str(summary(model)).splitlines()
    assert "all 24,009" in said


def test_a_run_without_a_checkpoint_has_a_model_too(untrained, capsys):
    assert main(["info", str(untrained)]) == 0
    said = capsys.readouterr().out
    assert f"{untrained}: preset debug, 0 of 10 steps trained" in said
    assert said.count("RSSMCell(GRU)") == 3
    assert not (untrained / "checkpoints").exists()


def test_a_run_without_its_environment_has_a_model_too(untrained, capsys):
    (untrained / "environment.json").unlink()
    assert main(["info", str(untrained)]) == 0
    said = capsys.readouterr().out
    assert "environment.json is missing" in said
    assert "RSSMCell(GRU)" in said


def test_a_folder_without_a_run_is_named(tmp_path, capsys):
    assert main(["info", str(tmp_path / "absent")]) == 2
    assert "absent holds no run" in capsys.readouterr().err
