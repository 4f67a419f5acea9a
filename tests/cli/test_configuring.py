"""Sizes are counted, and models tried, before anything is made or written."""

import dataclasses

import pytest

from cwvae.cli import configuring, main
from cwvae.cli.configuring import configure
from cwvae.cli.parsing import parse
from cwvae.training.presets import PRESETS

TRAIN = ["train", "--preset", "debug", "--steps", "2", "--out"]

EXITS = {
    "SystemExit": "import sys\ndef build(config, *, key):\n    sys.exit(0)\n",
    "SystemExit at the top": "raise SystemExit\n",
    "BaseException": "def build(config, *, key):\n    raise BaseException('no')\n",
    "GeneratorExit": "def build(config, *, key):\n    raise GeneratorExit('x')\n",
    "GeneratorExit at the top": "raise GeneratorExit('x')\n",
    "exit in a network": """import sys
import equinox as eqx
from cwvae import build as made
def encoder(frames):
    sys.exit(0)
def build(config, *, key):
    return eqx.tree_at(lambda m: m.decoder, made(config, key=key), encoder)
""",
}


def one_line(capsys) -> str:
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("cwvae: error: ")
    return line


@pytest.mark.parametrize("source", EXITS.values(), ids=EXITS)
def test_a_model_that_ends_the_program_is_an_error_in_one_line(source, tmp_path, capsys):
    model = tmp_path / "model.py"
    model.write_text(source)
    assert main([*TRAIN, str(tmp_path / "run"), "--model", f"{model}:build"]) == 2
    line = one_line(capsys)
    assert str(model) in line
    assert "Exit" in line or "BaseException: no" in line
    assert not (tmp_path / "run").exists()


def test_a_model_that_ends_the_program_later_is_an_error_too(run, tmp_path, monkeypatch, capsys):
    def end(*arguments, **options):
        raise SystemExit(0)

    monkeypatch.setattr("cwvae.cli.train.train_in_place", end)
    assert main([*TRAIN, str(tmp_path / "run")]) == 2
    assert "got one that ends the program with SystemExit(0)" in one_line(capsys)
    assert not (tmp_path / "run").exists()


LARGE = """import dataclasses
from cwvae import build as made
def build(config, *, key):
    return made(dataclasses.replace(config, deter_size={size}, hidden_size={size}), key=key)
"""


@pytest.mark.parametrize("size", [40_000, 10**9], ids=["counted", "out of range"])
def test_a_model_that_is_too_large_is_counted_and_not_made(size, tmp_path, capsys):
    model = tmp_path / "model.py"
    model.write_text(LARGE.format(size=size))
    assert main([*TRAIN, str(tmp_path / "run"), "--model", f"{model}:build"]) == 2
    line = one_line(capsys)
    assert ("raise --memory-limit" if size == 40_000 else "deter_size must be") in line
    assert not (tmp_path / "run").exists()


def test_sizes_on_the_command_line_are_counted(tmp_path, capsys):
    sizes = ["--deter-size", "100000", "--hidden-size", "100000"]
    assert main([*TRAIN, str(tmp_path / "run"), *sizes]) == 2
    line = one_line(capsys)
    assert "a training step must take at most" in line
    assert "parameters" in line
    assert main([*TRAIN, str(tmp_path / "run"), "--batch-size", "1000000"]) == 2
    assert "a training step must take at most" in one_line(capsys)
    assert not (tmp_path / "run").exists()


def test_the_limit_is_that_of_the_device_or_the_one_that_is_given(monkeypatch, tmp_path):
    def settings(*options: str):
        return configure(parse([*TRAIN, str(tmp_path), *options]))

    assert settings("--memory-limit", "0.1").model == PRESETS["debug"].model
    with pytest.raises(ValueError, match=r"at most 0\.0 GiB, got a model of 24,009 parameters"):
        settings("--memory-limit", "1e-4")
    monkeypatch.setattr(configuring, "_memory_of_device", lambda: 100_000)
    with pytest.raises(ValueError, match="raise --memory-limit"):
        settings()
    assert settings("--memory-limit", "0.1").preset == "debug"


def test_the_memory_of_an_accelerator_counts_before_that_of_the_machine(monkeypatch):
    @dataclasses.dataclass
    class Device:
        statistics: dict | None

        def memory_stats(self):
            return self.statistics

    for statistics, expected in (({"bytes_limit": 7}, 7), ({}, 3), (None, 3)):
        devices = [Device(statistics)]
        monkeypatch.setattr(configuring.jax, "local_devices", lambda devices=devices: devices)
        monkeypatch.setattr(configuring, "memory", lambda: 3)
        assert configuring._memory_of_device() == expected


def test_paths_are_kept_from_wherever_the_run_goes_on(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/somewhere")
    options = ["--digits", "~/mnist.npz", "--cache-folder", "cache"]
    data = configure(parse([*TRAIN, "run", *options])).data
    assert data.digits == "/somewhere/mnist.npz"
    assert data.cache_folder == str((tmp_path / "cache").resolve())


def test_a_static_level_looks_at_no_more_frames_than_there_are(tmp_path, capsys):
    options = ["--frames", "8", "--static-window", "9"]
    assert main([*TRAIN, str(tmp_path / "run"), *options]) == 2
    expected = "--frames must be at least 9, which the model looks at in every training video"
    assert expected in one_line(capsys)
    assert not (tmp_path / "run").exists()


def test_every_kl_of_a_method_has_a_weight_of_its_own(tmp_path, capsys):
    def words(preset: str, *betas: str) -> list[str]:
        weights = ["--beta", *betas, "--beta-start", *betas, "--beta-steps", "5"]
        return ["train", "--preset", preset, "--out", str(tmp_path / "run"), *weights]

    config = configure(parse(words("debug_vta", "1", "2", "3"))).train
    assert config.beta == config.beta_start == (1, 2, 3)
    for preset, latents in (("debug_vta", 3), ("debug_svg_lp", 1)):
        assert main(words(preset, "1", "2")) == 2
        assert f"--beta must be one value or {latents}, " in one_line(capsys)
