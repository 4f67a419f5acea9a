"""Wrong calls of hierarchies."""

from functools import partial

import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
from models import conditioning, features, hierarchy, made, noise, some_state

from cwvae.cells import Conditioned, RSSMCell
from cwvae.clock import Clock
from cwvae.hierarchy import Hierarchy

KEY = jr.key(0)
CLOCK, FRAMES = Clock(2, 3), 6


def new_cell(context_size: int = 0):
    """Make a cell of other sizes than the hierarchy's."""
    sizes = {"stoch_size": 3, "deter_size": 4, "hidden_size": 5, "feature_size": 2}
    return made(RSSMCell, **sizes, context_size=context_size)


def zeros(*shape: int, dtype=float):
    return jnp.zeros(shape, dtype)


def run(name: str = "observe", kind: str = "rssm", **changes):
    """Observe or imagine with the levels of a hierarchy, some arguments changed."""
    levels = hierarchy(CLOCK, kind=kind)
    arguments = {"states": levels.init(), "noise": noise(levels, FRAMES)}
    if name == "observe":
        arguments["features"] = features(levels, FRAMES)
    return getattr(levels, name)(**(arguments | changes))


def at_level_1(arrays, change):
    """Change the arrays of the upper level."""
    return (arrays[0], change(arrays[1]))


LEVELS_OF = hierarchy(CLOCK)
OTHER_ACTIONS = LEVELS_OF.conditioning(FRAMES, actions=zeros(FRAMES, 2))
NOISE, FEATURES = noise(LEVELS_OF, FRAMES), features(LEVELS_OF, FRAMES)
CALLS = {
    "no cells": (lambda: Hierarchy((), CLOCK), r"cells must be a tuple of cells, .*got \(\)"),
    "one cell without a tuple": (
        lambda: Hierarchy(new_cell(), Clock(1)),
        "cells must be a tuple of cells, one a level, got RSSMCell",
    ),
    "too many cells": (lambda: Hierarchy((new_cell(),) * 2, Clock(1)), "1 levels, got 2 cells"),
    "cells that do not fit each other": (
        lambda: Hierarchy((new_cell(context_size=3), new_cell()), CLOCK),
        "level 0 has context_size 3, but the output of level 1 has 7 numbers; .*context_size=7",
    ),
    "a top cell with context": (
        lambda: Hierarchy((new_cell(7), new_cell(7)), CLOCK),
        "level 1 has context_size 7, but nothing is above it; .*context_size=0",
    ),
    "a cell whose action leaves no room for the level above": (
        lambda: Hierarchy((Conditioned(new_cell(7), 2), new_cell()), CLOCK),
        "level 0 has context_size 5, .* with context_size=9, 2 of them the action",
    ),
    "levels of different actions": (
        lambda: Hierarchy((Conditioned(new_cell(9), 2), Conditioned(new_cell(1), 1)), CLOCK),
        r"must have the same action_size, got \{0: 2, 1: 1\} \(by level\); give",
    ),
    "a blind level below 0": (
        lambda: Hierarchy((new_cell(),), Clock(1), {-1}),
        "a blind level must be .* at least 0, got -1",
    ),
    "a blind level that does not exist": (
        lambda: Hierarchy((new_cell(),), Clock(1), {1}),
        r"blind levels must be among \[0\] .*got \[1\]",
    ),
    "a blind level without a set": (
        lambda: Hierarchy((new_cell(),), Clock(1), 0),
        r"blind levels must be a collection such as \(0,\), got 0",
    ),
    "noise of half a frame": (
        lambda: LEVELS_OF.noise(2.5, key=KEY),
        "'frames' must be a whole number, got 2.5; give an int",
    ),
    "noise of no frame": (lambda: LEVELS_OF.noise(0, key=KEY), "frames must be .* least 1, got 0"),
    "a number for a key": (
        lambda: LEVELS_OF.noise(3, key=0),
        r"'key' must be a random key, got 0; make one with jax.random.key\(seed\)",
    ),
    "several keys": (
        lambda: LEVELS_OF.noise(3, key=jr.split(KEY, 2)),
        r"'key' must be a random key, got key<fry>\[2\]; make one",
    ),
    "noise from between two ticks": (
        lambda: LEVELS_OF.noise(3, key=KEY, start=4),
        "start must be a multiple of the slowest period 3, got 4; draw from 3",
    ),
    "noise at a frame before the first": (
        lambda: LEVELS_OF.noise_at(-1, key=KEY),
        "frame must be .* at least 0, got -1",
    ),
    "zeros for no frame": (lambda: LEVELS_OF.zero_noise(0), "frames must be .* least 1, got 0"),
    "a traced number of frames": (
        lambda: jax.jit(lambda frames: LEVELS_OF.zero_noise(frames))(3),
        "frames must be .*got int32..; pass it as a Python int",
    ),
    "conditioning of no frame": (
        lambda: LEVELS_OF.conditioning(0),
        "frames must be .* at least 1, got 0",
    ),
    "times of other frames": (
        lambda: LEVELS_OF.conditioning(3, times=[0.0, 1.0]),
        r"times of 3 frames must have shape \(3,\), got \(2,\); give",
    ),
    "times that go back": (
        lambda: LEVELS_OF.conditioning(3, times=np.asarray([0.0, 2.0, 1.0])),
        "times must not go back, .*; sort them",
    ),
    "times that are words": (
        lambda: LEVELS_OF.conditioning(3, times="012"),
        "'times' must be .*got '012'",
    ),
    "actions of other frames": (
        lambda: LEVELS_OF.conditioning(3, actions=zeros(2, 1)),
        r"actions of 3 frames must have shape \(3, action\), got \(2, 1\); one row a frame",
    ),
    "actions without an axis": (
        lambda: LEVELS_OF.conditioning(3, actions=zeros(3)),
        "'actions' must be numbers with axes .frames, action. or None, got float32.3.",
    ),
    **{
        f"to {name} {case}": (partial(run, name, **changes), message)
        for name in ("observe", "imagine")
        for case, changes, message in [
            (
                "from too few states",
                {"states": LEVELS_OF.init()[:1]},
                "states must have an entry .*got 1",
            ),
            (
                "from states of other levels",
                {"states": (some_state(new_cell()),) * 2},
                r"stoch of level 0 must have shape \(4,\), got \(3,\); begin with",
            ),
            ("from no states", {"states": None}, "'states' must be a tuple of State, got None"),
            (
                "without noise",
                {"noise": None},
                "'noise' must be .*got None; model.hierarchy makes it",
            ),
            ("with an array of noise", {"noise": NOISE[0]}, "noise'? must .*got float32.6,4."),
            (
                "with noise for too few levels",
                {"noise": NOISE[:1]},
                "noise'? must .*got .*(1|6,4.\\);)",
            ),
            (
                "with noise of another width",
                {"noise": at_level_1(NOISE, lambda a: a[:, 1:])},
                r"noise of level 1 must have shape \(2, 4\), got \(2, 3\); 6 frames are 2 ticks",
            ),
            (
                "with noise of whole numbers",
                {"noise": at_level_1(NOISE, lambda a: a.astype(int))},
                "'noise' must be .*got int32.2,4. at level 1; convert it to floats",
            ),
            (
                "with noise on another clock",
                {"noise": at_level_1(NOISE, lambda a: a[1:])},
                "(noise of level 1 must have shape .2, 4., got .1, 4.|got .*1,4. at level 1)",
            ),
            (
                "with conditioning of other frames",
                {"conditioning": conditioning(LEVELS_OF, FRAMES + 3)},
                r"action of level 0 must have shape \(6, action\), got \(9, 3\); make it with",
            ),
            (
                "with conditioning of too few levels",
                {"conditioning": conditioning(LEVELS_OF, FRAMES)[:1]},
                "conditioning must have an entry for each of 2 levels, .*got 1",
            ),
            (
                "with actions of another width",
                {
                    "kind": "conditioned",
                    "conditioning": LEVELS_OF.conditioning(6, actions=zeros(6, 2)),
                },
                r"action of level 0 must have shape \(6, 3\), got \(6, 2\); make it with",
            ),
            (
                "with noise without an axis",
                {"noise": at_level_1(NOISE, lambda a: a[:, 0])},
                "'noise' must be .*got float32.2. at level 1; cwvae.shapes explains the axes",
            ),
            (
                "without actions",
                {"kind": "conditioned"},
                "the cell of level 0 needs actions of 3 numbers, got none; make it with",
            ),
        ]
    },
    "to observe features on another clock": (
        lambda: run(features=at_level_1(FEATURES, lambda a: a[1:])),
        "'noise' must .*got float32.2,4. at level 1; .*agree with those of 'features'",
    ),
    "to observe features and noise on another clock": (
        lambda: run(
            features=at_level_1(FEATURES, lambda a: a[1:]),
            noise=at_level_1(NOISE, lambda a: a[1:]),
        ),
        r"noise of level 1 must have shape \(2, 4\), got \(1, 4\); 6 frames are 2 ticks",
    ),
    "to observe features of another width": (
        lambda: run(features=at_level_1(FEATURES, lambda a: a[:, 1:])),
        r"features of level 1 must have shape \(2, 2\), got \(2, 1\)",
    ),
}
