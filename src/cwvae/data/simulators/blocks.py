"""First-person walks through block worlds, by Debian's minetest: a stand-in for MineRL Navigate."""

import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from cwvae.data.simulators.base import (
    DiscardedError,
    Scene,
    Simulator,
    Task,
    generator,
    no_index,
    numbered,
)
from cwvae.data.simulators.blocks_game import game, make_world, program, screen, step

__all__ = ["BLOCKS"]

_WARM_UP = 30  # steps before the first frame, in which the world around arrives
_DARK, _MOST_DARK = 25.0, 0.1
_FEWEST_STEPS = 0.4  # share of the frames in which it must have moved


def _record(task: Task, attempt: int) -> Scene:
    """Walk through a new world; discard a walk that was stuck or in the dark."""
    random = generator(task, attempt)
    with tempfile.TemporaryDirectory(prefix="cwvae-blocks-") as name:
        folder = Path(name)
        world = make_world(folder, random)
        with screen(folder) as (display, picture), game(folder, world, display):
            rows = [step(world, number, picture) for number in range(_WARM_UP + task.frames)]
    video, position, motion, biome = (np.stack(c) for c in zip(*rows[_WARM_UP:], strict=True))
    _check(video, motion)
    truth = {
        "position": position.astype(np.float32),
        "heading": motion[:, 0].astype(np.float32),
        "biome": biome.astype("U32"),
    }
    # A frame comes with the step that led to it; the step after the last frame is unknown.
    actions = np.concatenate([motion[1:, 1:], np.zeros((1, 2))]).astype(np.float32)
    return Scene(video, truth, {"walk": actions})


def _check(video: UInt8[np.ndarray, "frames height width 3"], motion: np.ndarray) -> None:
    """Discard a video in which little moves or little is seen."""
    moving = float((motion[:, 2] > 0).mean())
    if moving < _FEWEST_STEPS:
        raise DiscardedError(
            f"the walker was stuck: it moved in {moving:.0%} of the frames, less than "
            f"{_FEWEST_STEPS:.0%}"
        )
    dark = float((video.mean((1, 2, 3)) < _DARK).mean())
    if dark > _MOST_DARK:
        raise DiscardedError(
            f"it was dark: {dark:.0%} of the frames have a mean below {_DARK:g} of 255, more than "
            f"{_MOST_DARK:.0%}"
        )


def _versions() -> dict[str, str]:
    """Return the game's version as it prints it."""
    done = subprocess.run([str(program()), "--version"], capture_output=True, text=True)
    return {"minetest": done.stdout.splitlines()[0]}


def _missing() -> str:
    """Return what must be installed."""
    absent = [] if program() else ["minetest"]
    absent += [] if shutil.which("Xvfb") else ["xvfb"]
    return f"apt install {' '.join(absent)} (Debian)" if absent else ""


BLOCKS = Simulator(
    name="blocks",
    frames=500,
    fewest=1,
    record=_record,
    place=numbered,
    index=no_index,
    actions_beside=True,
    missing=_missing,
    versions=_versions,
    card=f"""First-person walks through worlds of blocks, a new world for each video; a stand-in for
MineRL Navigate. Drawn by Debian's minetest (LGPL-2.1+; its game minetest_game LGPL-2.1+, textures
CC BY-SA 3.0) on a screen in memory. Not deterministic: the same seed gives the same world, but what
the game has drawn in time differs.

A video is discarded, and another made, when the walker moved in less than {_FEWEST_STEPS:.0%} of
the frames, or when more than {_MOST_DARK:.0%} of the frames have a mean below {_DARK:g} of 255.

Truth, for each frame: position (x, y up, z, in blocks), heading (radians), biome. Action, between
this frame and the next: turn (radians, left is positive) and step (blocks).""",
    deterministic=False,
)
"""The simulator of `cwvae data make blocks`."""
