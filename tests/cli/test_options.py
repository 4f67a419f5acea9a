import subprocess
import sys

import pytest

from cwvae.cli import main
from cwvae.cli.options import Demo, Evaluate, Info, Predict, Train, parse
from cwvae.training.presets import PRESETS


def help_of(*arguments: str, capsys: pytest.CaptureFixture) -> str:
    with pytest.raises(SystemExit) as stop:
        parse([*arguments, "--help"])
    assert stop.value.code in (None, 0)
    return capsys.readouterr().out


@pytest.mark.parametrize("name", PRESETS)
def test_train_starts_from_its_preset(name):
    command = parse(["train", "--preset", name, "--out", "run"])
    assert isinstance(command, Train)
    preset = PRESETS[name]
    assert (command.model, command.train, command.data) == (
        preset.model,
        preset.train,
        preset.data,
    )


def test_options_override_the_preset():
    model = ["--factors", "2", "3", "--batch-size", "7"]
    train = ["--beta", "1", "0.5", "2", "--num-digits", "3"]
    command = parse(["train", "--preset=debug", "--out=run", *model, *train])
    assert command.model.factors == (2, 3)
    assert command.train.batch_size == 7
    assert command.train.beta == (1.0, 0.5, 2.0)
    assert command.data.num_digits == 3
    assert command.model.stoch_size == PRESETS["debug"].model.stoch_size


def test_every_command_is_parsed():
    assert isinstance(parse(["evaluate", "run", "--num-samples", "3"]), Evaluate)
    assert isinstance(parse(["predict", "run", "a.mp4", "--out", "b.gif"]), Predict)
    assert isinstance(parse(["info", "run"]), Info)
    assert isinstance(parse(["demo", "--out", "demo"]), Demo)


@pytest.mark.parametrize("command", ["train", "evaluate", "predict", "demo"])
def test_every_option_has_a_help_text(command, capsys):
    lines = help_of(command, capsys=capsys).splitlines()
    inside = [line.strip("│| ") for line in lines]
    options = [i for i, line in enumerate(inside) if line.startswith("--")]
    assert len(options) >= 4
    for i in options:
        # The text stands on the option's own line, after two spaces, or on the next.
        words = inside[i].split("  ", 1)
        text = words[1] if len(words) > 1 else inside[i + 1]
        assert text.strip(), inside[i]
        assert not text.startswith("(default"), inside[i]


def test_help_shows_the_defaults_of_the_preset(capsys):
    shown = help_of("train", "--preset", "minerl", capsys=capsys)
    assert "(default: 800)" in " ".join(shown.split())


BAD = {
    "no command": ([], "Expected one of {train, evaluate, predict, info, data, demo}"),
    "unknown command": (["fly"], "fly"),
    "unknown option": (["train", "--out", "x", "--wings", "2"], "--wings"),
    "no folder": (["train"], "--out"),
    "unknown preset": (["train", "--out", "x", "--preset", "big"], "big"),
    "not a number": (["train", "--out", "x", "--steps", "many"], "--steps"),
    "no steps": (["train", "--out", "x", "--steps", "0"], "steps must be at least 1"),
    "frame size": (["train", "--out", "x", "--size", "48"], "48"),
    "factor 0": (["train", "--out", "x", "--factors", "0"], "at least 1"),
    "factors": (["train", "--out", "x", "--factors", "2", "2", "2"], "3 levels need 2"),
    "beta": (["train", "--out", "x", "--beta", "-1"], "beta must not be negative"),
    "share": (["train", "--out", "x", "--kl-balance", "2"], "kl_balance"),
    "learning rate": (["train", "--out", "x", "--learning-rate", "0"], "learning_rate"),
    "colour": (["train", "--out", "x", "--preset", "mazes"], "--channels 1"),
    "digits": (["train", "--out", "x", "--digits", "no/such.npz"], "no/such.npz"),
    "examples": (["evaluate", "x", "--num-examples", "0"], "--num-examples must be at least 1"),
    "no run": (["evaluate", "no/such/run"], "no/such/run holds no run"),
    "no run to show": (["info", "no/such/run"], "no/such/run holds no run"),
    "no model's function": (["train", "--out", "x", "--model", "a.py"], "must be FILE.py:FUNCTION"),
    "no run to resume": (["train", "--out", "no/such/run", "--resume"], "holds no run"),
    "suffix": (["predict", "x", "a.mp4", "--out", "b.png"], ".gif, .mp4 or .npz"),
    "fps": (["predict", "x", "a.mp4", "--out", "b.gif", "--fps", "0"], "--fps"),
    "minutes": (["demo", "--out", "x", "--minutes", "0"], "--minutes must be positive"),
}


@pytest.mark.parametrize(("arguments", "said"), BAD.values(), ids=BAD)
def test_bad_input_exits_with_2_and_one_clear_line(arguments, said, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    (line,) = captured.err.splitlines()
    assert line.startswith("cwvae: error: ")
    assert said in line
    assert "tyro" not in line
    assert not (tmp_path / "x").exists()


def test_the_module_runs_as_the_command():
    command = [sys.executable, "-m", "cwvae", "demo", "--help"]
    answer = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "usage: cwvae demo" in answer.stdout
