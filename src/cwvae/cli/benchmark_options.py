"""The options of `cwvae benchmark`."""

import dataclasses
from pathlib import Path
from typing import Annotated, Literal

from cwvae._extras import extra
from cwvae.benchmark.experiments import SIZES
from cwvae.cli.checks import at_least_one, expand_paths

with extra("cli"):
    import tyro

__all__ = ["BenchmarkOptions"]


@dataclasses.dataclass(frozen=True, kw_only=True)
class BenchmarkOptions:
    """Train every method of the paper's plots on the same videos, measure it, and write the tables.

    Every method is tuned over the same small grid of learning rate and width by short trainings,
    trained with its best choice, and measured on the same test videos; CW-VAE and the runner-up
    with more seeds. What is there already is kept and an interrupted run goes on: give the same
    command again.
    """

    size: tyro.conf.Positional[Literal[tuple(SIZES)]]  # type: ignore[valid-type]
    """pocket: one digit, 32 x 32, hours on a CPU; rooms: walks, as small; paper: the official
    sizes, for a GPU; debug: a few steps."""
    out: Path
    """Folder for runs, logs, results.json, tables.md, curves.png, strips.png and page.html."""
    data: Path | None = None
    """Folder of the data set of size rooms, what cwvae data make rooms wrote; None: digits."""
    known: Path | None = None
    """A results.json of this size from elsewhere: the runs that it holds are not made again. None:
    only what is in the folder is known."""
    plan: bool = False
    """Print every run, what is left of it, and how long its training takes here; train nothing but
    a few steps that are timed."""
    methods: Annotated[tuple[str, ...], tyro.conf.arg(help_behavior_hint="(default: all)")] = ()
    """The methods, such as cwvae rssm."""
    workers: int = 1
    """Runs at a time, each on its share of the processor's cores."""

    def __post_init__(self) -> None:
        """Raise `ValueError` for values outside their range."""
        expand_paths(self)
        at_least_one(self, "workers", most=256)
