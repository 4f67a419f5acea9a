"""First-person walks through four rooms along a hallway, rendered by miniworld.

A stand-in for GQN Mazes, whose hallways have green walls too. The walks are of the three kinds of
the paper's poster: staying in the room, going out into the hallway and staying there, and coming
back.
"""

import ctypes.util
import math
import os
from collections.abc import Callable, Sequence
from functools import cache, partial
from typing import Any

import numpy as np

from cwvae.data.simulators.base import (
    DiscardedError,
    Scene,
    Simulator,
    Task,
    generator,
    missing_modules,
    no_index,
    numbered,
    versions,
)

__all__ = ["KINDS", "ROOMS"]

KINDS = ("stays", "goes out", "comes back")
"""What `truth["kind"]` counts."""

_SIZE = 4.0  # side of a room, metres
_GAP = 0.5  # thickness of a wall
_WIDTH = 2.0  # of the hallway
_DOOR = 1.3
_DOOR_HEIGHT = 2.0
_STEP = 0.12  # metres a frame
_TURN = 7.0  # degrees a frame at most
_NEAR = 0.3  # metres from a target at which the next is taken
_GREEN = (0.25, 0.9, 0.25)  # light on the walls of the hallway, and on no others
_HALLWAY, _DOORWAY = 0, -1  # rooms are 1 to 4

# fmt: off
_WALLS = (
    "brick_wall", "cardboard", "cinder_blocks", "concrete", "door_doom", "drywall", "marble",
    "metal_grill", "rock", "stucco", "wood", "wood_planks", "lava", "grass", "water", "slime",
)
_FLOORS = (
    "floor_tiles_bw", "asphalt", "grass", "wood_planks", "concrete_tiles", "marble", "stucco",
)
# Those that are green in green light.
_GREY_WALLS = ("cinder_blocks", "concrete", "drywall", "marble", "metal_grill", "rock", "stucco")
# fmt: on

_Point = tuple[float, float]


def _record(task: Task, attempt: int) -> Scene:
    """Walk, and return what was seen; discard a walk that came out of another kind."""
    random = generator(task, attempt)
    kind = task.number % len(KINDS)
    world = _world()
    world.reset(seed=int(random.integers(2**31)))
    walk = _Walk(world, kind, task.frames, random)
    columns = zip(*(walk.step(frame) for frame in range(task.frames)), strict=True)
    video, position, heading, room, action = (np.stack(column) for column in columns)
    if _kind_of(room) != kind:
        raise DiscardedError(f"a walk that should be one that {KINDS[kind]} came out otherwise")
    home = world.places[world.home]
    truth = {
        "position": position.astype(np.float32),
        "heading": heading.astype(np.float32),
        "room": room.astype(np.int32),
        "kind": np.int32(kind),
        "wall": np.array(home.wall_tex_name, "U16"),
        "floor": np.array(home.floor_tex_name, "U16"),
    }
    return Scene(video, truth, {"walk": action.astype(np.float32)})


def _kind_of(rooms: np.ndarray) -> int | None:
    """Return which kind of walk visited these rooms, None for any other."""
    inside = rooms[rooms != _DOORWAY]
    visited, home, last = set(inside.tolist()), inside[0], inside[-1]
    if visited == {home}:
        return 0
    if visited == {home, _HALLWAY}:
        return 1 if last == _HALLWAY else 2
    return None


class _Walk:
    """A walk in progress: points ahead, and new ones as the kind of walk asks."""

    def __init__(self, world: Any, kind: int, frames: int, random: np.random.Generator):
        self.world, self.random = world, random
        self.leave = int(random.uniform(0.2, 0.4) * frames) if kind else frames
        stay = random.uniform(0.2, 0.3) * frames
        self.back = int(self.leave + stay) if KINDS[kind] == "comes back" else frames
        self.place, self.path = world.home, []

    def step(self, frame: int) -> tuple[np.ndarray, _Point, float, int, tuple[float, float]]:
        """Look, then turn and step towards the next point; return what was seen, true and done."""
        agent = self.world.agent
        x, z = agent.pos[0], agent.pos[2]
        seen = self.world.render_obs(), (x, z), agent.dir, _room_of(self.world, agent.pos)
        goal = self._goal(frame, (x, z))
        error = (math.atan2(z - goal[1], goal[0] - x) - agent.dir + math.pi) % (2 * math.pi)
        turn = float(np.clip(math.degrees(error - math.pi), -_TURN, _TURN))
        step = _STEP if abs(error - math.pi) < math.radians(25) else 0.0
        self.world.turn_agent(turn)
        self.world.move_agent(step, 0.0)
        return *seen, (turn, step)

    def _goal(self, frame: int, here: _Point) -> _Point:
        """Return the point to walk to."""
        place = _HALLWAY if self.leave <= frame < self.back else self.world.home
        if place != self.place:
            way = _way_out(self.world)
            self.place, self.path = place, way if place == _HALLWAY else way[::-1]
        if self.path and math.dist(self.path[0], here) < _NEAR:
            self.path = self.path[1:]
        if not self.path:
            self.path = [_somewhere(self.world, self.place, self.random)]
        return self.path[0]


@cache
def _world() -> Any:
    """Make the simulator, once a process."""
    os.environ["PYGLET_HEADLESS"] = "1"
    import pyglet

    pyglet.options["headless"] = True
    from miniworld.miniworld import MiniWorldEnv

    class World(MiniWorldEnv):
        """Four rooms, two on each side of a hallway, textures drawn anew at each reset."""

        def __init__(self):
            super().__init__(max_episode_steps=2**31, obs_width=64, obs_height=64)

        def _gen_world(self):
            self.places = _places(self)
            self.home = int(self.np_random.integers(1, len(self.places)))
            self.place_agent(room=self.places[self.home])

        def _gen_static_data(self):
            super()._gen_static_data()
            hallway = self.places[_HALLWAY]
            hallway.wall_tex = _Lit(hallway.wall_tex, lambda: pyglet.gl.glColor3f(*_GREEN))

    return World()


class _Lit:
    """A texture in coloured light."""

    def __init__(self, texture: Any, colour: Callable[[], None]):
        self.texture, self.colour = texture, colour

    def bind(self) -> None:
        """Draw with the texture what comes next, which are the walls of one room."""
        self.texture.bind()
        self.colour()


def _places(world: Any) -> list[Any]:
    """Build the hallway and the rooms along it."""
    length = 2 * _SIZE + _GAP
    hallway = _add(world, _GREY_WALLS, 0.0, length, 0.0, _WIDTH)
    places = [hallway]
    for left in (0.0, _SIZE + _GAP):
        for near in (-_GAP - _SIZE, _WIDTH + _GAP):
            room = _add(world, _WALLS, left, left + _SIZE, near, near + _SIZE)
            middle = left + _SIZE / 2
            door = {"min_x": middle - _DOOR / 2, "max_x": middle + _DOOR / 2}
            world.connect_rooms(room, hallway, **door, max_y=_DOOR_HEIGHT)
            places.append(room)
    return places


def _add(
    world: Any, walls: Sequence[str], left: float, right: float, near: float, far: float
) -> Any:
    """Build a room with a wall and a floor of any texture."""
    random = world.np_random
    wall, floor = (names[random.integers(len(names))] for names in (walls, _FLOORS))
    sides = {"min_x": left, "max_x": right, "min_z": near, "max_z": far}
    return world.add_rect_room(**sides, wall_tex=wall, floor_tex=floor)


def _room_of(world: Any, position: Any) -> int:
    """Return the room that a position lies in."""
    inside = [n for n, place in enumerate(world.places) if place.point_inside(position)]
    return inside[0] if inside else _DOORWAY


def _way_out(world: Any) -> list[_Point]:
    """Return points before and behind the door of the room where the walk began."""
    room, hallway = world.places[world.home], world.places[_HALLWAY]
    before = room.min_z + 0.7 if room.mid_z > hallway.mid_z else room.max_z - 0.7
    return [(room.mid_x, before), (room.mid_x, hallway.mid_z)]


def _somewhere(world: Any, place: int, random: np.random.Generator) -> _Point:
    """Return a point of a room, clear of its walls."""
    room, margin = world.places[place], 0.7
    return (
        random.uniform(room.min_x + margin, room.max_x - margin),
        random.uniform(room.min_z + margin, room.max_z - margin),
    )


def _missing() -> str:
    """Return what must be installed."""
    packages = missing_modules("rooms", {"miniworld": "miniworld"})
    if packages or ctypes.util.find_library("EGL"):
        return packages
    return "apt install libegl1 libegl-mesa0 libgl1-mesa-dri libglu1-mesa (software OpenGL)"


ROOMS = Simulator(
    name="rooms",
    frames=300,
    fewest=200,
    record=_record,
    place=numbered,
    index=no_index,
    actions_beside=False,
    missing=_missing,
    versions=partial(versions, "miniworld", "pyglet", "numpy"),
    card="""First-person walks through four rooms along a hallway, every room with textures of its
own, new for each video, the walls of the hallway in green light; a stand-in for GQN Mazes. Rendered
by miniworld (Apache-2.0) with its textures.

Truth, for each frame: position (x and z, metres), heading (radians, 0 along x, counted
counter-clockwise seen from above), room (0 the hallway, 1 to 4 the rooms, -1 a doorway); for each
video: kind (0 stays in the room where it began, 1 goes out and stays in the hallway, 2 goes out and
comes back), and wall and floor, the textures of the room where it began. Action, between this frame
and the next: turn (degrees, left is positive) and step (metres).""",
    deterministic=True,
)
"""The simulator of `cwvae data make rooms`."""
