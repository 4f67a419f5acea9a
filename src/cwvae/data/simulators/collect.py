"""Many scenes of a simulator, in parallel, as a data set in its official layout."""

import json
import multiprocessing
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from cwvae.data.archives import read_archive
from cwvae.data.listing import Split
from cwvae.data.lossless import write_lossless
from cwvae.data.simulators.base import DiscardedError, Scene, Simulator, Task
from cwvae.files import read_json, replacing
from cwvae.provenance import cores

__all__ = ["Collection", "collect", "truth_file"]

_PARTS = ".parts"
"""Folder of what is true of each video, until all are there."""

_SETTINGS = "made.json"
"""File with how a data set was made, so that it goes on in the same way."""

_ATTEMPTS = 20


class Collection(NamedTuple):
    """How many videos to make, and how.

    - `train`, `test`: videos of each split;
    - `frames`: of a video;
    - `seed`: of everything.
    """

    train: int = 64
    test: int = 16
    frames: int = 300
    seed: int = 0

    def _counts(self) -> list[tuple[Split, int]]:
        return [("train", self.train), ("test", self.test)]

    def tasks(self) -> list[Task]:
        """Return a task for each video."""
        return [
            Task(split, number, self.frames, self.seed)
            for split, count in self._counts()
            for number in range(count)
        ]


def truth_file(folder: Path, split: str) -> Path:
    """Return where the truth about a split is."""
    return folder / f"{split}_truth.npz"


def collect(
    simulator: Simulator,
    folder: Path,
    collection: Collection,
    *,
    workers: int | None = None,
    progress: Callable[..., Iterable[Future]] = lambda videos, total: videos,
) -> int:
    """Make a data set: videos in their layout, and the truth about them, an npz for each split.

    What is there already is kept, so that a collection that was interrupted goes on. Returns how
    many scenes were discarded.

    **Arguments:** `simulator`, where scenes come from; `folder`, where the data set goes;
    `collection`, how many, how long; `workers`, processes, None for as many as there are cores;
    `progress`, called with the videos as they are done and their `total`, gives them back, as tqdm.

    Raises `ValueError` when the folder holds a data set that was made otherwise, or something must
    be installed, with what, and `DiscardedError` when scene after scene was of no use.
    """
    if collection.frames < simulator.fewest:
        raise ValueError(
            f"a video of {simulator.name} needs at least {simulator.fewest} frames, got "
            f"{collection.frames}; ask for more"
        )
    if missing := simulator.missing():
        raise ValueError(f"cwvae data make {simulator.name} needs: {missing}")
    tasks = collection.tasks()
    places = {task: simulator.place(task) for task in tasks}
    _open(folder, simulator, collection)
    left = [task for task in tasks if not _done(folder, task, places[task])]
    discarded = _record_all(simulator, folder, left, workers or cores(), progress)
    for split in ("train", "test"):
        _gather(folder, split, [task for task in tasks if task.split == split])
    simulator.index(folder, tasks)
    return discarded


def _record_all(
    simulator: Simulator,
    folder: Path,
    tasks: list[Task],
    workers: int,
    progress: Callable[..., Iterable[Future]],
) -> int:
    """Make videos in parallel; return how many scenes were discarded."""
    # Each process starts afresh: what draws pictures does not survive a fork.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(workers, max(len(tasks), 1)), mp_context=context) as pool:
        recorded = [pool.submit(_record, simulator, folder, task) for task in tasks]
        try:
            done = progress(as_completed(recorded), total=len(recorded))
            return sum(future.result() for future in done)
        except BrokenProcessPool as error:
            raise OSError(
                f"a process that made {simulator.name} ended by itself (was it killed, or memory "
                "short?); run the command again to go on, perhaps with --workers 1"
            ) from error
        finally:
            pool.shutdown(cancel_futures=True)


def _open(folder: Path, simulator: Simulator, collection: Collection) -> None:
    """Note how a data set is made, or check that it goes on in the same way.

    A data set may grow; whatever else is in the folder is not ours to write over.
    """
    wanted = {"simulator": simulator.name, **collection._asdict()}
    path = folder / _SETTINGS
    if path.is_file():
        _check_same(path, wanted)
    elif folder.is_dir() and any(folder.iterdir()):
        raise ValueError(
            f"{folder} holds something else ({_SETTINGS} is missing); give a new or empty folder"
        )
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(wanted) + "\n")


def _check_same(path: Path, wanted: dict[str, Any]) -> None:
    """Raise `ValueError` for a data set that was made otherwise, unless nothing is made yet."""
    try:
        known = read_json(path)
        made = {name: known[name] for name in wanted}
        grows = all(made[split] <= wanted[split] for split in ("train", "test"))
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{path} is damaged; give another folder") from error
    same = all(made[name] == wanted[name] for name in ("simulator", "frames", "seed"))
    if not (same and grows) and (path.parent / _PARTS).is_dir():
        raise ValueError(
            f"{path.parent} holds a data set made with {made}, which can get more videos but not "
            f"go on with {wanted}; give another folder"
        )


def _part(folder: Path, task: Task) -> Path:
    """Return where what is true of one video is kept."""
    return folder / _PARTS / f"{task.split}-{task.number}.npz"


def _done(folder: Path, task: Task, place: Path) -> bool:
    """Return whether a video and the truth about it are there."""
    return (folder / place).is_file() and _part(folder, task).is_file()


def _record(simulator: Simulator, folder: Path, task: Task) -> int:
    """Make one video in a process of its own; return how many attempts were discarded."""
    scene, discarded = _attempts(simulator, task)
    path = folder / simulator.place(task)
    write_lossless(path, scene.video)
    if simulator.actions_beside:
        with replacing(path.with_suffix(".json")) as temporary:
            lists = {name: values.tolist() for name, values in scene.actions.items()}
            temporary.write_text(json.dumps({"actions": lists}) + "\n")
    with replacing(_part(folder, task)) as temporary, temporary.open("wb") as file:
        arrays: dict[str, Any] = {"video": np.array(simulator.place(task).as_posix())}
        arrays |= scene.truth
        arrays |= {f"action_{name}": values for name, values in scene.actions.items()}
        np.savez(file, **arrays)
    return discarded


def _attempts(simulator: Simulator, task: Task) -> tuple[Scene, int]:
    """Return the first scene that is of use, and how many were not."""
    reason = ""
    for attempt in range(_ATTEMPTS):
        try:
            return simulator.record(task, attempt), attempt
        except DiscardedError as error:
            reason = str(error)
    raise DiscardedError(
        f"{simulator.name}, {task.split} video {task.number}: {_ATTEMPTS} scenes in a row were "
        f"discarded, the last because {reason}"
    )


def _gather(folder: Path, split: str, tasks: list[Task]) -> None:
    """Write what is true of all videos of a split: one array a name, its first axis the videos."""
    parts = [read_archive(_part(folder, task)) for task in tasks]
    if parts:
        arrays: dict[str, Any] = {
            name: np.stack([part[name] for part in parts]) for name in parts[0]
        }
        with replacing(truth_file(folder, split)) as temporary, temporary.open("wb") as file:
            np.savez_compressed(file, **arrays)
