"""Debian's minetest on a screen in memory, stepped in lockstep with a walker in its world.

The walker (blocks.lua, a mod of the game's server) and this program take turns: a step, time for
the client to draw it, a picture.
"""

import contextlib
import mmap
import os
import shutil
import socket
import struct
import subprocess
import time
from collections.abc import Iterator
from importlib import resources
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

__all__ = ["game", "make_world", "program", "screen", "step"]

# Pixels of a picture, drawn so many times finer.
_SIZE, _FINER = 64, 2
# Where Debian puts games, which is not on the path of every user.
_GAMES = "/usr/games"
_DRAW = 0.06  # seconds that the client is given to draw a step
_PATIENCE = 120.0  # seconds until a world is ready, or a step is done

_SETTINGS = {
    "mg_name": "v7",
    "screen_w": _SIZE * _FINER,
    "screen_h": _SIZE * _FINER,
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
_WORLD = """gameid = minetest_game
backend = sqlite3
creative_mode = true
enable_damage = false
"""


def make_world(folder: Path, random: np.random.Generator) -> Path:
    """Write a world that the game can start, and return its folder."""
    world = folder / "world"
    mod = world / "worldmods" / "walker"
    mod.mkdir(parents=True)
    walker = resources.files("cwvae.data.simulators").joinpath("blocks.lua").read_text()
    (mod / "init.lua").write_text(walker)
    (mod / "mod.conf").write_text("name = walker\n")
    (world / "world.mt").write_text(_WORLD)
    seeds = {name: int(random.integers(2**31)) for name in ("fixed_map_seed", "walker_seed")}
    lines = [f"{name} = {value}" for name, value in (_SETTINGS | seeds).items()]
    (folder / "minetest.conf").write_text("\n".join(lines) + "\n")
    return world


@contextlib.contextmanager
def screen(folder: Path) -> Iterator[tuple[str, mmap.mmap]]:
    """Start a screen of memory; give its name, and what it shows as the bytes of an XWD file."""
    side = _SIZE * _FINER
    reading, writing = os.pipe()
    command = ["Xvfb", "-displayfd", str(writing), "-screen", "0", f"{side}x{side}x24"]
    command += ["-fbdir", str(folder), "-nolisten", "tcp"]
    with _running(command, folder / "screen.log", pass_fds=(writing,)):
        os.close(writing)
        with os.fdopen(reading) as report:
            number = report.readline().strip()
        if not number:
            raise OSError(f"Xvfb did not start: {(folder / 'screen.log').read_text()[-300:]}")
        with (folder / "Xvfb_screen0").open("rb") as file:
            picture = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
            yield f":{number}", picture


@contextlib.contextmanager
def game(folder: Path, world: Path, display: str) -> Iterator[None]:
    """Start the game and wait until its world is ready."""
    command = [program() or "minetest", "--go", "--name", "walker", "--gameid", "minetest_game"]
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
            if process.poll() is not None or time.monotonic() - began > _PATIENCE:
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


def step(world: Path, number: int, picture: mmap.mmap) -> tuple:
    """Let the walker step once; return the picture, where it is, how it moved, and the biome."""
    (world / "step.new").write_text(str(number))
    os.replace(world / "step.new", world / "step")
    began = time.monotonic()
    while True:
        state = _read(world / "state")
        if state and int(state[0]) == number:
            break
        if time.monotonic() - began > _PATIENCE:
            raise OSError(f"minetest did not take step {number} within {_PATIENCE:g} s")
        time.sleep(0.002)
    time.sleep(_DRAW)
    numbers = np.array(state[1:7], np.float64)
    return _look(picture), numbers[:3], numbers[3:], state[7]


def _read(path: Path) -> list[str]:
    try:
        return path.read_text().split()
    except FileNotFoundError:  # until the first step is done
        return []


def _look(picture: mmap.mmap) -> UInt8[np.ndarray, "64 64 3"]:
    """Return what the screen shows."""
    # XWD: the header's size, and after other numbers how many colours follow it, 12 bytes each.
    header, colours = struct.unpack(">I", picture[:4])[0], struct.unpack(">I", picture[76:80])[0]
    side = _SIZE * _FINER
    pixels = np.frombuffer(picture, np.uint8, side * side * 4, header + 12 * colours)
    rgb = pixels.reshape(_SIZE, _FINER, _SIZE, _FINER, 4)[..., 2::-1]
    return np.rint(rgb.mean((1, 3))).astype(np.uint8)


def program() -> str | None:
    """Return where the game is, None when it is not installed."""
    return shutil.which("minetest", path=os.pathsep.join([os.environ.get("PATH", ""), _GAMES]))
