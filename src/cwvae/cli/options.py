"""What can be said on the command line: a frozen dataclass for each command."""

import contextlib
import dataclasses
import io
import itertools
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

from cwvae._extras import extra
from cwvae.cli.checks import at_least_one, check_seed
from cwvae.cli.data_options import Data
from cwvae.data.datasets import DATASETS
from cwvae.data.read_options import ReadOptions
from cwvae.training import runs
from cwvae.training.config import DataConfig, ModelConfig, TrainConfig
from cwvae.training.presets import PRESETS

with extra("cli"):
    import tyro

__all__ = [
    "Command",
    "Demo",
    "Evaluate",
    "Info",
    "Predict",
    "Train",
    "parse",
]

DESCRIPTION = """Clockwork Variational Autoencoders: train temporally hierarchical video models, \
look at what they predict, and measure it."""

CUSTOM_HELP = """A model of your own: a function in a Python file that is called as cwvae.build \
is, build(config, *, key), with the model options below, and returns a CWVAE. The run keeps a \
copy, model.py, and goes on without the file. --resume, evaluate, predict and info execute the \
copy: use them on runs that you trust."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Train:
    """Train a model on Moving MNIST, or on the videos of `--data NAME:PATH`.

    The defaults shown are those of the preset: `cwvae train --preset NAME --help`. Without
    `--preset` it is the one that fits the data.
    """

    out: Path
    """Folder of the run: configuration, environment, metrics, checkpoints, forecasts."""
    preset: Literal[tuple(PRESETS)] = "moving_mnist"  # type: ignore[valid-type]
    """Where the defaults of model, training and data come from."""
    custom: Annotated[
        str | None, tyro.conf.arg(name="model", metavar="FILE.py:FUNCTION", help=CUSTOM_HELP)
    ] = None
    resume: bool = False
    """Continue the run in the folder from its latest checkpoint, as if never interrupted."""
    checkpoint_every: int = 1000
    """Steps between two checkpoints."""
    keep: int = 3
    """How many of the latest checkpoints stay."""
    forecast_every: int = 1000
    """Steps between two forecasts written as GIF."""
    log_every: int = 10
    """Steps between two lines of metrics."""
    horizon: int | None = None
    """Frames that an evaluation predicts (default: that of the preset)."""
    model: tyro.conf.OmitArgPrefixes[ModelConfig]
    train: tyro.conf.OmitArgPrefixes[TrainConfig]
    data: tyro.conf.OmitArgPrefixes[DataConfig]

    def __post_init__(self) -> None:
        """Raise `ValueError` for values outside their range."""
        counts = ("checkpoint_every", "keep", "forecast_every", "log_every", "horizon")
        at_least_one(self, *counts)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Evaluate:
    """Measure the forecasts of a run on test videos, beside two baselines.

    Writes metrics.json, metrics.png and a strip of frames, and prints a table.
    """

    run: tyro.conf.Positional[Path]
    """Folder of a run that `cwvae train` made."""
    out: Path | None = None
    """Folder for the results (default: RUN/evaluation)."""
    num_examples: int = 100
    """Test videos, or all of them if there are fewer."""
    num_samples: int = 1
    """Forecasts per video; the best is chosen per metric, as the official code does."""
    context: int | None = None
    """Frames that the model sees (default: that of the preset)."""
    horizon: int | None = None
    """Frames that it predicts (default: that of the preset)."""
    data: str | None = None
    """Data set to measure on, NAME:PATH (default: that of the run)."""
    blind: tuple[int, ...] = ()
    """Levels that do not see the context, 0 the fastest (the official --use-obs)."""
    seed: int = 0
    """Seed of test videos, forecasts and the random-frame baseline."""

    def __post_init__(self) -> None:
        """Raise `ValueError` for values outside their range."""
        at_least_one(self, "num_examples", "num_samples", "context", "horizon")
        check_seed(self.seed)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Predict:
    """Predict how a video goes on, and write video and forecast side by side.

    The first frames are the context. A GIF or MP4 shows the video on the left (dark where it has
    ended) and the model on the right: its reconstruction of the context, then its forecast. An
    npz holds the arrays `context` and `forecast`.
    """

    run: tyro.conf.Positional[Path]
    """Folder of a run that `cwvae train` made."""
    video: tyro.conf.Positional[Path]
    """The video: a file (mp4, mov, mkv, webm, avi, gif, npz, npy, ...) or a folder of pictures."""
    out: Path
    """What to write: a .gif, .mp4 or .npz file."""
    horizon: int = 100
    """Frames to predict."""
    context: int | None = None
    """Frames of the video that the model sees (default: that of the preset)."""
    resize: bool = False
    """Crop and resize the frames to the size of the model."""
    seed: int = 0
    """Seed of the forecast."""
    fps: float = 15.0
    """Frames per second of the GIF or MP4."""
    reading: tyro.conf.OmitArgPrefixes[ReadOptions] = dataclasses.field(default_factory=ReadOptions)

    def __post_init__(self) -> None:
        """Raise `ValueError` for values outside their range."""
        at_least_one(self, "horizon", "context")
        check_seed(self.seed)
        if self.out.suffix.lower() not in (".gif", ".mp4", ".npz"):
            raise ValueError(f"--out must end in .gif, .mp4 or .npz, got {self.out}")
        if not 0.01 <= self.fps <= 50:
            raise ValueError(f"--fps must be from 0.01 to 50, got {self.fps}")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Demo:
    """Train a small model on the digits in the package, evaluate it, predict 1000 frames.

    Takes four to five minutes on two CPU cores and downloads nothing.
    """

    out: Path
    """Folder for everything that the demo makes; must not hold a run already."""
    minutes: float = 4.0
    """Stop training after this time if it is not done by then."""
    steps: int | None = None
    """Training steps (default: those of the preset `demo`)."""
    seed: int = 0
    """Seed of everything."""

    def __post_init__(self) -> None:
        """Raise `ValueError` for values outside their range."""
        at_least_one(self, "steps")
        check_seed(self.seed)
        if not self.minutes > 0:
            raise ValueError(f"--minutes must be positive, got {self.minutes}")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Info:
    """Print what a run is: how far it is trained, its levels, what feeds them, its parameters."""

    run: tyro.conf.Positional[Path]
    """Folder of a run that `cwvae train` made."""


# What `parse` returns.
Command = Train | Evaluate | Predict | Info | Demo | Data


def parse(arguments: Sequence[str]) -> Command:
    """Turn arguments into a command.

    Raises `ValueError` with one line for what cannot be; `SystemExit` after printing help.
    """
    train = _train_defaults(arguments)
    commands = (
        Annotated[Train, tyro.conf.subcommand("train", default=train)]
        | Annotated[Evaluate, tyro.conf.subcommand("evaluate")]
        | Annotated[Predict, tyro.conf.subcommand("predict")]
        | Annotated[Info, tyro.conf.subcommand("info")]
        | Annotated[Data, tyro.conf.subcommand("data")]
        | Annotated[Demo, tyro.conf.subcommand("demo")]
    )
    complaint = io.StringIO()
    try:
        with contextlib.redirect_stderr(complaint):
            return tyro.cli(
                commands,  # type: ignore[arg-type]
                prog="cwvae",
                description=DESCRIPTION,
                args=list(arguments),
                config=(tyro.conf.OmitSubcommandPrefixes, tyro.conf.FlagCreatePairsOff),
            )
    except SystemExit as stop:
        if stop.code in (None, 0):
            raise
        raise ValueError(_one_line(complaint.getvalue(), arguments)) from None


def _train_defaults(arguments: Sequence[str]) -> Train:
    """Return the defaults of `train`: those of the preset, or of the run to be resumed."""
    out = _value_of("--out", arguments)
    name = _value_of("--preset", arguments) or _fitting_preset(arguments)
    preset = PRESETS.get(name, PRESETS["moving_mnist"])
    parts = {"model": preset.model, "train": preset.train, "data": preset.data}
    known: dict = {"preset": name} if name in PRESETS else {}
    if "--resume" in arguments and "train" in arguments and out is not None:
        settings = runs.read_settings(Path(out))
        parts = {"model": settings.model, "train": settings.train, "data": settings.data}
        known = {"preset": settings.preset, "horizon": settings.horizon}
        if settings.custom:
            known["custom"] = str(settings.custom)
    return Train(out=tyro.MISSING, **known, **parts)


def _fitting_preset(arguments: Sequence[str]) -> str:
    """Return the name of the preset that fits the data that are asked for."""
    name = (_value_of("--data", arguments) or "").partition(":")[0]
    return DATASETS[name].preset if name in DATASETS else "moving_mnist"


def _value_of(option: str, arguments: Sequence[str]) -> str | None:
    """Look up an option ahead of parsing; None when it is absent."""
    for place, argument in enumerate(arguments):
        if argument == option and place + 1 < len(arguments):
            return arguments[place + 1]
        if argument.startswith(f"{option}="):
            return argument.removeprefix(f"{option}=")
    return None


def _one_line(complaint: str, arguments: Sequence[str]) -> str:
    """Shorten what tyro says about wrong arguments, a box with help below a rule, to one line."""
    # The box is drawn with lines, or with ASCII and a first rule where the terminal has none.
    lines = [line.strip("│|╭╮╰╯+ ") for line in complaint.splitlines()[1:]]
    text = itertools.dropwhile(lambda line: not line.strip("─-"), lines)
    said = itertools.takewhile(lambda line: line.strip("─-"), text)
    # What was wrong is known by its option; tyro's names for our dataclasses say nothing.
    message = re.sub(r"^Error parsing [\w.-]+: (?!invalid literal)", "", " ".join(said))
    command = next((a for a in arguments[:1] if not a.startswith("-")), "")
    return f"{message} (see cwvae {command + ' ' if command else ''}--help)"
