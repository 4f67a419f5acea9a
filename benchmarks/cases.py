"""The list of cases, in the order in which they run.

A line is a group, what makes a case, and its parameters; of parameters that are tuples all
combinations are cases. The group is the table in which a case stands.
"""

import inspect
import itertools
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

import by_hand
import depth
import processes
import programs
from measuring import Calls, Program

from cwvae.training.step import train_step

VERBS, PARTS, WAYS = ("observe", "imagine"), ("encoder", "decoder"), ("forward", "gradient")
BOTH = ("float32", "bfloat16")
CACHES = ("cold", "warm")
CELLS, LONG = ("rssm", "min_gru"), (1000, 8000)
HORIZONS, BATCHES = (125, 250, 500, 1000, 2000, 4000, 8000), (1, 2, 4, 8)


class Entry(NamedTuple):
    """A case that can be made: its group, its name `group[what-parameters]`, its parameters."""

    group: str
    name: str
    parameters: dict[str, Any]
    make: Callable[[], Program | Calls]


def line(group: str, what: str, make: Callable[..., Any], *values: Any) -> list[Entry]:
    """Return the cases of a line; `what` is the first word of their names, if not empty."""
    names, entries = inspect.signature(make).parameters, []
    several = (value if isinstance(value, tuple) else (value,) for value in values)
    for combination in itertools.product(*several):
        words = "-".join(map(str, combination if not what else (what, *combination)))
        parameters = dict(zip(names, combination, strict=False))
        entries.append(Entry(group, f"{group}[{words}]", parameters, partial(make, *combination)))
    return entries


# What a plot shows against which size, and how a point of it is made from a preset and that size.
GROWTH: dict[str, tuple[str, str, Callable[[str, int], Program]]] = {
    "latents": ("latents", "horizon", lambda p, x: programs.forecasts("latents", p, 1, x)),
    "decoded": ("decoded forecast", "horizon", lambda p, x: programs.forecasts("decoded", p, 1, x)),
    "batch": ("training step", "batch", lambda p, x: programs.train(p, x, frames=100)),
    "levels": ("inference", "levels", lambda p, x: programs.hierarchy("observe", p, x, 6, 100)),
    "factor": ("inference", "factor", lambda p, x: programs.hierarchy("observe", p, 3, x, 100)),
}


def growth(what: str, preset: str, x: int) -> Program:
    """Return a point of a plot."""
    quantity, against, make = GROWTH[what]
    return replace(make(preset, x), parameters={"quantity": quantity, "against": against})


DEFAULT = [
    *line("data", "batches", processes.batches, "moving_mnist", 8),
    *line("data", "waiting", processes.waiting, "moving_mnist", 8),
    *line("depth", "", depth.depth, WAYS, CELLS, "moving_mnist", LONG),
    *line("forecast", "", programs.forecasts, "decoded", "moving_mnist", (1, 4)),
    *line("forecast", "", programs.forecasts, "latents", "moving_mnist", (1, 4, 16)),
    *line("growth", "", growth, "latents", "moving_mnist", HORIZONS),
    *line("growth", "", growth, "decoded", "moving_mnist", HORIZONS),
    *line("growth", "", growth, "batch", "demo", BATCHES),
    *line("growth", "", growth, "levels", "moving_mnist", (1, 2, 3, 4, 5)),
    *line("growth", "", growth, "factor", "moving_mnist", (1, 2, 4, 6, 8)),
    # One level has no factor.
    *line("hierarchy", "", programs.hierarchy, VERBS, "moving_mnist", 1, 6, (100, 1000)),
    *line("hierarchy", "", programs.hierarchy, VERBS, "moving_mnist", (2, 3), (2, 6), (100, 1000)),
    *line("levels", "", by_hand.level, VERBS, "moving_mnist", (1, 8), (100, 1000)),
    *line("start", "import", processes.importing, ("cwvae", train_step.__module__)),
    *line("start", "first_step", processes.first_step, "pocket", 16, CACHES),
    *line("start", "first_step", processes.first_step, "moving_mnist", 8, CACHES),
    *line("stream", "", programs.streamed, "moving_mnist", (1, 100)),
    *line("train", "", programs.train, "moving_mnist", 8, "float32", 1000),
    *line("train", "", programs.train, "moving_mnist", (1, 8), "float32"),
    *line("train", "", programs.train, "moving_mnist", 8, "bfloat16"),
    *line("train", "", programs.train, "minerl", (1, 8), "float32"),
    *line("vision", "", programs.vision, PARTS, WAYS, "moving_mnist", 800),
]
# What only `--full` runs besides.
FULL = [
    *line("forecast", "", programs.forecasts, "decoded", "moving_mnist", (16, 64)),
    *line("forecast", "", programs.forecasts, "latents", "moving_mnist", 64),
    *line("growth", "", growth, "batch", "moving_mnist", BATCHES),
    *line("train", "", programs.train, "moving_mnist", 1, "bfloat16"),
    *line("train", "", programs.train, "minerl", (1, 8), "bfloat16"),
    *line("train", "", programs.train, ("moving_mnist", "minerl"), 50, BOTH),
    *line("vision", "", programs.vision, PARTS, WAYS, "minerl", 800),
]
# Tiny cases, to see that they work.
QUICK = [
    *line("data", "batches", processes.batches, "debug", 2),
    *line("data", "waiting", processes.waiting, "debug", 2),
    *line("depth", "", depth.depth, "gradient", "min_gru", "debug", 7),
    *line("forecast", "", programs.forecasts, "latents", "debug", 2),
    *line("growth", "", growth, "decoded", "debug", 4),
    *line("growth", "", growth, "factor", "debug", 2),
    *line("hierarchy", "", programs.hierarchy, VERBS, "debug", 2, 3, 7),
    *line("levels", "", by_hand.level, VERBS, "debug", 2, 5),
    *line("start", "import", processes.importing, "cwvae.clock"),
    *line("start", "first_step", processes.first_step, "debug", 1, CACHES),
    *line("stream", "", programs.streamed, "debug", (1, 3)),
    *line("train", "", programs.train, "debug", 2, "float32"),
    *line("vision", "", programs.vision, PARTS, WAYS, "debug", 3),
]
# What a GPU is cited for, in order of value, in a few minutes.
GPU = [
    *line("forecast", "", programs.forecasts, ("latents", "decoded"), "moving_mnist", (1, 16, 64)),
    *line("train", "", programs.train, "moving_mnist", 50, ("tf32", "bfloat16", "float32")),
    *line("forecast", "", programs.forecasts, ("latents", "decoded"), "moving_mnist", 256),
    *line("stream", "", programs.streamed, "moving_mnist", (1, 100)),
    *line("train", "", programs.train, "minerl", 50, ("tf32", "bfloat16")),
    *line("hierarchy", "", programs.hierarchy, "observe", "moving_mnist", 3, 6, 1000),
    *line("depth", "", depth.depth, "gradient", CELLS, "moving_mnist", LONG),
    *line("train", "", programs.train, "moving_mnist", (1, 8), "tf32"),
    *line("growth", "", growth, "latents", "moving_mnist", (1000, 4000, 8000)),
]
SETS = {"default": DEFAULT, "full": DEFAULT + FULL, "gpu": GPU, "quick": QUICK}
