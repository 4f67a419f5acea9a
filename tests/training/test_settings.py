"""The configuration of a run in its folder: read as it was written, and as strictly as options."""

import dataclasses
import json
import shutil
from pathlib import Path

import pytest

from cwvae.training.custom import read_custom
from cwvae.training.presets import PRESETS
from cwvae.training.settings import FIRST_VERSION, Settings, read_settings, write_settings

FIRST = Path(__file__).with_name("version_0_1")


def settings(name: str = "debug", **changes) -> Settings:
    preset = PRESETS[name]
    parts = {part: getattr(preset, part) for part in ("model", "train", "data")}
    others = {"preset": name, "context": preset.context, "horizon": preset.horizon}
    return Settings(**(parts | others | changes))


@pytest.mark.parametrize("name", PRESETS)
def test_reading_undoes_writing(name, tmp_path):
    written = settings(name, videos="these")
    write_settings(tmp_path, written)
    assert read_settings(tmp_path) == written
    assert read_settings(str(tmp_path)).version == written.version


def test_tuples_stay_tuples(tmp_path):
    before = settings()
    model = dataclasses.replace(before.model, factors=(2, 3))
    train = dataclasses.replace(before.train, beta=(1.0, 0.5, 2.0))
    written = dataclasses.replace(before, model=model, train=train, context=6)
    write_settings(tmp_path, written)
    assert read_settings(tmp_path) == written


def test_the_source_of_a_custom_model_is_kept(tmp_path):
    source = tmp_path / "mine.py"
    source.write_text("def build(config, *, key): ...\n")
    written = settings(custom=read_custom(f"{source}:build"), context=3)
    write_settings(tmp_path / "run", written)
    source.unlink()
    assert read_settings(tmp_path / "run") == written


def test_settings_of_version_0_1_are_read_under_their_new_names(tmp_path):
    shutil.copy(FIRST / "config.json", tmp_path)
    read = read_settings(tmp_path)
    assert read.version == FIRST_VERSION
    assert read.model == PRESETS["debug"].model
    changed = {"steps": 4, "kl_balance": 0.4}
    assert read.train == dataclasses.replace(PRESETS["debug"].train, **changed)
    write_settings(tmp_path, read)
    assert read_settings(tmp_path).version == settings().version


def test_old_names_are_of_the_old_version_alone(tmp_path):
    known = json.loads((FIRST / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps(known | {"version": "9.0.0"}))
    with pytest.raises(ValueError, match=r"written by cwvae 9\.0\.0: model has no field 'de"):
        read_settings(tmp_path)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"preset": "none"}, "preset must be one of"),
        ({"preset": None}, "preset must be one of"),
        ({"context": 0}, "context must be a whole number from 1 to 1,000,000, got 0"),
        ({"context": True}, "context must be a whole number"),
        ({"context": 6}, "context must be a multiple of the slowest period, 4 frames, got 6"),
        ({"horizon": 10**12}, "horizon must be a whole number"),
        ({"horizon": 2.0}, "horizon must be a whole number"),
        ({"videos": 1}, "videos must be text"),
        ({"version": ""}, "version must be text"),
    ],
)
def test_values_outside_their_range_are_named(changes, message):
    with pytest.raises(ValueError, match=message):
        settings(**changes)


def test_a_folder_without_settings_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"holds no run \(config\.json is missing\)"):
        read_settings(tmp_path)
