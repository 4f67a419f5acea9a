"""`cwvae push`: a repository is made of a run, and everyone loads it by its name."""

import subprocess
import sys

import hub_server
import pytest

from cwvae.pretrained import read_header
from cwvae.training.run import load_run


@pytest.fixture(scope="module")
def hub():
    with hub_server.running() as started:
        yield started


@pytest.fixture
def call(hub, tmp_path):
    """Call a command in a process of its own, with the token of the owner or another."""

    def called(*arguments: str, token: str = hub_server.TOKEN):
        env = hub_server.environment(hub.address, tmp_path, HF_TOKEN=token)
        command = [sys.executable, "-m", "cwvae", *arguments]
        return subprocess.run(command, env=env, capture_output=True, text=True, check=False)

    return called


def failed(done: subprocess.CompletedProcess) -> str:
    """Return the one line that a command printed when it failed."""
    assert done.returncode == 2, done
    (line,) = done.stderr.splitlines()
    return line


def test_a_run_is_pushed_to_a_repository_and_loaded_from_there(run, hub, call, tmp_path):
    options = ("--dtype", "bfloat16", "--license", "MIT", "--note", "For tests.", "--private")
    done = call("push", str(run), "owner/mine", *options)
    assert done.returncode == 0, done.stderr
    first, second = done.stdout.splitlines()
    mine = hub.repositories["owner/mine"]
    commit = mine.heads["main"]
    assert first.startswith(f"{hub.address}/owner/mine/commit/{commit}: 0.1 MB, 24,009 param")
    assert (
        second == 'cwvae info hub:owner/mine, or cwvae.load_pretrained("hub:owner/mine") in Python'
    )
    assert mine.private
    assert mine.messages[-1] == "Step 120: not measured"
    assert set(mine.commits[commit]) == {
        *(".gitattributes", "README.md"),
        *("config.json", "model.safetensors"),
    }
    card = mine.commits[commit]["README.md"].decode()
    for words in ('license: "mit"', "# owner/mine\n", "For tests.", "cwvae predict hub:owner/mine"):
        assert words in card
    info = call("info", "hub:owner/mine")
    assert info.returncode == 0, info.stderr
    assert info.stdout.startswith("hub:owner/mine: preset debug, 120 steps trained\n")
    assert str(tmp_path) not in card

    # Another push is another commit, and one to a branch leaves the main one as it is.
    assert call("push", str(run), "owner/mine@early", "--step", "100").returncode == 0
    assert mine.heads["main"] == commit
    (tmp_path / "early.safetensors").write_bytes(
        mine.commits[mine.heads["early"]]["model.safetensors"]
    )
    header = read_header(tmp_path / "early.safetensors")
    assert (header.step, header.settings) == (100, load_run(run).settings)


def test_what_cannot_be_pushed_is_one_line_with_the_remedy(run, hub, call, tmp_path):
    before = hub.repositories["owner/others"] = hub_server.Repository()
    before.commit({"pytorch_model.bin": b"", "README.md": b""})
    wrong = {
        "owner/others": "holds other files (pytorch_model.bin); push to a new repository",
        "stranger/mine": "the token may not do this (403); give one with the right: hf auth login",
        "mine": "expected the name of a repository, hub:OWNER/NAME",
    }
    for repository, words in wrong.items():
        assert words in failed(call("push", str(run), repository))
    assert "token with the right to write is needed; hf auth" in failed(
        call("push", str(run), "owner/new", token="")
    )
    offline = {"HF_HUB_OFFLINE": "1", "HF_TOKEN": hub_server.TOKEN}
    env = hub_server.environment(hub.address, tmp_path, **offline)
    command = [sys.executable, "-m", "cwvae", "push", str(run), "owner/new"]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert "HF_HUB_OFFLINE is set" in failed(done)
    assert set(hub.repositories) & {"owner/new", "stranger/mine"} == set()
    assert len(before.commits) == 1
