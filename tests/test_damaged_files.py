"""Whole files with random damage: read, or an error of one line that names the file."""

import json
import subprocess
import sys
from pathlib import Path

import hook
import numpy as np
import pytest
from faults import reading
from faults.damaging import READERS, damaged
from hypothesis import given, settings
from hypothesis import strategies as st


@pytest.fixture(scope="module")
def known(tmp_path_factory):
    return reading.found_in(tmp_path_factory.mktemp("whole"))


@pytest.fixture
def without_hook(as_users_call, monkeypatch):
    """Let wrong values through to the error that users see."""
    monkeypatch.setattr(hook, "enabled", False)


@pytest.mark.parametrize("name", READERS)
def test_the_whole_file_is_read(name, known, tmp_path):
    assert reading.read(tmp_path / name, name, known[name]) == "read"


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("name", READERS)
def test_a_damaged_file_is_read_or_named_in_one_line(name, known, tmp_path_factory, without_hook):
    folder = tmp_path_factory.mktemp("damaged")

    @settings(max_examples=60)
    @given(st.integers(0, 2**32 - 1))
    def examples(seed):
        content = damaged(known[name], np.random.default_rng(seed))
        assert reading.read(folder / name, name, content) in ("read", "error")

    examples()


def test_what_is_no_such_error_is_found(tmp_path, monkeypatch):
    def fails(path: Path) -> None:
        raise KeyError(path)

    def endless(path: Path) -> None:
        raise ValueError("no\nname")

    for reader, start in ((fails, "fault: "), (endless, "unclear: ")):
        monkeypatch.setitem(READERS, "v.npz", reader)
        assert reading.read(tmp_path / "v.npz", "v.npz", b"").startswith(start)


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="counts pages as Linux does")
def test_damaged_files_take_little_memory():
    command = [sys.executable, "-m", "faults.reading", "--seconds", "5"]
    folder = Path(reading.__file__).parents[1]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(done.stdout)
    assert found["faults"] == []
    assert found["memory"] < 2 * 2**30
    assert all(sum(counts.values()) > 10 for counts in found["files"].values())
