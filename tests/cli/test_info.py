import dataclasses
import re

import equinox as eqx
import jax.random as jr
import pytest

from cwvae import PRESETS, summary
from cwvae.cli import main
from cwvae.cli.folder import add_start
from cwvae.cli.preset_sizes import kept_sizes
from cwvae.cli.traced_sizes import traced_sizes
from cwvae.training.methods import build_any, method_of
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
    assert second.startswith("started 2")
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


@pytest.mark.parametrize("name", ["debug", "debug_svg_lp", "debug_vta"])
def test_a_preset_has_its_sizes_before_anything_is_trained(name, capsys):
    assert main(["info", "--preset", name]) == 0
    first, gap, *table = capsys.readouterr().out.splitlines()
    model = PRESETS[name].model
    frames = f"frames {model.size} x {model.size} x {model.channels}"
    assert first == f"preset {name}: {method_of(model).described(model)}; {frames}"
    assert gap == ""
    made = build_any(model, key=jr.key(0))
    if name == "debug":
        assert table == str(summary(made)).splitlines()
        return
    sizes = {
        words: int(count.replace(",", ""))
        for words, count in (re.split(r"  +", line) for line in table)
    }
    statistics, all_of_them = sizes.pop("less running statistics"), sizes.pop("parameters")
    assert all_of_them == made.num_parameters == sum(sizes.values()) - statistics
    assert sizes.keys() >= {"encoder", "decoder"}


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_the_sizes_that_are_kept_of_a_preset_are_those_of_its_model(name):
    config = PRESETS[name].model
    remedy = "run `python tests/pages.py`"
    assert kept_sizes(name, config) == traced_sizes(config), remedy
    assert kept_sizes(name, dataclasses.replace(config, channels=config.channels + 1)) is None


def test_a_preset_has_the_sizes_that_are_given(capsys):
    assert main(["info", "--preset", "debug", "--levels", "2", "--deter-size", "16"]) == 0
    said = capsys.readouterr().out
    assert said.startswith("preset debug: 2 levels, which tick every 1, 2 frames;")
    model = dataclasses.replace(PRESETS["debug"].model, levels=2, deter_size=16)
    parameters = eqx.filter_eval_shape(build_any, model, key=jr.key(0)).num_parameters
    assert f"all {parameters:,}" in said
