"""What is recorded of a program's surroundings, and how it is read."""

import datetime
import importlib.metadata
import json
import subprocess
import sys

import pytest

from cwvae import provenance


def test_everything_is_recorded_as_plain_values():
    found = provenance.environment()
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert found.keys() == {
        "date", "command", "device", "platform", "python", "versions", "git_commit", "processor",
        "cores", "memory",
    }  # fmt: skip
    assert datetime.datetime.fromisoformat(found["date"]).utcoffset() == datetime.timedelta(0)
    assert found["command"] == sys.argv
    assert found["versions"]["jax"] == importlib.metadata.version("jax")


def test_the_module_imports_no_jax():
    code = "import cwvae, sys; before = set(sys.modules); import cwvae.provenance; " \
        "print(*set(sys.modules) - before)"  # fmt: skip
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "cwvae.provenance" in done.stdout.split()
    assert not [name for name in done.stdout.split() if name.split(".")[0] == "jax"]


def test_packages_that_are_missing_are_left_out():
    assert provenance.versions(["no-such-package"]) == {}


@pytest.fixture
def proc(tmp_path, monkeypatch):
    """Let the module read files of a made-up machine; returns what writes one."""
    names = ("_PROCESSOR", "_MEMORY", "_STATUS", "_LIMIT", "_USED")
    for name in names:
        monkeypatch.setattr(provenance, name, tmp_path / name)
    return lambda name, text: (tmp_path / name).write_text(text)


def test_the_processor_has_a_name(proc):
    assert provenance.processor()
    proc("_PROCESSOR", "processor\t: 0\nmodel name\t: A Processor \nprocessor\t: 1\n")
    assert provenance.processor() == "A Processor"


def test_cores_are_counted_and_named(monkeypatch):
    assert provenance.cores() >= 1
    monkeypatch.setattr(provenance, "processor", lambda: "one")
    for count, text in ((1, "cpu: one, 1 core"), (4, "cpu: one, 4 cores")):
        monkeypatch.setattr(provenance, "cores", lambda count=count: count)
        assert provenance.device() == text


def test_memory_is_that_of_the_machine_or_of_its_container(proc):
    whole = provenance.memory()
    assert whole > 2**28
    assert provenance.free_memory() == whole  # Nothing counts what is used.
    proc("_MEMORY", "MemTotal:  9000 kB\nMemAvailable:  4000 kB\n")
    assert provenance.free_memory() == 4000 * 1024
    proc("_LIMIT", "max\n")
    assert provenance.memory() == whole
    proc("_LIMIT", "1000000\n")
    proc("_USED", "400000\n")
    assert provenance.memory() == 1_000_000
    assert provenance.free_memory() == 600_000
    proc("_USED", "2000000\n")
    assert provenance.free_memory() == 0


def test_the_peak_of_memory_is_read_or_asked_for(proc):
    assert provenance.peak_memory() > 2**24
    proc("_STATUS", "Name:\tpython\nVmHWM:\t    2048 kB\n")
    assert provenance.peak_memory() == 2048 * 1024


def git(folder, *words):
    who = ("-c", "user.name=somebody", "-c", "user.email=somebody@example.org")
    subprocess.run(["git", "-C", folder, *who, *words], check=True, capture_output=True)


def test_the_commit_is_that_of_the_source(tmp_path):
    (tmp_path / "src" / "cwvae").mkdir(parents=True)
    assert provenance.git_commit(tmp_path) is None
    file = tmp_path / "src" / "cwvae" / "file"
    file.write_text("1")
    git(tmp_path, "init")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-m", "first")
    commit = provenance.git_commit(tmp_path)
    assert commit is not None
    assert len(commit) == 40
    file.write_text("2")
    assert provenance.git_commit(tmp_path) == f"{commit}-dirty"
    # A package installed below a repository of somebody else.
    assert provenance.git_commit(tmp_path / "src") is None


def test_without_git_there_is_no_commit(monkeypatch):
    monkeypatch.setenv("PATH", "")
    assert provenance.git_commit() is None
