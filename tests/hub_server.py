"""A stand-in for a model hub: as much of its protocol as its client uses, in memory."""

import base64
import contextlib
import hashlib
import json
import os
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

TOKEN = "hf_of_the_owner"
OWNER = "owner"


def environment(address: str, home: Path, **more: str) -> dict[str, str]:
    """Return the environment of a process that knows this hub and keeps its files in a folder."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HF_")}
    known = {"HF_ENDPOINT": address, "HF_HOME": str(home), "HF_HUB_DISABLE_XET": "1"}
    return kept | known | more


class Repository:
    """Commits of files, and where branches and tags are."""

    def __init__(self, *, private: bool = False, gated: bool = False):
        self.private, self.gated = private, gated
        self.commits: dict[str, dict[str, bytes]] = {}
        self.heads: dict[str, str] = {}
        self.messages: list[str] = []

    def commit(self, files: dict[str, bytes], branch: str = "main", message: str = "") -> str:
        """Add files to those of a branch, and return the commit."""
        before = self.commits.get(self.heads.get(branch, ""), {})
        commit = hashlib.sha1(repr((len(self.commits), branch)).encode()).hexdigest()
        self.commits[commit], self.heads[branch] = before | files, commit
        self.messages.append(message)
        return commit


class Hub(ThreadingHTTPServer):
    """The server, its repositories by name, and every request that it was sent."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.address = f"http://127.0.0.1:{self.server_port}"
        self.repositories: dict[str, Repository] = {}
        self.large: dict[str, bytes] = {}
        self.requests: list[str] = []


@contextlib.contextmanager
def running() -> Iterator[Hub]:
    """Start a hub, and end it."""
    with Hub() as hub:
        thread = threading.Thread(target=hub.serve_forever)
        thread.start()
        try:
            yield hub
        finally:
            hub.shutdown()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Hub  # pyright: ignore[reportIncompatibleVariableOverride]

    def log_message(self, format: str, *args: Any) -> None:
        """Print nothing."""

    def do_HEAD(self) -> None:
        self._begin()
        self._resolve()

    def do_GET(self) -> None:
        self._begin()
        if "/resolve/" in self.path:
            self._resolve()
        elif match := re.fullmatch(r"/api/models/([\w.-]+/[\w.-]+)/tree/(.+)", self.path):
            self._tree(*match.groups())
        elif match := re.fullmatch(r"/api/models/([\w.-]+/[\w.-]+)(?:/revision/(.+))?", self.path):
            self._info(*match.groups())
        else:
            self._answer(404, {"error": f"no {self.path}"})

    def do_PUT(self) -> None:
        body = self._begin()
        self.server.large[self.path.rpartition("/")[2]] = body
        self._answer(200, {})

    def do_POST(self) -> None:
        body = self._begin()
        if self.path == "/api/validate-yaml":
            self._answer(200, {"errors": [], "warnings": []})
            return
        if self.headers.get("Authorization") != f"Bearer {TOKEN}":
            self._answer(401, {"error": "Invalid username or password."})
            return
        paths = {
            r"/api/repos/create": self._create,
            r"/api/models/([\w.-]+/[\w.-]+)/branch/(.+)": self._branch,
            r"/api/models/([\w.-]+/[\w.-]+)/preupload/(.+)": self._preupload,
            r"/api/models/([\w.-]+/[\w.-]+)/commit/(.+)": self._commit,
            r"/([\w.-]+/[\w.-]+)\.git/info/lfs/objects/batch": self._large,
        }
        for pattern, answer in paths.items():
            if match := re.fullmatch(pattern, self.path):
                answer(*match.groups(), body)
                return
        self._answer(404, {"error": f"no {self.path}"})

    def _begin(self) -> bytes:
        """Write the request down, and return what it brings."""
        self.path = self.path.partition("?")[0].replace("%2F", "/")
        self.server.requests.append(f"{self.command} {self.path}")
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def _answer(
        self, status: int, value: Any, content: bytes | None = None, **headers: str
    ) -> None:
        """Answer with JSON, or with the content of a file."""
        body = json.dumps(value).encode() if content is None else content
        self.send_response(status)
        for name, text in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), text)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _found(self, name: str, revision: str) -> tuple[Repository, str] | None:
        """Return a repository and a commit, or answer as the hub does where there is none."""
        known = self.server.repositories.get(name)
        allowed = self.headers.get("Authorization") == f"Bearer {TOKEN}"
        if known is None or (known.private and not allowed):
            self._answer(404 if allowed else 401, {}, X_Error_Code="RepoNotFound")
        elif known.gated and not allowed:
            self._answer(403, {"error": "gated"}, X_Error_Code="GatedRepo")
        elif (commit := known.heads.get(revision, revision)) not in known.commits:
            self._answer(404, {}, X_Error_Code="RevisionNotFound")
        else:
            return known, commit
        return None

    def _resolve(self) -> None:
        name, _, rest = self.path[1:].partition("/resolve/")
        revision, _, file = rest.partition("/")
        if (found := self._found(name, revision)) is None:
            return
        known, commit = found
        content = known.commits[commit].get(file)
        if content is None:
            self._answer(404, {}, X_Error_Code="EntryNotFound", X_Repo_Commit=commit)
            return
        etag = f'"{hashlib.sha256(content).hexdigest()}"'
        self._answer(200, {}, content, ETag=etag, X_Repo_Commit=commit)

    def _tree(self, name: str, revision: str) -> None:
        if (found := self._found(name, revision)) is None:
            return
        files = found[0].commits[found[1]].items()
        kinds = {"type": "file", "oid": ""}
        self._answer(
            200, [{**kinds, "path": path, "size": len(content)} for path, content in files]
        )

    def _info(self, name: str, revision: str | None) -> None:
        if (found := self._found(name, revision or "main")) is None:
            return
        known, commit = found
        files = [{"rfilename": file} for file in sorted(known.commits[commit])]
        self._answer(200, {"id": name, "sha": commit, "private": known.private, "siblings": files})

    def _create(self, body: bytes) -> None:
        wanted = json.loads(body)
        name = f"{wanted['organization']}/{wanted['name']}"
        if wanted["organization"] != OWNER:
            self._answer(403, {"error": "no right to write there"})
            return
        status = 409 if name in self.server.repositories else 200
        private = bool(wanted.get("private")) or wanted.get("visibility") == "private"
        fresh = self.server.repositories.setdefault(name, Repository(private=private))
        if status == 200:
            fresh.commit({".gitattributes": b""})
        self._answer(status, {"url": f"{self.server.address}/{name}"})

    def _branch(self, name: str, branch: str, _: bytes) -> None:
        known = self.server.repositories[name]
        status = 409 if branch in known.heads else 200
        known.heads.setdefault(branch, known.heads["main"])
        self._answer(status, {})

    def _preupload(self, name: str, revision: str, body: bytes) -> None:
        files = [
            {
                "path": file["path"],
                "uploadMode": "lfs" if file["path"].endswith(".safetensors") else "regular",
                "shouldIgnore": False,
            }
            for file in json.loads(body)["files"]
        ]
        self._answer(200, {"files": files})

    def _large(self, name: str, body: bytes) -> None:
        objects = [
            {**o, "actions": {"upload": {"href": f"{self.server.address}/large/{o['oid']}"}}}
            for o in json.loads(body)["objects"]
        ]
        self._answer(200, {"transfer": "basic", "objects": objects})

    def _commit(self, name: str, revision: str, body: bytes) -> None:
        files, message = {}, ""
        for entry in map(json.loads, body.splitlines()):
            value = entry["value"]
            match entry["key"]:
                case "header":
                    message = value["summary"]
                case "file":
                    files[value["path"]] = base64.b64decode(value["content"])
                case "lfsFile":
                    files[value["path"]] = self.server.large[value["oid"]]
        commit = self.server.repositories[name].commit(files, revision, message)
        address = f"{self.server.address}/{name}/commit/{commit}"
        self._answer(200, {"commitOid": commit, "commitUrl": address, "success": True})
