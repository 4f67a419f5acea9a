"""Run folders that were edited or damaged: one line with the file and the field, exit status 2."""

import json
import shutil

import numpy as np
import pytest

from cwvae.cli import main
from cwvae.report.animation import write_animation
from cwvae.training.digests import write_digests

STEPS = 4
TRAIN = ("train", "--preset", "debug", "--steps", str(STEPS), "--checkpoint-every", "1")
TRAIN += ("--forecast-every", str(STEPS), "--log-every", "1")
DEEP = "[" * 10_000 + "]" * 10_000


@pytest.fixture(scope="module")
def short_run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "short"
    assert main([*TRAIN, "--out", str(folder)]) == 0
    return folder


@pytest.fixture
def damaged(short_run, tmp_path):
    """A copy of a run, to be damaged."""
    return shutil.copytree(short_run, tmp_path / "run")


@pytest.fixture(scope="module")
def commands(tmp_path_factory):
    """The arguments of every command that reads a run."""
    video = tmp_path_factory.mktemp("videos") / "video.npz"
    write_animation(video, np.zeros((4, 32, 32, 1), np.uint8))
    return {
        "info": lambda run: ["info", str(run)],
        "resume": lambda run: ["train", "--out", str(run), "--resume", "--steps", "5"],
        "evaluate": lambda run: ["evaluate", str(run), "--num-examples", "1"],
        "predict": lambda run: ["predict", str(run), str(video), "--out", str(run / "a.npz")],
    }


def one_line(capsys) -> str:
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("cwvae: error: ")
    assert len(line) < 600
    return line


def change(part, field, value):
    """Return an edit of a configuration, as text to text."""

    def edit(text: str) -> str:
        known = json.loads(text)
        target = known[part] if part else known
        assert field in target
        target[field] = value
        return json.dumps(known)

    return edit


EDITS = {
    "deep": (lambda text: text.replace("4", DEEP, 1), "nested too deep"),
    "twice": (lambda text: text.replace("{", '{"context": 4,', 1), "'context' stands there twice"),
    "cut": (lambda text: text[:100], "expected JSON"),
    "a list": (lambda text: "[]", "must be an object"),
    "no number": (lambda text: text.replace("0.0003", "NaN"), "NaN"),
    "too large": (lambda text: text.replace("0.0003", "1e400"), "train: learning_rate must be"),
    "levels": (change("model", "levels", 1e9), "model: levels must be"),
    "deter_size": (change("model", "deter_size", 1e8), "model: deter_size must be"),
    "a text": (change("model", "deter_size", "8"), "model: deter_size must be"),
    "lookahead": (change("model", "lookahead", "no"), "model: lookahead must be"),
    "lookahead null": (change("model", "lookahead", None), "model: lookahead must be"),
    "data": (change(None, "data", 3), "data must be an object"),
    "data null": (change(None, "data", None), "data must be an object"),
    "context true": (change(None, "context", True), "context must be a whole number"),
    "context 3": (change(None, "context", 3), "context must be a multiple"),
    "context 10^12": (change(None, "context", 10**12), "context must be a whole number"),
    "horizon": (change(None, "horizon", 10**12), "horizon must be a whole number"),
    "custom": (change(None, "custom", "no name"), "custom must be the name of a function"),
    "preset": (change(None, "preset", ["debug"]), "preset must be one of"),
    "videos": (change(None, "videos", 1), "videos must be text"),
    "version": (change(None, "version", 2), "version must be text"),
    "unknown": (lambda text: text.replace('"beta"', '"gamma"'), "train has no field 'gamma'"),
    "missing": (lambda text: text.replace('"horizon": 8,', ""), "horizon is missing"),
}


@pytest.mark.parametrize(("edit", "message"), EDITS.values(), ids=EDITS)
def test_an_edited_configuration_is_named_with_its_field(edit, message, damaged, commands, capsys):
    path = damaged / "config.json"
    text = path.read_text()
    path.write_text(edit(text))
    assert path.read_text() != text
    for arguments in commands.values():
        assert main(arguments(damaged)) == 2
        line = one_line(capsys)
        assert str(path) in line
        assert message in line
    assert path.read_text() == edit(text)


@pytest.mark.parametrize("content", ["3", "null", "{}", "[3]", "[{", DEEP], ids=str.__len__)
@pytest.mark.parametrize("name", ["environment.json", "metrics.jsonl"])
def test_damaged_records_are_named(name, content, damaged, commands, capsys):
    (damaged / name).write_text(f"{content}\n")
    for reader in ("resume", "info"):
        assert main(commands[reader](damaged)) == 2
        assert str(damaged / name) in one_line(capsys)
    assert (damaged / name).read_text() == f"{content}\n"


def test_a_start_without_its_date_is_named(damaged, commands, capsys):
    (damaged / "environment.json").write_text('[{"date": 1}]')
    assert main(commands["info"](damaged)) == 2
    assert "environment.json: expected date" in one_line(capsys)


@pytest.mark.parametrize("place", ["null", "{}", "[]", '"a"', "-1", '{"next_index": -1}',
    '{"next_index": 3}', '{"next_index": true}', '{"next_index": 1000000000000}'])  # fmt: skip
def test_a_place_in_the_data_that_is_none_names_the_earlier_checkpoint(
    place, damaged, commands, capsys
):
    folder = damaged / "checkpoints" / str(STEPS)
    (folder / "data" / "metadata").write_text(place)
    write_digests(folder)
    assert main(commands["resume"](damaged)) == 2
    line = one_line(capsys)
    assert "is damaged" in line
    assert f"--from-step {STEPS - 1}" in line


def test_a_checkpoint_without_digests_is_read_with_a_warning(damaged, commands, capsys):
    (damaged / "checkpoints" / str(STEPS) / "digests.json").unlink()
    assert main([*commands["predict"](damaged), "--horizon", "2"]) == 0
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("cwvae: warning: the checkpoint ")
    assert "has no digests of its files" in line


def test_a_run_whose_checkpoints_are_gone_starts_again_and_the_line_is_printed(
    damaged, commands, capsys
):
    shutil.rmtree(damaged / "checkpoints")
    resume = commands["resume"](damaged)
    assert main([*resume, "--from-step", "3"]) == 2
    assert "no checkpoint in" in (line := one_line(capsys))
    assert "leave --from-step out" in line
    assert main([*resume[:-1], "1"]) == 0
    assert "/checkpoints: training starts from step 0\n" in capsys.readouterr().err


def test_what_was_half_saved_is_removed_by_the_next_start(damaged, commands):
    half = damaged / "checkpoints" / "5.orbax-checkpoint-tmp-0"
    half.mkdir()
    assert main(commands["info"](damaged)) == 0
    assert half.exists()
    assert main(commands["resume"](damaged)) == 0
    assert not half.exists()


def test_a_damaged_checkpoint_is_left_out_by_the_option_that_its_error_names(
    damaged, commands, capsys
):
    newest = max(
        (damaged / "checkpoints" / str(STEPS)).rglob("*"), key=lambda path: path.stat().st_size
    )
    newest.write_bytes(newest.read_bytes()[:-9])
    for name in ("resume", "evaluate", "predict"):
        assert main(commands[name](damaged)) == 2
        line = one_line(capsys)
        assert "is damaged" in line
        assert f"--from-step {STEPS - 1}, or read it with --step {STEPS - 1}" in line
    earlier = ["--step", str(STEPS - 1)]
    assert main([*commands["predict"](damaged), *earlier, "--horizon", "2"]) == 0
    resumed = [*commands["resume"](damaged)[:-2], "--from-step", str(STEPS - 1)]
    assert main([*resumed, "--log-every", "1"]) == 0
    lines = (damaged / "metrics.jsonl").read_text().splitlines()
    assert [json.loads(line)["step"] for line in lines] == list(range(1, STEPS + 1))
    assert main(commands["info"](damaged)) == 0
    assert f"{STEPS} of {STEPS} steps" in capsys.readouterr().out


def test_a_checkpoint_that_is_not_there_is_named_with_those_that_are(short_run, commands, capsys):
    assert main([*commands["evaluate"](short_run), "--step", "1"]) == 2
    assert "no checkpoint of step 1" in (line := one_line(capsys))
    assert "2, 3, 4" in line
