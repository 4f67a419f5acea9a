"""Recorded human motion played before a fixed camera, rendered by pybullet.

A stand-in for KTH Action: gray, 25 frames per second, in KTH's layout.
"""

import math
from functools import partial
from pathlib import Path

import numpy as np

from cwvae.data.simulators.base import Scene, Simulator, Task, generator, missing_modules, versions
from cwvae.data.simulators.humans_stage import load_motion, make_stage
from cwvae.files import replacing

__all__ = ["ACTIONS", "HUMANS"]

ACTIONS = {
    "walking": "walk",
    "running": "run",
    "boxing": "punch",
    "jumping": "jump",
    "kicking": "kick",
    "dancing": "dance_a",
}
"""Action, as in the names of files -> recording of pybullet_data."""

_FPS = 25
# Persons of the two splits, as a fork of the official code divides KTH.
_PERSONS = {"train": range(1, 21), "test": range(21, 26)}
_REACH = 1.5  # metres from the middle at which one who crosses the view has left it
_SEQUENCES = "00sequences.txt"

_TRAVELLING = ("walk", "run")


def _which(task: Task) -> tuple[str, int, int]:
    """Return the action of a task, the person, and the number of the take."""
    persons = _PERSONS[task.split]
    turn, action = divmod(task.number, len(ACTIONS))
    take, person = divmod(turn, len(persons))
    return list(ACTIONS)[action], persons[person], take + 1


def _place(task: Task) -> Path:
    """Return <action>/personNN_<action>_dM_uncomp.avi."""
    action, person, take = _which(task)
    if take > 9:
        raise ValueError(
            f"KTH's names allow 9 takes of {len(_PERSONS[task.split])} persons and "
            f"{len(ACTIONS)} actions in the {task.split} split; ask for fewer videos"
        )
    return Path(action) / f"person{person:02}_{action}_d{take}_uncomp.avi"


def _write_sequences(folder: Path, tasks: list[Task]) -> None:
    """Write 00sequences.txt, with all of each file as one sequence."""
    lines = [
        f"{_place(task).name.removesuffix('_uncomp.avi')}\t\tframes\t1-{task.frames}"
        for task in tasks
    ]
    with replacing(folder / _SEQUENCES) as temporary:
        temporary.write_text("\n".join(lines) + "\n")


def _record(task: Task, attempt: int) -> Scene:
    """Play a recording with a body, speed, direction and camera of chance."""
    random = generator(task, attempt)
    action, person, _ = _which(task)
    stage = make_stage()
    motion = load_motion(ACTIONS[action])
    looks = np.random.default_rng([task.seed, person])  # a person looks alike in every video
    stage.dress(float(looks.uniform(0.1, 0.45)))
    stage.aim(distance=float(random.uniform(2.2, 2.6)))
    speed = float(random.uniform(0.8, 1.1))
    travels = motion.name in _TRAVELLING
    facing = float(random.choice([0, math.pi]) if travels else random.uniform(-0.6, 0.6))
    start = float(random.uniform(0, motion.duration))
    enter = float(random.uniform(-1, 1)) * _REACH
    video, position = [], []
    for frame in range(task.frames):
        time = speed * frame / _FPS
        pace = float(np.linalg.norm(motion.travel)) / motion.duration
        along = (enter + pace * time + _REACH) % (2 * _REACH) - _REACH if travels else None
        position.append(stage.pose(motion, start + time, facing, along))
        video.append(stage.look())
    truth = {
        "position": np.array(position, np.float32),
        "action": np.array(action, "U12"),
        "person": np.int32(person),
        "speed": np.float32(speed),
    }
    return Scene(np.stack(video)[..., None], truth, {})


HUMANS = Simulator(
    name="humans",
    frames=300,
    fewest=1,
    record=_record,
    place=_place,
    index=_write_sequences,
    actions_beside=False,
    missing=partial(
        missing_modules, "humans", {"pybullet": "pybullet", "pybullet_data": "pybullet"}
    ),
    versions=partial(versions, "pybullet", "numpy"),
    card="""A humanoid that walks, runs, boxes, jumps, kicks or dances before a fixed camera, gray,
25 frames per second; a stand-in for KTH Action, in its layout, persons 1-20 for training and 21-25
for testing. A person has the same brightness in every video. Rendered by pybullet (zlib licence)
from the motion capture that pybullet_data brings with it (of the DeepMimic project, MIT).

Truth, for each frame: position of the body (x to the right, y up, z towards the camera, metres);
for each video: action, person, and speed (1 as recorded).""",
    deterministic=True,
)
"""The simulator of `cwvae data make humans`."""
