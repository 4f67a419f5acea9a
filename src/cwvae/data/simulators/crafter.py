"""Walks through the worlds of Crafter: grass, sand, trees, water and caves seen from above."""

from collections import defaultdict
from functools import partial
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

__all__ = ["CRAFTER"]

_SIZE = 64
# What the walker may do: stand, or go left, right, up, down.
_MOVES = 5
_KEEP = 0.8  # chance of going on as before
_FEWEST_PLACES = 12  # in which a walk must have been, or it was stuck
_PLENTY = 9


def _record(task: Task, attempt: int) -> Scene:
    """Walk at random, and return what was seen; discard a walk that was stuck."""
    import crafter

    random = generator(task, attempt)
    world = crafter.Env(
        size=(_SIZE, _SIZE), length=task.frames + 1, reward=False, seed=int(random.integers(2**31))
    )
    _order(world._world)
    frame, move = world.reset(), int(random.integers(1, _MOVES))
    rows = []
    for _ in range(task.frames):
        player: Any = world._player
        material = world._world[player.pos][0] or "nothing"
        if random.random() > _KEEP:
            move = int(random.integers(_MOVES))
        rows.append((frame, np.array(player.pos), np.array(player.facing), material, move))
        frame, *_ = world.step(move)
        _keep_well(player)
    video, position, facing, material, moves = (np.stack(c) for c in zip(*rows, strict=True))
    if len(np.unique(position, axis=0)) < _FEWEST_PLACES:
        raise DiscardedError(f"the walker was stuck: in fewer than {_FEWEST_PLACES} places")
    truth = {
        "position": position.astype(np.int32),
        "facing": facing.astype(np.int32),
        "material": material.astype("U12"),
    }
    return Scene(video.astype(np.uint8), truth, {"move": np.eye(_MOVES, dtype=np.float32)[moves]})


class _Ordered(dict):
    """A set that is gone through in the order in which things came."""

    def add(self, thing: Any) -> None:
        self[thing] = None

    def remove(self, thing: Any) -> None:
        del self[thing]


def _order(places: Any) -> None:
    """Let Crafter go through the creatures of a place in order, not as they lie in memory.

    Without this the same seed gives another video in the next process.
    """
    reset = places.reset

    def reset_in_order(seed: int | None = None) -> None:
        reset(seed)
        places._chunks = defaultdict(_Ordered)

    places.reset = reset_in_order


def _keep_well(player) -> None:
    """Let the walker neither starve nor fall asleep nor die."""
    player.health = _PLENTY
    player.inventory.update(dict.fromkeys(("health", "food", "drink", "energy"), _PLENTY))
    player._hunger = player._thirst = player._fatigue = 0


CRAFTER = Simulator(
    name="crafter",
    frames=500,
    fewest=60,
    record=_record,
    place=numbered,
    index=no_index,
    actions_beside=True,
    missing=partial(missing_modules, "crafter", {"crafter": "crafter"}),
    versions=partial(versions, "crafter", "numpy"),
    card="""Random walks through the worlds of Crafter (MIT), seen from above, a new world for each
video; the cousin in two dimensions of MineRL Navigate. The walker neither hungers nor dies.

Truth, for each frame: position and facing (cells), material under the walker. Action, between this
frame and the next, one of five: stand, left, right, up, down.""",
    deterministic=True,
)
"""The simulator of `cwvae data make crafter`."""
