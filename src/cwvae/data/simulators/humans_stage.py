"""Recorded motions, and a body, a floor, a wall and a camera of pybullet to play them with."""

import json
import math
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

__all__ = ["Motion", "Stage", "load_motion", "make_stage"]

# Pixels of a picture, rendered so many times finer.
_SIZE, _FINER = 64, 2
_GRAY = (0.299, 0.587, 0.114)

# Joints of pybullet's humanoid in the order of a recording: number, and values of a frame.
_JOINTS = (
    (1, 4), (2, 4), (9, 4), (10, 1), (11, 4), (3, 4), (4, 1), (12, 4), (13, 1), (14, 4), (6, 4),
    (7, 1),
)  # fmt: skip


class Motion(NamedTuple):
    """A recording: its frames, how long one lasts, and whether it can begin again at its end."""

    name: str
    frames: np.ndarray
    step: float
    wraps: bool

    @property
    def duration(self) -> float:
        """Seconds."""
        return self.step * (len(self.frames) - 1)

    @property
    def travel(self) -> np.ndarray:
        """Metres on the ground (x and z) from the first frame to the last."""
        return self.frames[-1, [1, 3]] - self.frames[0, [1, 3]]

    def at(self, time: float) -> tuple[np.ndarray, np.ndarray, float]:
        """Return the recorded frames before and after a time, and how far it is between them."""
        if self.wraps:
            time %= self.duration
        else:  # there and back
            time = self.duration - abs(time % (2 * self.duration) - self.duration)
        place = min(int(time / self.step), len(self.frames) - 2)
        return self.frames[place], self.frames[place + 1], time / self.step - place


@cache
def load_motion(name: str) -> Motion:
    """Read a recording."""
    import pybullet_data

    path = Path(pybullet_data.getDataPath()) / "data" / "motions" / f"humanoid3d_{name}.txt"
    content = json.loads(path.read_text())
    frames = np.array(content["Frames"])
    return Motion(name, frames, float(frames[0, 0]), content["Loop"] == "wrap")


@cache
def make_stage() -> Any:
    """Make the simulator, once a process."""
    import pybullet
    import pybullet_data

    return Stage(pybullet, Path(pybullet_data.getDataPath()))


class Stage:
    """A body, a floor, a wall and a camera."""

    def __init__(self, bullet: Any, data: Path):
        self.bullet = bullet
        bullet.connect(bullet.DIRECT)
        self.body = bullet.loadURDF(
            str(data / "humanoid" / "humanoid.urdf"),
            globalScaling=0.25,
            flags=bullet.URDF_MAINTAIN_LINK_ORDER,
        )
        for half, gray, where in (
            ([30, 0.05, 30], 0.75, [0, -0.05, 0]),
            ([30, 8, 0.1], 0.85, [0, 8, -6]),
        ):
            shape = bullet.createVisualShape(
                bullet.GEOM_BOX, halfExtents=half, rgbaColor=[gray, gray, gray, 1]
            )
            bullet.createMultiBody(0, -1, shape, where)

    def dress(self, gray: float) -> None:
        """Give the body a brightness in [0, 1]."""
        for link in range(-1, self.bullet.getNumJoints(self.body)):
            self.bullet.changeVisualShape(self.body, link, rgbaColor=[gray, gray, gray, 1])

    def aim(self, distance: float) -> None:
        """Put the camera so many metres in front of the body."""
        self.view = self.bullet.computeViewMatrix([0, 1.1, distance], [0, 0.8, 0], [0, 1, 0])
        self.projection = self.bullet.computeProjectionMatrixFOV(50, 1, 0.1, 50)

    def pose(self, motion: Motion, time: float, facing: float, along: float | None) -> np.ndarray:
        """Put the body as it is at a time, and return where; `along` is where it crosses."""
        bullet = self.bullet
        before, after, share = motion.at(time)
        frame = before + (after - before) * share
        turn = bullet.getQuaternionSlerp(_quaternion(before, 4), _quaternion(after, 4), share)
        place = frame[1:4] - motion.frames[:, 1:4].mean(0) * [1, 0, 1]
        if along is not None:
            # What the recording travels is turned to run along x, and its distance set.
            way = math.atan2(-motion.travel[1], motion.travel[0])
            place = np.array([along, frame[2], 0.0])
            straight = bullet.getQuaternionFromAxisAngle([0, 1, 0], -way)
            _, turn = bullet.multiplyTransforms([0, 0, 0], straight, [0, 0, 0], turn)
        look = bullet.getQuaternionFromAxisAngle([0, 1, 0], facing)
        root = bullet.multiplyTransforms([0, 0, 0], look, place.tolist(), turn)
        bullet.resetBasePositionAndOrientation(self.body, *root)
        first = 8
        for joint, values in _JOINTS:
            if values == 4:
                ends = _quaternion(before, first), _quaternion(after, first)
                value = bullet.getQuaternionSlerp(*ends, share)
            else:
                value = [float(frame[first])]
            bullet.resetJointStateMultiDof(self.body, joint, value)
            first += values
        return np.array(root[0])

    def look(self) -> np.ndarray:
        """Return what the camera sees, gray."""
        side = _SIZE * _FINER
        picture = self.bullet.getCameraImage(
            side,
            side,
            self.view,
            self.projection,
            lightDirection=[1, 3, 2],
            shadow=0,
            renderer=self.bullet.ER_TINY_RENDERER,
            flags=self.bullet.ER_NO_SEGMENTATION_MASK,
        )[2]
        colour = np.reshape(np.asarray(picture, np.uint8), (side, side, 4))[..., :3]
        gray = colour.astype(np.float64) @ _GRAY
        return np.rint(gray.reshape(_SIZE, _FINER, _SIZE, _FINER).mean((1, 3))).astype(np.uint8)


def _quaternion(frame: np.ndarray, first: int) -> list[float]:
    """Return four of a recording's numbers, the real part first, as pybullet orders them."""
    real, *imaginary = frame[first : first + 4].tolist()
    return [*imaginary, real]
