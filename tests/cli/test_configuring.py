"""Sizes are counted, and models tried, before anything is made or written."""

import dataclasses

import pytest

from cwvae.cli import configuring, main
from cwvae.cli.configuring import configure
from cwvae.cli.parsing import parse
from cwvae.training.footprint import memory_of_training
from cwvae.training.presets import PRESETS
from cwvae.training.run import model_shapes

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

    monkeypatch.setattr("cwvae.cli.stepping.train_in_place", end)
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


def test_devices_that_cannot_share_a_batch_are_an_error_and_each_takes_its_part(tmp_path):
    options = parse([*TRAIN, str(tmp_path), "--batch-size", "6"])
    settings = configure(options, devices=6)
    assert settings.train.batch_size == 6
    one = dataclasses.replace(settings.train, batch_size=1)
    needed = memory_of_training(model_shapes(settings), one, settings.model)
    limited = dataclasses.replace(options, memory_limit=1.1 * needed / 2**30)
    assert configure(limited, devices=6) == settings
    with pytest.raises(ValueError, match="a training step must take at most"):
        configure(limited)
    with pytest.raises(ValueError, match="the 4 devices that share it, got 6; use a batch size of"):
        configure(options, devices=4)


def test_devices_that_are_not_there_are_an_error(tmp_path, capsys):
    for number in ("0", "9999"):
        assert main([*TRAIN, str(tmp_path / "run"), "--devices", number]) == 2
        assert f"devices must be from 1 to 1, those that JAX finds here (cpu), got {number}" in (
            one_line(capsys)
        )
    assert not (tmp_path / "run").exists()


def test_the_memory_of_an_accelerator_counts_before_that_of_the_machine(monkeypatch):
    @dataclasses.dataclass
    class Device:
        statistics: dict | None

        def memory_stats(self):
            return self.statistics

    for statistics, number, expected in (({"bytes_limit": 7}, 2, 7), ({}, 1, 3), (None, 3, 1)):
        devices = [Device(statistics)] * number
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
