"""Models in repositories: pushed, fetched once, found without the network, and never executed."""

import json
import socket
import subprocess
import sys

import hub_attempts
import hub_server
import pytest
from exports import exported, joined, parts

from cwvae.pretrained import load_pretrained
from cwvae.repository import Repository, parse_repository

# In a name of the owner's repositories, so that what a test means can be read in it.
MINE = f"{hub_server.OWNER}/mine"


@pytest.fixture(scope="module")
def hub():
    with hub_server.running() as started:
        yield started


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """The files of an exported model, by name."""
    _, folder = exported(tmp_path_factory.mktemp("exports") / "tiny")
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def loaded(names, *, env) -> list[dict]:
    """Return what loading each of the names gave, in one process."""
    command = [sys.executable, hub_attempts.__file__, *names]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def turned(content: bytes) -> bytes:
    """Return a file whose one array has its axes turned."""
    header, numbers = parts(content)
    header["decoder.dense.kernel"]["shape"].reverse()
    return joined(header, numbers)


def test_a_model_is_fetched_once_and_then_found_without_the_network(hub, files, tmp_path):
    mine = hub.repositories[MINE] = hub_server.Repository()
    first = mine.commit(files | {"evil.py": b"raise SystemExit", "weights.pkl": b"cos\nsystem\n"})
    mine.heads["v1"] = first
    mine.commit({"README.md": b"# Second\n"})
    env = hub_server.environment(hub.address, tmp_path)
    names = [MINE, f"hub:{MINE}", f"{MINE}@v1", f"hub:{MINE}@{first}"]
    hub.requests.clear()
    newest, same, tagged, exact = loaded(names, env=env)
    assert newest == same
    assert newest["card"] == "# Second\n"
    assert tagged["card"].startswith("---\nlicense")
    assert tagged == exact
    assert tagged["path"].endswith(first)
    fetched = [r.rpartition("/")[2] for r in hub.requests if r.startswith(f"GET /{MINE}")]
    assert set(fetched) == set(files)
    assert fetched.count("model.safetensors") == 1
    hub.requests.clear()
    assert loaded(names, env=env | {"HF_HUB_OFFLINE": "1"}) == [newest, same, tagged, exact]
    assert hub.requests == []


def test_what_is_wrong_is_one_line_with_the_remedy(hub, files, tmp_path):
    later = json.loads(files["config.json"])
    later["schema"] = 2
    other = json.loads(files["config.json"])
    other["settings"]["data"]["speed"] = 2.0
    wrong = {
        "later": files | {"config.json": json.dumps(later).encode()},
        "mixed": files | {"config.json": json.dumps(other).encode()},
        "turned": {"config.json": files["config.json"], "README.md": b""},
        "others": {"pytorch_model.bin": b""},
        "damaged": files | {"model.safetensors": files["model.safetensors"][:-9]},
        "private": files,
        "gated": files,
    }
    wrong["turned"]["model.safetensors"] = turned(files["model.safetensors"])
    for name, content in wrong.items():
        known = {"private": name == "private", "gated": name == "gated"}
        hub.repositories[f"owner/{name}"] = hub_server.Repository(**known)
        hub.repositories[f"owner/{name}"].commit(content)
    expected = {
        "owner/none": ("FileNotFoundError", "no such path, and no repository of this name"),
        "owner/private": ("FileNotFoundError", "a private one, hf auth login, or set HF_TOKEN"),
        "owner/gated": ("FileNotFoundError", "accept them at http://127"),
        "owner/later": ("ValueError", "expected schema 1, got 2; this is cwvae"),
        "owner/others": ("ValueError", "model.safetensors or config.json is missing; look at"),
        "owner/mixed": ("ValueError", "expected the configuration that stands in model.safet"),
        "owner/turned": ("ValueError", "do not fit the model: decoder.dense.kernel is float32 ("),
        "owner/damaged": ("ValueError", "expected a whole file of safetensors"),
        "owner/later@next": ("FileNotFoundError", "no such revision; http://127"),
        "hub:later": ("ValueError", "hub:OWNER/NAME@REVISION, got 'hub:later'"),
        "./owner/later": ("FileNotFoundError", "a file or folder of cwvae export"),
    }
    hub.requests.clear()
    found = dict(
        zip(
            expected,
            loaded(expected, env=hub_server.environment(hub.address, tmp_path)),
            strict=True,
        )
    )
    for name, (error, words) in expected.items():
        assert found[name].get("error") == error, found[name]
        assert words in found[name]["text"]
        assert "\n" not in found[name]["text"]
    # Of what a later version wrote the weights are not even fetched.
    assert not [request for request in hub.requests if "later" in request and "model" in request]


def test_a_token_opens_what_is_private(hub, files, tmp_path):
    hub.repositories["owner/secret"] = hub_server.Repository(private=True)
    hub.repositories["owner/secret"].commit(files)
    env = hub_server.environment(hub.address, tmp_path, HF_TOKEN=hub_server.TOKEN)
    (found,) = loaded(["owner/secret"], env=env)
    assert found["step"] == 7


def test_without_hub_or_cache_the_error_names_what_to_do(tmp_path):
    with socket.socket() as taken:  # bound and not listening: every connection is closed
        taken.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{taken.getsockname()[1]}"
        (absent,) = loaded([MINE], env=hub_server.environment(address, tmp_path))
        (offline,) = loaded(
            [MINE], env=hub_server.environment(address, tmp_path, HF_HUB_OFFLINE="1")
        )
    assert absent["error"] == offline["error"] == "ConnectionError"
    assert f"cannot reach {address}" in absent["text"]
    assert "check the network" in absent["text"]
    assert "HF_HUB_OFFLINE is set; load it once without" in offline["text"]


def test_without_its_client_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    monkeypatch.delitem(sys.modules, "cwvae.pretrained.hub", raising=False)
    with pytest.raises(ImportError, match=r"pip install 'cwvae\[hub\]'"):
        load_pretrained("owner/mine")


def test_a_path_that_is_there_is_never_a_repository(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    exported(tmp_path / "owner" / "mine")
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    assert load_pretrained("owner/mine").step == 7


def test_names_of_repositories_are_read_strictly():
    assert parse_repository("hub:a/b") == parse_repository("a/b") == Repository("a/b")
    assert parse_repository("a/b.c@feature/x") == Repository("a/b.c", "feature/x")
    assert str(Repository("a/b", "v1")) == "hub:a/b@v1"
    for text in ("a", "a/b/c", "../b", "a/b@", "a/b@-x", "a b/c", "a/b.safetensors", "", "hub:"):
        with pytest.raises(ValueError, match="OWNER/NAME@REVISION, got"):
            parse_repository(text)
