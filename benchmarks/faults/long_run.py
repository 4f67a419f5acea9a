"""A training of very many tiny steps, whose memory, open files and time a step are watched."""

import itertools
import os
import time
from pathlib import Path
from typing import Any

from faults.starting import Started, start

__all__ = ["long_training", "watched"]

TRAIN = (
    *("train", "--preset", "debug", "--levels", "1", "--batch-size", "1", "--frames", "2"),
    *("--log-every", "100", "--keep", "2", "--steps"),
)
"""The training, but for its number of steps."""

_PARTS = 10  # of the training, of each of which the medians are compared


def long_training(folder: Path, *, steps: int, every: float = 2.0) -> dict[str, Any]:
    """Train so many steps with ten checkpoints and forecasts, and return what was seen.

    **Arguments:** `folder`, an empty one; `steps`, a multiple of ten; `every`, seconds between two
    looks.

    Of each tenth of the steps: the largest resident memory in MiB, the fewest open files and
    threads (what is open all along, for while a checkpoint is written there are some more), and the
    milliseconds of processor time a step.
    """
    out, part = folder / "long", steps // _PARTS
    often = ("--checkpoint-every", str(part), "--forecast-every", str(part))
    words = [*TRAIN, str(steps), *often]
    started = start([*words, "--out", str(out)], folder / "long.log")
    looks = watched(started, out, every)
    ends = [n * part for n in range(_PARTS + 1)]
    tenths = [
        [look for look in looks if first < look["step"] <= last]
        for first, last in itertools.pairwise(ends)
    ]
    return {
        "command": ["cwvae", *words],
        "steps": _logged(out / "metrics.jsonl"),
        "exit status": started.status,
        "tenths": [_summary(part) for part in tenths if len(part) > 1],
    }


def watched(started: Started, out: Path, every: float) -> list[dict[str, float]]:
    """Return a look at a training every so many seconds, until it ends."""
    looks = []
    while not started.ended():
        found = _look(started.process, out)
        if found is not None:
            looks.append(found)
        time.sleep(every)
    return looks


def _look(process: int, out: Path) -> dict[str, float] | None:
    """Return what a process holds now, None before its first step and after its end."""
    try:
        status = Path(f"/proc/{process}/status").read_text()
        fields = dict(line.split(":", 1) for line in status.splitlines() if ":" in line)
        times = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
        return {
            "step": _logged(out / "metrics.jsonl"),
            "memory": int(fields["VmRSS"].split()[0]) / 1024,
            "files": len(os.listdir(f"/proc/{process}/fd")),
            "threads": int(fields["Threads"]),
            "seconds": (int(times[11]) + int(times[12])) / os.sysconf("SC_CLK_TCK"),
        }
    except (OSError, KeyError, ValueError, IndexError):
        return None


def _logged(path: Path) -> int:
    """Return the last step that is logged; raise `IndexError` or `OSError` before the first."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - 4096))
        last = file.read().splitlines(keepends=True)
    whole = [line for line in last if line.endswith(b"\n")]
    return int(whole[-1].split(b":")[1].split(b",")[0])


def _summary(looks: list[dict[str, float]]) -> dict[str, float]:
    """Return what was seen in a part of the training."""
    first, last = looks[0], looks[-1]
    steps = last["step"] - first["step"]
    seconds = last["seconds"] - first["seconds"]
    return {
        "memory in MiB": round(max(look["memory"] for look in looks), 1),
        "open files": min(look["files"] for look in looks),
        "threads": min(look["threads"] for look in looks),
        "processor ms a step": round(1000 * seconds / steps, 3) if steps else 0.0,
    }
