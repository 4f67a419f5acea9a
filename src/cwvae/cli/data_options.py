"""The options of `cwvae data`."""

import dataclasses
from pathlib import Path
from typing import Annotated, Literal

from cwvae._extras import extra
from cwvae.cli.checks import at_least_one, check_seed, expand_paths

with extra("cli"):
    import tyro

__all__ = ["Data", "DataList", "DataMake", "DataShow"]


@dataclasses.dataclass(frozen=True, kw_only=True)
class DataList:
    """List the data sets: what they show, where they are from, what making them needs."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class DataShow:
    """Draw some videos of a data set, as a sheet (.png) or side by side (.gif, .mp4)."""

    dataset: Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="DATASET")]
    """The data set: NAME:PATH, or moving_mnist."""
    out: Path
    """What to write: a .png, .gif or .mp4 file."""
    split: Literal["train", "test"] = "train"
    """Which split."""
    videos: int = 8
    """How many videos, from the first on."""
    size: int = 64
    """Pixels to which frames are cropped and resized."""
    axes: str | None = None
    """Axes of arrays, as cwvae train takes them, such as tchw; None: recognised."""
    array: str | None = None
    """Which array of an npz or HDF5 file is the video, such as data/frames; None: recognised."""

    def __post_init__(self) -> None:
        """Raise `ValueError` for values outside their range."""
        expand_paths(self)
        at_least_one(self, "videos", "size", most=10_000)
        if self.out.suffix.lower() not in (".png", ".gif", ".mp4"):
            raise ValueError(f"--out must end in .png, .gif or .mp4, got {self.out}")


@dataclasses.dataclass(frozen=True, kw_only=True)
class DataMake:
    """Make a stand-in for one of the paper's data sets with a simulator, with ground truth.

    Writes videos in the layout of the original, the truth about each split (npz), a data card and
    a contact sheet. The command can be interrupted, and goes on where it stopped; with larger
    counts it adds videos.
    """

    name: tyro.conf.Positional[Literal["rooms", "blocks", "crafter", "humans"]]
    """What to make; `cwvae data list` shows what each needs."""
    out: Path
    """Folder of the data set: a new one, or one that this command made."""
    train: int = 64
    """Training videos."""
    test: int = 16
    """Test videos."""
    frames: int | None = None
    """Frames of a video; None: 300, for blocks and crafter 500, as the originals have."""
    seed: int = 0
    """Seed of everything."""
    workers: int | None = None
    """Processes; None: as many as there are cores."""

    def __post_init__(self) -> None:
        """Raise `ValueError` for values outside their range."""
        expand_paths(self)
        at_least_one(self, "train", "test", "frames", "workers")
        check_seed(self.seed)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Data:
    """See what data sets there are, look at them, make stand-ins."""

    action: (
        Annotated[DataList, tyro.conf.subcommand("list")]
        | Annotated[DataShow, tyro.conf.subcommand("show")]
        | Annotated[DataMake, tyro.conf.subcommand("make")]
    )
