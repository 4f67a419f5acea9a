"""Code in run folders: this user's own is executed, that of others only when allowed."""

import os
import pickle
import shutil
import stat
from pathlib import Path

import numpy as np
import pytest

from cwvae import load_run
from cwvae.cli import main
from cwvae.data.digits import load_digits
from cwvae.data.videos import read_video
from cwvae.training.custom import read_custom
from cwvae.training.ownership import RECORD, kept_custom
from cwvae.training.presets import PRESETS
from cwvae.training.settings import Settings, read_settings, write_settings

CODE = """from pathlib import Path

from cwvae import build as plain

Path({marker!r}).touch()


def build(config, *, key):
    return plain(config, key=key)


def other(config, *, key):
    return plain(config, key=key)
"""


@pytest.fixture
def marker(tmp_path):
    """The file that the code of a run makes when it is executed."""
    return tmp_path / "executed"


@pytest.fixture
def own(tmp_path, marker, monkeypatch):
    """A run of this user with a model of their own, of which no step is trained."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    source = tmp_path / "mine.py"
    source.write_text(CODE.format(marker=str(marker)))
    preset = PRESETS["debug"]
    parts = {"model": preset.model, "train": preset.train, "data": preset.data}
    custom = read_custom(f"{source}:build")
    settings = Settings(preset="debug", **parts, context=4, horizon=8, custom=custom)
    write_settings(tmp_path / "own", settings)
    return tmp_path / "own"


@pytest.fixture
def strange(own, tmp_path):
    """The same run as another user would have made it."""
    copied = shutil.copytree(own, tmp_path / "strange")
    (copied / RECORD).write_text("0" * 64 + "\n")
    return copied


def new(folder: Path) -> str:
    return str(folder.with_name("new"))


EXECUTING = {
    "evaluate": lambda run: ["evaluate", str(run)],
    "predict": lambda run: ["predict", str(run), "v.mp4", "--out", f"{new(run)}.gif"],
    "analyse": lambda run: ["analyse", str(run)],
    "encode": lambda run: ["encode", str(run), "v.mp4", "--out", f"{new(run)}.npz"],
    "export": lambda run: ["export", str(run), f"{new(run)}.safetensors"],
    "resume": lambda run: ["train", "--resume", "--out", str(run), "--steps", "1"],
    "init": lambda run: ["train", "--init", str(run), "--out", new(run), "--steps", "1"],
    "init with a preset": lambda run: [
        *("train", "--preset", "debug", "--init", str(run), "--out", new(run), "--steps", "1")
    ],
}


@pytest.mark.parametrize("arguments", EXECUTING.values(), ids=EXECUTING)
def test_code_of_others_is_not_executed(arguments, strange, marker, capsys):
    before = sorted(strange.rglob("*"))
    assert main(arguments(strange)) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert f"{strange / 'model.py'} must be code of your own trainings" in line
    assert "read it, and allow it with --trust" in line
    assert not marker.exists()
    assert not Path(new(strange)).exists()
    assert sorted(strange.rglob("*")) == before


def test_in_python_it_takes_an_argument(strange, marker):
    with pytest.raises(ValueError, match="in Python trust=True"):
        load_run(strange)
    assert not marker.exists()
    with pytest.raises(FileNotFoundError, match="no checkpoint yet"):
        load_run(strange, trust=True)
    assert marker.exists()


@pytest.mark.parametrize("name", ["evaluate", "predict", "analyse", "encode", "export", "init"])
def test_with_trust_it_is_executed(name, strange, marker, capsys):
    assert main([*EXECUTING[name](strange), "--trust"]) == 2
    assert "checkpoint" in capsys.readouterr().err
    assert marker.exists()


def test_info_shows_all_but_the_sizes_of_code_of_others(strange, own, marker, capsys):
    assert main(["info", str(strange)]) == 0
    said = capsys.readouterr().out
    assert "0 of 10 steps trained" in said
    assert f"known to {strange / 'model.py'} alone" in said
    assert not marker.exists()
    assert main(["info", str(strange), "--trust"]) == 0
    assert "RSSMCell" in capsys.readouterr().out
    marker.unlink()
    assert main(["info", str(own)]) == 0
    assert "RSSMCell" in capsys.readouterr().out


def test_settings_are_read_without_executing_anything(own, marker):
    assert read_settings(own).custom.trusted
    assert not marker.exists()


def test_ones_own_run_is_known_wherever_it_lies(own, tmp_path):
    copied = shutil.copytree(own, tmp_path / "elsewhere" / "run")
    assert kept_custom(copied, "build").trusted


def test_changed_code_another_function_and_another_user_are_not_ones_own(
    own, tmp_path, monkeypatch
):
    assert kept_custom(own, "build").trusted
    assert not kept_custom(own, "other").trusted
    with (own / "model.py").open("a") as file:
        file.write("\n")
    assert not kept_custom(own, "build").trusted
    (own / "model.py").write_bytes((own / "model.py").read_bytes()[:-1])
    assert kept_custom(own, "build").trusted
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "another"))
    assert not kept_custom(own, "build").trusted


def test_the_key_is_for_its_user_alone_and_made_anew_when_it_is_cut(own, tmp_path):
    key = tmp_path / "state" / "cwvae" / "key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    first = key.read_bytes()
    key.write_bytes(first[:-1])
    assert not kept_custom(own, "build").trusted
    write_settings(own, read_settings(own, trust=True))
    assert key.stat().st_size == len(first)
    assert kept_custom(own, "build").trusted


def test_without_a_place_for_the_key_a_run_is_written_and_needs_trust(own, tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    again = tmp_path / "again"
    write_settings(again, read_settings(own, trust=True))
    assert (again / "model.py").is_file()
    assert not kept_custom(again, "build").trusted
    assert kept_custom(again, "build", trust=True).trusted


def test_a_model_that_the_user_names_is_executed_and_a_run_that_goes_on_with_trust_is_ones_own(
    strange, marker, tmp_path
):
    source = shutil.copy(strange / "model.py", tmp_path / "read.py")
    out = tmp_path / "named"
    named = ["--preset", "debug", "--steps", "1", "--model", f"{source}:build", "--out", str(out)]
    assert main(["train", *named]) == 0
    assert marker.exists()
    assert kept_custom(out, "build").trusted
    (out / RECORD).unlink()
    resume = ["train", "--resume", "--out", str(out)]
    assert main(resume) == 2
    assert main([*resume, "--trust"]) == 0
    assert kept_custom(out, "build").trusted


class Touches:
    """What makes a file when it is unpickled."""

    def __init__(self, path: Path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


@pytest.mark.parametrize("read", [read_video, load_digits], ids=["video", "digits"])
def test_pickles_in_arrays_are_not_read(read, tmp_path, marker):
    array = np.array([[[Touches(marker)]]], object)
    np.savez(tmp_path / "objects.npz", video=array, train_images=array)
    with pytest.raises(ValueError, match="an array of Python objects"):
        read(tmp_path / "objects.npz")
    (tmp_path / "plain.npz").write_bytes(pickle.dumps(Touches(marker)))
    with pytest.raises(ValueError, match=r"expected an \.npz archive"):
        read(tmp_path / "plain.npz")
    assert not marker.exists()


@pytest.mark.parametrize("make", [os.mkfifo, lambda path: path.symlink_to("/dev/zero"), Path.mkdir])
def test_a_record_that_is_no_file_is_none_and_is_not_read(make, own):
    assert kept_custom(own, "build").trusted
    (own / RECORD).unlink()
    make(own / RECORD)
    assert not kept_custom(own, "build").trusted
