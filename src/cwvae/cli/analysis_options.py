"""The options of `cwvae analyse`, `cwvae compare` and `cwvae encode`."""

import dataclasses
from pathlib import Path
from typing import Annotated

from cwvae._extras import extra
from cwvae.cli.checks import at_least_one, check_not_input, check_seed, expand_paths
from cwvae.data.read_options import ReadOptions

with extra("cli"):
    import tyro

__all__ = ["Analyse", "Compare", "Encode"]

_MOST = 1_000_000  # frames or videos

# Tyro takes none for a default, which is an error here with a line of its own.
_Paths = Annotated[
    tyro.conf.Positional[tuple[Path, ...]],
    tyro.conf.arg(metavar="PATH [PATH ...]", help_behavior_hint="(required)"),
]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Analyse:
    """Find out what each level of a model holds, and print a sentence for each finding.

    Measures nats, at several speeds too; linear readouts of the levels' states, of what is known of
    the test videos; what other clocks cost; and, with digits drawn on the fly, what forecasts keep
    when levels are blind, reset, drawn anew, or swapped between videos. Of walks in the layout of
    GQN Mazes, whether forecasts stay in the room, go out, or come back, as the true walks do.
    Writes page.html, which shows all of it with animations and plots in a browser, analysis.json
    and nats.png.
    """

    run: tyro.conf.Positional[Path]
    """Folder of a run, file or folder of `cwvae export`, pretrained:NAME or hub:OWNER/NAME."""
    step: int | None = None
    """Step of the checkpoint to look into; None: the latest."""
    trust: bool = False
    """Execute the run's own model.py, though another user or machine made the run."""
    out: Path | None = None
    """Folder for the results; None: RUN/analysis, of an exported model ./NAME-analysis."""
    num_examples: int = 400
    """Test videos, at least 20."""
    quick: bool = False
    """A look: at most 100 test videos, a forecast of 100 frames, readouts at fewer frames."""
    truth: Path | None = None
    """An .npz file of your own, with an array for each truth to be read from the levels, an entry
    for each test clip in their order (consecutive pieces of --context + 10 frames of the test
    files). Integers are classes, (clips,) or (clips, frames); floats are values, (clips,),
    (clips, n) or (clips, frames, n), in any unit. At least as many frames as clips have. They are
    read beside what the data set knows itself."""
    context: int | None = None
    """Context frames, a multiple of the slowest period; None: that of the preset."""
    horizon: int = 964
    """Frames over which the entropy of the priors is followed, at least 10."""
    seed: int = 0
    """Seed of test videos, forecasts and readouts."""

    def __post_init__(self) -> None:
        """Raise `ValueError` for values outside their range."""
        expand_paths(self)
        at_least_one(self, "step")
        at_least_one(self, "context", "horizon", "num_examples", most=_MOST)
        check_seed(self.seed)
        if self.num_examples < 20:
            raise ValueError(f"--num-examples must be at least 20, got {self.num_examples}")
        if self.horizon < 10:
            raise ValueError(f"--horizon must be at least 10, got {self.horizon}")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Compare:
    """Put several runs on one page, and print which differences are beyond the spread.

    Reads what is in RUN/evaluation (`cwvae evaluate`), RUN/analysis (`cwvae analyse`) and the log
    of the training: identity, SSIM, PSNR, nats of each level, readouts, speed and memory. What is
    missing is named with the command that makes it.
    """

    runs: _Paths
    """Two or more: folders of runs, files or folders of `cwvae export`, or pretrained:NAME."""
    out: Path = Path("comparison.html")
    """What to write: an .html file."""

    def __post_init__(self) -> None:
        """Raise `ValueError` for values outside their range."""
        expand_paths(self)
        if len(self.runs) < 2:
            raise ValueError(f"give at least two runs to compare, got {len(self.runs)}")
        if self.out.suffix.lower() != ".html":
            raise ValueError(f"--out must end in .html, got {self.out}")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Encode:
    """Write the latents of every level for your videos, a row a tick.

    In an npz file, and in the groups of a Zarr folder: level_0/video, its number in the order
    given; level_0/frame, the first frame of the tick; level_0/stoch (the posterior's mode),
    level_0/deter; level_0/kl, of posterior from prior, and level_0/entropy, of the prior, in nats.
    `videos` has the names. In Parquet one table for all levels: video (its name), level, frame,
    stoch and deter (lists), kl, entropy. Parquet and Zarr need the extra `latents`.
    """

    run: tyro.conf.Positional[Path]
    """Folder of a run, file or folder of `cwvae export`, pretrained:NAME or hub:OWNER/NAME."""
    videos: _Paths
    """The videos: files, arrays, folders of pictures."""
    out: Path
    """What to write: an .npz or .parquet file, or a .zarr folder."""
    step: int | None = None
    """Step of the checkpoint to encode with; None: the latest."""
    trust: bool = False
    """Execute the run's own model.py, though another user or machine made the run."""
    resize: bool = False
    """Crop and resize the frames to the size of the model."""
    reading: tyro.conf.OmitArgPrefixes[ReadOptions] = dataclasses.field(default_factory=ReadOptions)
    """Choices in reading a video file."""

    def __post_init__(self) -> None:
        """Raise `ValueError` for values outside their range."""
        expand_paths(self)
        at_least_one(self, "step")
        if not self.videos:
            raise ValueError("give at least one video to encode, got none")
        if self.out.suffix.lower() not in (".npz", ".parquet", ".zarr"):
            raise ValueError(f"--out must end in .npz, .parquet or .zarr, got {self.out}")
        check_not_input(self.out, *self.videos)
