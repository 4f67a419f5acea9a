"""Bad input of every kind: exit status 2, and one line with what came and what to do."""

import functools
import importlib
import pkgutil
import re

import bad_input
import hook
import numpy as np
import pytest

from cwvae.cli import main, predict
from cwvae.report.animation import write_animation

TABLES = {
    module.name: importlib.import_module(f"bad_input.{module.name}").ROWS
    for module in pkgutil.iter_modules(bad_input.__path__)
}
ROWS = [
    pytest.param(row, id=f"{kind}: {name}")
    for kind, table in TABLES.items()
    for name, row in table.items()
]
# What is right, or what to do.
REMEDY = re.compile(r"; |must (?!fail)|\(see cwvae|give at least|expected one of")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "run"
    train = "train --preset debug --steps 1 --checkpoint-every 1 --forecast-every 1 --out"
    assert main([*train.split(), str(folder)]) == 0
    return folder


@pytest.fixture(autouse=True)
def as_users_call_it(as_users_call, monkeypatch):
    """Let wrong values through to the error that users see."""
    monkeypatch.setattr(hook, "enabled", False)


@pytest.fixture(scope="module", autouse=True)
def loaded_once():
    """Load the run for the first forecast alone: it is not what is wrong."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(predict, "load_model", functools.cache(predict.load_model))
        yield


def test_there_are_rows_of_every_kind():
    assert len(ROWS) >= 200
    assert all(TABLES.values())


@pytest.mark.parametrize("row", ROWS)
def test_bad_input_ends_with_2_and_a_line_with_the_remedy(row, run, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    row.make(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    assert main(row.command.format(run=run).split()) == 2
    said = capsys.readouterr()
    (line,) = said.err.splitlines()
    assert said.out == ""
    assert line.startswith("cwvae: error: ")
    assert re.search(row.message, line), line
    assert REMEDY.search(line), line
    assert len(line) < 700
    assert sorted(tmp_path.rglob("*")) == before


def test_the_same_video_is_taken_when_nothing_is_wrong_with_it(run, tmp_path, capsys):
    video = tmp_path / "video.npz"
    write_animation(video, np.zeros((8, 32, 32, 1), np.uint8))
    out = tmp_path / "out.npz"
    assert main(["predict", str(run), str(video), "--horizon", "2", "--out", str(out)]) == 0
    assert out.is_file()
