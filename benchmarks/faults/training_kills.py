"""Trainings that are killed at random moments and resumed, beside one that nothing disturbs."""

import json
import multiprocessing
import re
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from faults.starting import Started, finish, start

__all__ = ["TRAIN", "equal", "killed_trainings", "logged"]

_STEPS = 400
TRAIN = (
    *("train", "--preset", "debug", "--levels", "1", "--steps", str(_STEPS), "--log-every", "1"),
    *("--checkpoint-every", "10", "--keep", "2", "--forecast-every", "1000000"),
)
"""The training: one level, so that a start takes little more than its tracing."""

# Of four kills one waits for a checkpoint that is being written, one comes before the first step.
_KINDS = ("training", "saving", "training", "starting")
_STARTING, _TRAINING, _SAVING = 8.0, 0.1, 0.05  # seconds within which the kill comes
_TAKEN = 40  # the most steps that a start takes before it
_SAVED = re.compile(r"\d+")


class _Chain:
    """Runs that are killed again and again until they are done; what came of it is counted."""

    def __init__(self, folder: Path, seed: int, whole: Path):
        self.folder, self.whole = folder, whole
        self.random = np.random.default_rng(seed)
        self.counts: Counter[str] = Counter()
        self.faults: list[str] = []
        self.lost = 0

    def run(self, kills: int, end: float) -> "_Chain":
        """Kill so often, or until a time (of `time.monotonic`); the last run goes on to its end."""
        while self.counts["kills"] < kills and time.monotonic() < end:
            self.counts["runs"] += 1
            out = self.folder / f"run{self.counts['runs']}"
            while self.counts["kills"] < kills and time.monotonic() < end and not self.faults:
                if self._killed(out):
                    break
            self._finish(out)
            if self.faults:
                break
        return self

    def _killed(self, out: Path) -> bool:
        """Start or resume a run and kill it; return whether it was done before that."""
        before, kind = _saved(out), _KINDS[self.counts["kills"] % len(_KINDS)]
        starts = _starts(out)
        wanted = max(before, default=0) + int(self.random.integers(1, _TAKEN))
        started = self._start(out)
        if kind == "starting":
            time.sleep(self.random.uniform(0, _STARTING))
        # Lines beyond the checkpoint may be those of the start before.
        elif not started.wait(lambda: _starts(out) > starts and logged(out) >= min(wanted, _STEPS)):
            return self._ended(started)
        if kind == "training":
            time.sleep(self.random.uniform(0, _TRAINING))
        if kind == "saving" and started.wait(lambda: _half_saved(out)):
            time.sleep(self.random.uniform(0, _SAVING))
        if not started.kill():
            return self._ended(started)
        self._count(kind, out, before, starts)
        return False

    def _count(self, kind: str, out: Path, before: list[int], starts: int) -> None:
        """Count a kill, and what it left."""
        self.counts["kills"] += 1
        self.counts[f"while {kind}"] += 1
        self.counts["half a checkpoint was left"] += _half_saved(out)
        self.counts["starts that took a step"] += _starts(out) > starts
        after = _saved(out)
        # Two are kept, and the newest of before is one of them, or older than two new ones.
        if max(after, default=0) < max(before, default=0):
            self.faults.append(f"checkpoints {before} became {after}")
        if _starts(out) > starts:
            self.lost = max(self.lost, logged(out) - max(after, default=0))

    def _start(self, out: Path) -> Started:
        """Start a run, or go on with it where there is one."""
        resume = ["--resume"] if (out / "config.json").is_file() else []
        return start([*TRAIN, *resume, "--out", str(out)], self.folder / f"{out.name}.log")

    def _ended(self, started: Started) -> bool:
        """Note a run that ended by itself, which is right only when it is done."""
        if started.status:
            self.faults.append(f"exit {started.status}: {started.said()[-500:]}")
        return True

    def _finish(self, out: Path) -> None:
        """Let a run go on to its end, and compare it with the one that nothing disturbed."""
        started = self._start(out)
        started.wait()
        self._ended(started)
        self.counts["runs that end bit for bit equal"] += equal(self.whole, out)
        self.counts["logs that end equal"] += _lines(self.whole) == _lines(out)


def killed_trainings(
    folder: Path, *, kills: int, seed: int, at_once: int, seconds: float
) -> dict[str, Any]:
    """Kill trainings so often and return what came of it.

    **Arguments:** `folder`, an empty one; `kills`; `seed` of the moments; `at_once`, how many
    trainings run side by side; `seconds` after which no more are killed.
    """
    whole = folder / "whole"
    finish([*TRAIN, "--out", str(whole)], folder / "whole.log")
    end = time.monotonic() + seconds
    shares = [len(share) for share in np.array_split(np.arange(kills), at_once)]
    chains = [_Chain(folder / f"chain{n}", seed + n, whole) for n in range(at_once)]
    for chain in chains:
        chain.folder.mkdir()
    # Processes, since one that forks must have no other threads.
    with ProcessPoolExecutor(at_once, multiprocessing.get_context("fork")) as processes:
        done = list(processes.map(_Chain.run, chains, shares, [end] * at_once))
    counts = sum((chain.counts for chain in done), Counter())
    return {
        "command": ["cwvae", *TRAIN],
        **counts,
        "most steps lost, of 10 between checkpoints": max(chain.lost for chain in done),
        "faults": [fault for chain in done for fault in chain.faults],
    }


def _saved(out: Path) -> list[int]:
    """Return the steps of the checkpoints that are there under their names."""
    folder = out / "checkpoints"
    names = [path.name for path in folder.iterdir()] if folder.is_dir() else []
    return sorted(int(name) for name in names if _SAVED.fullmatch(name))


def _starts(out: Path) -> int:
    """Return how often a run was started and took a step."""
    path = out / "environment.json"
    return path.read_text().count('"date"') if path.is_file() else 0


def _half_saved(out: Path) -> bool:
    """Return whether a checkpoint is being written."""
    return any((out / "checkpoints").glob("*tmp*"))


def logged(out: Path) -> int:
    """Return the last step that is logged, 0 before the first."""
    path = out / "metrics.jsonl"
    lines = path.read_bytes().splitlines(keepends=True) if path.is_file() else []
    whole = [line for line in lines[-2:] if line.endswith(b"\n")]
    return json.loads(whole[-1])["step"] if whole else 0


def _lines(out: Path) -> list[dict[str, Any]]:
    """Return the lines of metrics without how fast they came."""
    known = map(json.loads, (out / "metrics.jsonl").read_text().splitlines())
    return [{k: v for k, v in line.items() if "second" not in k} for line in known]


def equal(first: Path, second: Path) -> bool:
    """Return whether the last states of two runs are bit for bit equal, in a process of its own."""
    words = [sys.executable, "-m", "faults.comparing", str(first), str(second)]
    return subprocess.run(words, cwd=Path(__file__).parents[1], check=False).returncode == 0
