"""Trainings whose folder fills up, is read-only, removed or taken, and clocks that jump."""

import os
import random
import re
import resource
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from faults.starting import Started, finish, start
from faults.training_kills import TRAIN, equal, logged

__all__ = ["broken_places"]

_YEARS = 10 * 365 * 86_400  # seconds
# A path that is printed, up to the folder of its case.
_ABOVE = re.compile(r"[^ '\"]*/(?=[\w-]+/run\b)")


def broken_places(folder: Path) -> dict[str, Any]:
    """Break the place of a training in every way; return what each printed, and the faults.

    **Arguments:** `folder`, an empty one. A small file system is mounted below it where that is
    allowed; else, and besides, the size of files is limited.
    """
    whole = folder / "whole"
    finish([*TRAIN, "--out", whole], folder / "whole.log")
    found: dict[str, str] = {}
    faults: list[str] = []
    cases: dict[str, Callable[[Path, Path], str]] = {
        "a full disk": _full_disk,
        "files that may not grow": _limited_files,
        "a folder that becomes read-only": _read_only,
        "a folder that is removed": _removed,
        "two trainings of one run": _two,
        "two that begin one run": _two_new,
        "file times ten years ahead": _future,
        "a clock that jumps": _jumping,
    }
    for name, case in cases.items():
        place = folder / name.replace(" ", "_")
        place.mkdir()
        try:
            found[name] = case(place, whole)
        except (AssertionError, _FaultError, OSError, subprocess.CalledProcessError) as error:
            faults.append(f"{name}: {error}")
        finally:
            subprocess.run(["umount", "-q", str(place)], check=False, capture_output=True)
    return {"found": found, "faults": faults}


class _FaultError(Exception):
    """Something came out otherwise than it should."""


def _ends(started: Started, status: int, *words: str) -> str:
    """Return the line of a command that ends so, with these words in it and nothing above it."""
    started.wait()
    lines = [x for x in started.said().splitlines() if x.startswith("cwvae: error: ")]
    broken = "Traceback" in started.said() or len(lines) != 1
    if started.status != status or broken or not all(word in lines[0] for word in words):
        raise _FaultError(f"exit {started.status}: {started.said()[-700:]}")
    return _ABOVE.sub(".../", lines[0])


def _goes_on(out: Path, whole: Path, before: Callable[[], object] = int) -> None:
    """Resume a run to its end, which must be that of one that nothing disturbed."""
    started = start([*TRAIN, "--out", out, "--resume"], out.parent / "log", before)
    started.wait()
    if started.status or not equal(whole, out):
        raise _FaultError(f"it does not go on: exit {started.status}: {started.said()[-700:]}")


def _begun(out: Path, log: Path, before: Callable[[], object] = int) -> Started:
    """Start a training and wait until it has a checkpoint."""
    started = start([*TRAIN, "--out", out], log, before)
    started.wait(lambda: logged(out) > 25)
    return started


def _mount(place: Path, size: str) -> None:
    subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(place)],
        check=True,
        capture_output=True,
    )


def _full_disk(place: Path, whole: Path) -> str:
    out = place / "run"
    # Room for a first checkpoint, and not for what has to be free before a second.
    _mount(place, "1300k")
    line = _ends(start([*TRAIN, "--out", out], place.with_suffix(".log")), 1, "No space left")
    subprocess.run(["mount", "-o", "remount,size=200m", str(place)], check=True)
    _goes_on(out, whole)
    return line


def _limited_files(place: Path, whole: Path) -> str:
    """Limit the size of files, as quotas do, below what the log comes to."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, 40_000))

    out = place / "run"
    line = _ends(start([*TRAIN, "--out", out], place / "log", limit), 1, "File too large")
    _goes_on(out, whole)
    return line


def _read_only(place: Path, whole: Path) -> str:
    out = place / "run"
    _mount(place, "200m")
    started = _begun(out, place.with_suffix(".log"))
    started.kill()
    subprocess.run(["mount", "-o", "remount,ro", str(place)], check=True)
    resumed = start([*TRAIN, "--out", out, "--resume"], place.with_suffix(".log"))
    line = _ends(resumed, 2, "cannot write in", "give another folder")
    subprocess.run(["mount", "-o", "remount,rw", str(place)], check=True)
    _goes_on(out, whole)
    return line


def _removed(place: Path, whole: Path) -> str:
    out = place / "run"
    started = _begun(out, place / "log")
    out.rename(place / "elsewhere")
    return _ends(started, 1, "was removed or moved while it was trained")


def _two(place: Path, whole: Path) -> str:
    out = place / "run"
    first = _begun(out, place / "log")
    second = start([*TRAIN, "--out", out, "--resume"], place / "second.log")
    line = _ends(second, 2, "is being trained by another process; wait for its end")
    first.wait()
    if first.status or not equal(whole, out):
        raise _FaultError(f"the first was disturbed: {first.said()[-500:]}")
    return line


def _two_new(place: Path, whole: Path) -> str:
    out = place / "run"
    both = [start([*TRAIN, "--out", out], place / f"{n}.log") for n in range(2)]
    for started in both:
        started.wait()
    loser = max(both, key=lambda started: started.status or 0)
    line = _ends(loser, 2, "; ")
    if not equal(whole, out):
        raise _FaultError("the one that was faster was disturbed")
    return line


def _future(place: Path, whole: Path) -> str:
    out = place / "run"
    _begun(out, place / "log").kill()
    ahead = time.time() + _YEARS
    for path in [out, *out.rglob("*")]:
        os.utime(path, (ahead, ahead))
    _goes_on(out, whole)
    return "it goes on, bit for bit"


def _jumping(place: Path, whole: Path) -> str:
    """Let the time of day jump by up to ten years, forth and back, at every look at it."""

    def jump() -> None:
        now, jumps = time.time, random.Random(0)
        time.time = lambda: max(0.0, now() + jumps.uniform(-_YEARS, _YEARS))
        time.time_ns = lambda: int(time.time() * 10**9)

    out = place / "run"
    _begun(out, place / "log", jump).kill()
    _goes_on(out, whole, jump)
    return "it goes on, bit for bit"
