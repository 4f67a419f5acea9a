"""First-person walks through block worlds, by Debian's minetest on a screen of its own.

A stand-in for MineRL Navigate. The walker (blocks.lua, a mod of the game's server) and this program
go in lockstep: a step, time for the client to draw it, a picture.
"""

import contextlib
import mmap
import os
import shutil
import socket
import struct
import subprocess
import tempfile
import time
from collections.abc import Iterator
from importlib import resources
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

__all__ = ["BLOCKS"]

SIZE, FINER = 64, 2  # pixels; drawn so many times finer
# Where Debian puts games, which is not on the path of every user.
GAMES = "/usr/games"
WARM_UP = 30  # steps before the first frame, in which the world around arrives
DRAW = 0.06  # seconds that the client is given to draw a step
PATIENCE = 120.0  # seconds until a world is ready, or a step is done
DARK, MOST_DARK = 25.0, 0.1
FEWEST_STEPS = 0.4  # share of the frames in which it must have moved

SETTINGS = {
    "mg_name": "v7",
    "screen_w": SIZE * FINER,
    "screen_h": SIZE * FINER,
    "fullscreen": "false",
    "enable_sound": "false",
    "viewing_range": 70,
    "fps_max": 60,
    "fps_max_unfocused": 60,
    "pause_on_lost_focus": "false",
    "view_bobbing_amount": 0,
    "fov": 70,
    "node_highlighting": "none",
    "enable_particles": "false",
    "console_height": 0,
    "recent_chat_messages": 0,
    "show_statusline_on_connect": "false",
    "dedicated_server_step": 0.02,
    "time_speed": 0,
    "server_announce": "false",
    "bind_address": "127.0.0.1",
    "enable_remote_media_server": "false",
    "update_last_checked": "disabled",
}
WORLD = """gameid = minetest_game
backend = sqlite3
creative_mode = true
enable_damage = false
"""


def record(task: Task, attempt: int) -> Scene:
    """Walk through a new world; discard a walk that was stuck or in the dark."""
    random = generator(task, attempt)
    with tempfile.TemporaryDirectory(prefix="cwvae-blocks-") as name:
        folder = Path(name)
        world = _world(folder, random)
        with _screen(folder) as (display, picture), _game(folder, world, display):
            rows = [_step(world, number, picture) for number in range(WARM_UP + task.frames)]
    video, position, motion, biome = (np.stack(c) for c in zip(*rows[WARM_UP:], strict=True))
    _check(video, motion)
    truth = {
        "position": position.astype(np.float32),
        "heading": motion[:, 0].astype(np.float32),
        "biome": biome.astype("U32"),
    }
    # What is told with a frame is the step that led to it; the last frame's own is unknown.
    actions = np.concatenate([motion[1:, 1:], np.zeros((1, 2))]).astype(np.float32)
    return Scene(video, truth, {"walk": actions})


def _check(video: UInt8[np.ndarray, "frames height width 3"], motion: np.ndarray) -> None:
    """Discard a video in which little moves or little is seen."""
    moving = float((motion[:, 2] > 0).mean())
    if moving < FEWEST_STEPS:
        raise DiscardedError(
            f"the walker was stuck: it moved in {moving:.0%} of the frames, less than "
            f"{FEWEST_STEPS:.0%}"
        )
    dark = float((video.mean((1, 2, 3)) < DARK).mean())
    if dark > MOST_DARK:
        raise DiscardedError(
            f"it was dark: {dark:.0%} of the frames have a mean below {DARK:g} of 255, more than "
            f"{MOST_DARK:.0%}"
        )


def _world(folder: Path, random: np.random.Generator) -> Path:
    """Write a world that the game can start, and return its folder."""
    world = folder / "world"
    mod = world / "worldmods" / "walker"
    mod.mkdir(parents=True)
    walker = resources.files("cwvae.data.simulators").joinpath("blocks.lua").read_text()
    (mod / "init.lua").write_text(walker)
    (mod / "mod.conf").write_text("name = walker\n")
    (world / "world.mt").write_text(WORLD)
    seeds = {name: int(random.integers(2**31)) for name in ("fixed_map_seed", "walker_seed")}
    lines = [f"{name} = {value}" for name, value in (SETTINGS | seeds).items()]
    (folder / "minetest.conf").write_text("\n".join(lines) + "\n")
    return world


@contextlib.contextmanager
def _screen(folder: Path) -> Iterator[tuple[str, mmap.mmap]]:
    """Start a screen of memory; give its name, and what it shows as the bytes of an XWD file."""
    side = SIZE * FINER
    reading, writing = os.pipe()
    command = ["Xvfb", "-displayfd", str(writing), "-screen", "0", f"{side}x{side}x24"]
    command += ["-fbdir", str(folder), "-nolisten", "tcp"]
    with _running(command, folder / "screen.log", pass_fds=(writing,)):
        os.close(writing)
        with os.fdopen(reading) as answer:
            number = answer.readline().strip()
        if not number:
            raise OSError(f"Xvfb did not start: {(folder / 'screen.log').read_text()[-300:]}")
        with (folder / "Xvfb_screen0").open("rb") as file:
            picture = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
            yield f":{number}", picture


@contextlib.contextmanager
def _game(folder: Path, world: Path, display: str) -> Iterator[None]:
    """Start the game and wait until its world is ready."""
    command = [_program() or "minetest", "--go", "--name", "walker", "--gameid", "minetest_game"]
    command += ["--world", str(world), "--config", str(folder / "minetest.conf")]
    command += ["--logfile", str(folder / "game.log"), "--port", str(_free_port())]
    environment = os.environ | {
        "HOME": str(folder),
        "DISPLAY": display,
        "LIBGL_ALWAYS_SOFTWARE": "1",
        # As many games are drawn side by side as there are cores.
        "LP_NUM_THREADS": "1",
    }
    environment.pop("WAYLAND_DISPLAY", None)
    with _running(command, folder / "game.out", env=environment) as process:
        began = time.monotonic()
        while not (world / "ready").is_file():
            if process.poll() is not None or time.monotonic() - began > PATIENCE:
                raise OSError(f"minetest did not start: {(folder / 'game.out').read_text()[-500:]}")
            time.sleep(0.1)
        yield


def _free_port() -> int:
    """Return a port on which the server and the client of one game can talk."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def _running(command: list[str], log: Path, **options) -> Iterator[subprocess.Popen]:
    """Run a program until the block ends."""
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, **options)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _step(world: Path, number: int, picture: mmap.mmap) -> tuple:
    """Have the walker step once; return the picture, where it is, how it moved, and the biome."""
    (world / "step.new").write_text(str(number))
    os.replace(world / "step.new", world / "step")
    began = time.monotonic()
    while True:
        told = _read(world / "state")
        if told and int(told[0]) == number:
            break
        if time.monotonic() - began > PATIENCE:
            raise OSError(f"minetest did not take step {number} within {PATIENCE:g} s")
        time.sleep(0.002)
    time.sleep(DRAW)
    numbers = np.array(told[1:7], np.float64)
    return _look(picture), numbers[:3], numbers[3:], told[7]


def _read(path: Path) -> list[str]:
    try:
        return path.read_text().split()
    except FileNotFoundError:  # until the first step is done
        return []


def _look(picture: mmap.mmap) -> UInt8[np.ndarray, "64 64 3"]:
    """Return what the screen shows."""
    # XWD: the header's size, and after other numbers how many colours follow it, 12 bytes each.
    header, colours = struct.unpack(">I", picture[:4])[0], struct.unpack(">I", picture[76:80])[0]
    side = SIZE * FINER
    pixels = np.frombuffer(picture, np.uint8, side * side * 4, header + 12 * colours)
    rgb = pixels.reshape(SIZE, FINER, SIZE, FINER, 4)[..., 2::-1]
    return np.rint(rgb.mean((1, 3))).astype(np.uint8)


def _program() -> str | None:
    """Return where the game is, None when it is not installed."""
    return shutil.which("minetest", path=os.pathsep.join([os.environ.get("PATH", ""), GAMES]))


def _versions() -> dict[str, str]:
    """Return what the game says of itself."""
    said = subprocess.run([str(_program()), "--version"], capture_output=True, text=True)
    return {"minetest": said.stdout.splitlines()[0]}


def _missing() -> str:
    """Say what must be installed."""
    absent = [] if _program() else ["minetest"]
    absent += [] if shutil.which("Xvfb") else ["xvfb"]
    return f"apt install {' '.join(absent)} (Debian)" if absent else ""


BLOCKS = Simulator(
    name="blocks",
    frames=500,
    fewest=1,
    record=record,
    place=numbered,
    index=no_index,
    actions_beside=True,
    missing=_missing,
    versions=_versions,
    card=f"""First-person walks through worlds of blocks, a new world for each video; a stand-in for
MineRL Navigate. Drawn by Debian's minetest (LGPL-2.1+; its game minetest_game LGPL-2.1+, textures
CC BY-SA 3.0) on a screen in memory. Not deterministic: the same seed gives the same world, but what
the game has drawn in time differs.

A video is discarded, and another made, when the walker moved in less than {FEWEST_STEPS:.0%} of
the frames, or when more than {MOST_DARK:.0%} of the frames have a mean below {DARK:g} of 255.

Truth, for each frame: position (x, y up, z, in blocks), heading (radians), biome. Action, between
this frame and the next: turn (radians, left is positive) and step (blocks).""",
    deterministic=False,
)
"""The simulator of `cwvae data make blocks`."""
