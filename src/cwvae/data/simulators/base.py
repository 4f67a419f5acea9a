"""What a simulator is: a function from a seed to a video and the truth about it."""

import dataclasses
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Float32, UInt8

from cwvae import provenance
from cwvae.data.listing import Split

__all__ = [
    "DiscardedError",
    "Scene",
    "Simulator",
    "Task",
    "generator",
    "missing_modules",
    "no_index",
    "numbered",
    "versions",
]


class Task(NamedTuple):
    """One video to be made: its split, its number in the split, its length, and the seed of all."""

    split: Split
    number: int
    frames: int
    seed: int


class Scene(NamedTuple):
    """A simulated video and the truth about it.

    - `video`: uint8 (frames, height, width, channels);
    - `truth`: arrays by name, with a leading axis of frames, or one value for the video; the same
      names, types and shapes in every scene of a simulator;
    - `actions`: what was done at each frame, before the next, by name, float32 (frames, size).
    """

    video: UInt8[np.ndarray, "frames height width channels"]
    truth: dict[str, np.ndarray]
    actions: dict[str, Float32[np.ndarray, "frames size"]]


class DiscardedError(ValueError):
    """A simulated video that is of no use, by a rule that the message states."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Simulator:
    """A simulator, its layout and what it needs.

    - `name`: of the data set;
    - `frames`: of a video, by default;
    - `fewest`: frames that a video must have for what it shows to happen;
    - `record`: makes a scene; raises `DiscardedError` when it comes out useless, and is then
      called with the next attempt: `record(task, attempt)`;
    - `place`: where a task's video lies in the data set's folder;
    - `index`: writes what the layout has beside videos, from the folder and all tasks, once they
      are there;
    - `actions_beside`: whether the layout has a video's actions in a JSON file beside it;
    - `missing`: returns what must be installed, "" when nothing is missing;
    - `versions`: returns the versions for the data card, by name;
    - `card`: the data card's text on the source, its licences, and what the truth means;
    - `deterministic`: whether the same seed gives the same bytes.
    """

    name: str
    frames: int
    fewest: int
    record: Callable[[Task, int], Scene]
    place: Callable[[Task], Path]
    index: Callable[[Path, list[Task]], None]
    actions_beside: bool
    missing: Callable[[], str]
    versions: Callable[[], dict[str, str]]
    card: str
    deterministic: bool


def generator(task: Task, attempt: int) -> np.random.Generator:
    """Return a generator of random numbers that is this task's own."""
    split = ("train", "test").index(task.split)
    return np.random.default_rng([task.seed, split, task.number, attempt])


def no_index(folder: Path, tasks: list[Task]) -> None:
    """Write nothing: a layout of videos alone."""


def numbered(task: Task) -> Path:
    """Return split/number.mp4, as GQN Mazes has it."""
    return Path(task.split) / f"{task.number}.mp4"


def versions(*packages: str) -> dict[str, str]:
    """Return the versions of installed Python packages."""
    return provenance.versions(packages)


def missing_modules(extra: str, modules: Mapping[str, str]) -> str:
    """Return how to install the Python packages of an extra that are missing.

    `modules` names the distribution of each module. Returns "" when all are there.
    """
    names = [name for module, name in modules.items() if find_spec(module) is None]
    absent = dict.fromkeys(names)  # a distribution may bring several modules
    return f"pip install 'cwvae[{extra}]' (for {', '.join(absent)})" if absent else ""
