import re
import subprocess
import sys
import threading
from pathlib import Path

import pytest

import cwvae
from cwvae.cli import main, parsing
from cwvae.cli.options import Demo, Evaluate, Info, Predict, Train
from cwvae.cli.parsing import parse
from cwvae.training.presets import PRESETS

HELPS = ["train", "evaluate", "predict", "analyse", "compare", "encode", "info", "export", "push"]
HELPS += ["program", "models", "data make", "data show", "benchmark", "demo"]


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


@pytest.mark.parametrize("name", PRESETS)
def test_info_starts_from_its_preset(name):
    command = parse(["info", "--preset", name])
    assert isinstance(command, Info)
    assert (command.run, command.preset) == (None, name)
    assert command.model == PRESETS[name].model


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


@pytest.mark.parametrize("command", HELPS)
def test_help_shows_one_default_of_an_option_and_nothing_of_errors(command, capsys):
    shown = " ".join(help_of(*command.split(), capsys=capsys).replace("│", "").split())
    assert "Raises" not in shown
    assert "(default: )" not in shown
    assert not re.findall(r"\(default: [^)]*\)\.? \(default: ", shown)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("train --seed", "--seed must be followed by a value"),
        ("train --out run --seed a", "--seed must be a whole number, got 'a'"),
        ("train --out run --learning-rate a", "--learning-rate must be a number, got 'a'"),
        ("predict run a --out b --number a", "--number must be a whole number or None, got 'a'"),
        ("data make --out a", "name must be given"),
        ("data show", "dataset, --out must be given"),
        ("benchmark pockets --out a", "size must be one of pocket, rooms, paper, debug, got"),
    ],
)
def test_what_is_wrong_with_a_value_is_in_plain_words(arguments, said):
    with pytest.raises(ValueError, match=f"^{re.escape(said)}"):
        parse(arguments.split())


@pytest.mark.parametrize("name", HELPS)
def test_an_error_points_to_the_help_of_its_command(name, capsys):
    assert main([*name.split(), "--wings"]) == 2
    assert f"(see cwvae {name} --help)" in capsys.readouterr().err


def test_without_the_hook_of_tyro_its_own_text_is_printed(monkeypatch, capsys):
    monkeypatch.delattr(parsing.tyro, "_errors")
    with pytest.raises(SystemExit) as stop:
        main(["fly"])
    assert stop.value.code == 2
    assert "fly" in capsys.readouterr().err


def test_the_version_is_printed(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"cwvae {cwvae.__version__}\n"


@pytest.mark.parametrize("arguments", [["--out", "~/x"], ["--out=~/x"]])
def test_the_home_folder_is_filled_in(arguments, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    for command in (["train"], ["demo"], ["evaluate", "~/run"]):
        options = parse([*command, *arguments])
        assert options.out == tmp_path / "x"
    assert options.run == tmp_path / "run"


def test_without_a_home_folder_the_path_is_named(monkeypatch, capsys):
    def none(path):
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("JAX_COMPILATION_CACHE_DIR", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(Path, "expanduser", none)
    assert main(["info", "~/run"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "~/run: expected a home folder, found none" in line


def test_it_runs_in_another_thread(capsys):
    status = []
    thread = threading.Thread(target=lambda: status.append(main(["data", "list"])))
    thread.start()
    thread.join()
    assert status == [0]


def test_the_module_runs_as_the_command():
    command = [sys.executable, "-m", "cwvae", "demo", "--help"]
    answer = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "usage: cwvae demo" in answer.stdout


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["train", "--out", ""], "--out"),
        (["train", "--out="], "--out"),
        (["evaluate", ""], "evaluate"),
        ([""], "the first argument"),
    ],
)
def test_an_empty_text_is_an_error_that_names_what_it_follows(arguments, named):
    with pytest.raises(ValueError, match=f"^{named} must not be followed by an empty text"):
        parse(arguments)


def test_a_null_character_is_an_error():
    with pytest.raises(ValueError, match="arguments must be text without null characters"):
        parse(["train", "--out", "a\0b"])
