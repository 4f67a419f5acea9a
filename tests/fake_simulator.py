"""A simulator that simulates nothing, in no time."""

import dataclasses
import os
import signal
from functools import partial
from pathlib import Path

import numpy as np

from cwvae.data.simulators.base import DiscardedError, Scene, Simulator, Task, generator, numbered

SIZE = 8


def record(task: Task, attempt: int) -> Scene:
    """Draw noise; every third scene's first attempt is of no use."""
    if task.number % 3 == 1 and attempt == 0:
        raise DiscardedError("it was dull")
    random = generator(task, attempt)
    video = random.integers(0, 256, (task.frames, SIZE, SIZE, 3), dtype=np.uint8)
    truth = {"number": np.int32(task.number), "brightness": video.mean((1, 2, 3))}
    return Scene(video, truth, {"walk": random.random((task.frames, 2), dtype=np.float32)})


def record_nothing_of_use(task: Task, attempt: int) -> Scene:
    raise DiscardedError("it was dull")


def die(task: Task, attempt: int) -> Scene:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("dead")


def note(folder: Path, tasks: list[Task]) -> None:
    (folder / "index.txt").write_text(f"{len(tasks)}\n")


def missing(what: str = "") -> str:
    return what


FAKE = Simulator(
    name="fake",
    frames=5,
    fewest=2,
    record=record,
    place=numbered,
    index=note,
    actions_beside=True,
    missing=missing,
    versions=dict,
    card="Noise.",
    deterministic=True,
)
KILLED = dataclasses.replace(FAKE, record=die)
USELESS = dataclasses.replace(FAKE, record=record_nothing_of_use)
ABSENT = dataclasses.replace(FAKE, missing=partial(missing, "apt install fake"))
