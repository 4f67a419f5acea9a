"""What writes files, killed at random moments: a reader finds whole files or none."""

import shutil
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from cwvae.data.cache import Cache
from cwvae.data.kept import open_kept
from cwvae.data.opening import open_clips
from faults.starting import Started, finish, fork, start

__all__ = ["killed_writers"]

_CACHED, _MADE, _WRITTEN = 30, 6, 5  # kills of each
_VIDEOS, _FRAMES = 12, 3000
MAKE = (
    *("data", "make", "crafter", "--train", "6", "--test", "2", "--frames", "60"),
    *("--workers", "1"),
)
"""The data set that is made, by one process for all videos."""


def killed_writers(folder: Path, run: Path) -> dict[str, Any]:
    """Kill the cache of decoded videos, `data make`, `predict` and `export`; return what was left.

    **Arguments:** `folder`, an empty one; `run`, a trained run of 32 x 32 gray frames.
    """
    random = np.random.default_rng(0)
    faults: list[str] = []
    kills = {
        "cache": _cache(folder / "cache", random, faults),
        "data make": _make(folder / "make", random, faults),
    }
    video = folder / "video.npz"
    np.savez(video, video=np.zeros((100, 32, 32, 1), np.uint8))
    for name in ("out.npz", "out.gif", "out.mp4"):
        words = ["predict", run, video, "--horizon", "90", "--out"]
        kills[f"predict {name}"] = _written(folder / "predict", name, words, random, faults)
    words = ["export", run]
    kills["export"] = _written(folder / "export", "m.safetensors", words, random, faults)
    return {"kills": kills, "faults": faults}


def _killed(started: Started, until: Callable[[], bool], wait: float) -> bool:
    """Kill a process so many seconds after something is so; return whether it still ran."""
    if started.wait(until):
        time.sleep(wait)
    return started.kill()


def _cache(folder: Path, random: np.random.Generator, faults: list[str]) -> int:
    """Kill what decodes videos into the cache; every file that is found there is whole."""
    folder.mkdir()
    files = [folder / f"{number}.npy" for number in range(_VIDEOS)]
    for path in files:
        np.save(path, random.integers(0, 256, (_FRAMES, 32, 32, 1), np.uint8))
    cache, kills = folder / "kept", 0

    def read() -> int:
        open_clips(files, frames=10, size=32, channels=1, cache=Cache(memory=0, folder=cache))
        return 0

    while kills < _CACHED:
        kills += _killed(fork(read, folder / "log"), cache.is_dir, random.uniform(0, 0.3))
        for path in cache.glob("*.npy"):
            video = open_kept(path)
            whole = video is not None and len(video) == _FRAMES
            faults += [] if whole else [f"{path.name} of the cache is no whole video"]
        if len([*cache.glob("*.npy")]) == _VIDEOS:
            shutil.rmtree(cache)
    clips = open_clips(files, frames=10, size=32, channels=1, cache=Cache(memory=0, folder=cache))
    first = [np.load(path)[:10] for path in files]
    same = all((clips[n * _FRAMES // 10]["video"] == first[n]).all() for n in range(_VIDEOS))
    return kills if same else faults.append("the cache holds other frames than the files") or kills


def _make(folder: Path, random: np.random.Generator, faults: list[str]) -> int:
    """Kill `data make`; begun again it ends with the very files of one that nothing disturbed."""
    folder.mkdir()
    whole, out, kills = folder / "whole", folder / "out", 0
    finish([*MAKE, "--out", whole], folder / "log")
    while kills < _MADE:
        made = len(_content(out))
        started = start([*MAKE, "--out", out], folder / "log")
        if not _killed(started, lambda n=made: len(_content(out)) > n, random.uniform(0, 0.5)):
            shutil.rmtree(out)
            continue
        kills += 1
    started = start([*MAKE, "--out", out], folder / "log")
    started.wait()
    if started.status or _content(out) != _content(whole):
        faults.append(f"data make: other files, exit {started.status}: {started.said()[-300:]}")
    return kills


def _content(folder: Path) -> dict[str, bytes]:
    """Return the videos and truths of a data set."""
    found = [*folder.rglob("*.mp4"), *folder.rglob("*_truth.npz"), *folder.rglob("[0-9]*.json")]
    return {str(path.relative_to(folder)): path.read_bytes() for path in found if _shown(path)}


def _shown(path: Path) -> bool:
    return not path.name.startswith(".") and path.is_file()


def _written(
    folder: Path, name: str, words: Sequence[object], random: np.random.Generator, faults: list[str]
) -> int:
    """Kill a command that writes one file: it is absent, or as one that nothing disturbed."""
    # Of the same name, which is part of what is exported.
    out, whole = folder / name, folder / "whole" / name
    whole.parent.mkdir(parents=True, exist_ok=True)
    finish([*words, whole], folder / "log")
    kills = 0
    for _ in range(3 * _WRITTEN):
        if kills == _WRITTEN:
            break
        out.unlink(missing_ok=True)
        started = start([*words, out], folder / "log")
        # What is half written has a name of its own.
        begun = lambda: any(folder.glob(f".{name}.*")) or out.exists()  # noqa: E731
        kills += _killed(started, begun, random.choice([0.0, 0.001, 0.01, 0.05]))
        if out.exists() and out.stat().st_size != whole.stat().st_size:
            faults.append(f"{name} is half written")
    return kills
