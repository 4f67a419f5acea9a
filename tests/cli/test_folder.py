"""Folders that can be written, and that one process at a time trains in."""

import os
import shutil
from pathlib import Path

import pytest

from cwvae.cli import main
from cwvae.cli.folder import check_writable, locked
from cwvae.training.checkpoint import Checkpoints

# A folder in which nobody can make a file, whoever runs the tests.
UNWRITABLE = Path("/dev/fd")


def test_a_folder_that_can_be_made_is_left_unmade(tmp_path):
    check_writable(tmp_path / "a" / "b")
    assert list(tmp_path.iterdir()) == []


def test_a_relative_folder_is_looked_for_here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    check_writable(Path("a"))
    check_writable(Path())


def test_a_file_in_the_way_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ValueError, match=r"file is a file; give another folder"):
        check_writable(tmp_path / "file" / "b")


def test_a_folder_that_cannot_be_written_is_named():
    with pytest.raises(ValueError, match=rf"--out {UNWRITABLE}/a: cannot write in {UNWRITABLE} \("):
        check_writable(UNWRITABLE / "a")


@pytest.mark.parametrize("command", ["train", "evaluate", "predict", "show"])
def test_commands_check_it_before_the_work(command, run, tmp_path, capsys):
    out = str(UNWRITABLE / ("a.gif" if command in ("predict", "show") else "a"))
    arguments = {
        "train": ["train", "--preset", "debug"],
        "evaluate": ["evaluate", str(run), "--num-examples", "1000000"],
        "predict": ["predict", str(run), "no/such/video.gif"],
        "show": ["data", "show", "moving_mnist", "--videos", "1000"],
    }[command]
    assert main([*arguments, "--out", out]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert f"cannot write in {UNWRITABLE}" in line


def test_reading_a_run_leaves_its_folder_as_it_is(run, tmp_path):
    def content() -> dict[Path, int]:
        return {path: os.stat(path).st_mtime_ns for path in run.rglob("*")}

    before = content()
    out = str(tmp_path / "evaluation")
    assert main(["evaluate", str(run), "--num-examples", "1", "--horizon", "4", "--out", out]) == 0
    assert content() == before


def test_a_folder_that_is_trained_in_is_not_trained_in_twice(run, tmp_path, capsys):
    folder = shutil.copytree(run, tmp_path / "run")
    with locked(folder):
        assert main(["train", "--out", str(folder), "--resume", "--steps", "121"]) == 2
        assert "is being trained by another process" in capsys.readouterr().err
        assert main(["info", str(folder)]) == 0
    with locked(folder):
        pass


def test_two_starts_in_one_new_folder_are_one(tmp_path, capsys):
    folder = tmp_path / "run"
    folder.mkdir()
    with locked(folder):
        assert main(["train", "--preset", "debug", "--out", str(folder)]) == 2
    assert "is being trained by another process" in capsys.readouterr().err
    assert list(folder.iterdir()) == []


def test_a_folder_that_is_taken_away_ends_the_training_with_a_line(tmp_path, monkeypatch, capsys):
    out, save = tmp_path / "run", Checkpoints.save

    def taken(checkpoints, *given):
        save(checkpoints, *given)
        out.rename(tmp_path / "elsewhere")

    monkeypatch.setattr(Checkpoints, "save", taken)
    often = ["--checkpoint-every", "1", "--forecast-every", "99", "--steps", "3"]
    assert main(["train", "--preset", "debug", *often, "--out", str(out)]) == 1
    line = capsys.readouterr().err.splitlines()[-1]
    assert f"{out} was removed or moved while it was trained; nothing is kept" in line
    assert (tmp_path / "elsewhere" / "checkpoints" / "1").is_dir()
    assert not out.exists()
