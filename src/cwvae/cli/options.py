"""The options of every command: a frozen dataclass for each."""

import dataclasses
import math
from pathlib import Path
from typing import Annotated, Literal

from cwvae._extras import extra
from cwvae.cli.analysis_options import Analyse, Compare, Encode
from cwvae.cli.benchmark_options import BenchmarkOptions
from cwvae.cli.checks import at_least_one, check_not_input, check_seed, expand_paths
from cwvae.cli.data_options import Data
from cwvae.cli.model_options import Export, Info, Models, Program, Push
from cwvae.data.read_options import ReadOptions
from cwvae.measures.names import GROUPS, METRICS
from cwvae.training.config import DataConfig, ModelConfig, TrainConfig
from cwvae.training.presets import PRESETS

with extra("cli"):
    import tyro

__all__ = [
    "Analyse",
    "Command",
    "Compare",
    "Demo",
    "Encode",
    "Evaluate",
    "Info",
    "Predict",
    "Train",
]

# The most frames of a context, of a forecast, and the most checkpoints that are kept.
_FRAMES = 1_000_000


_Metric = Literal[(*GROUPS, *METRICS)]  # type: ignore[valid-type]


def _or_none(default: str) -> str:
    """Return how help shows the default of a list, which may be empty."""
    return f"(default: {default or 'none'})"


_CUSTOM_HELP = """A model of your own: a function in a Python file that is called as cwvae.build \
is, build(config, *, key), with the model options below, and returns a CWVAE. The run keeps a \
copy, model.py, and goes on without the file. The copy is executed where you made the run, \
elsewhere only with --trust."""


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
        str | None, tyro.conf.arg(name="model", metavar="FILE.py:FUNCTION", help=_CUSTOM_HELP)
    ] = None
    init: Path | None = None
    """Begin with the weights of a run, of a file or folder of `cwvae export`, of pretrained:NAME or
    hub:OWNER/NAME. Without --preset the defaults of all options are those it was trained with."""
    resume: bool = False
    """Continue the run in the folder from its latest checkpoint, as if never interrupted.
    Options of the optimiser and of the loss may change; sizes, data and seed stay."""
    trust: bool = False
    """With --resume and --init: execute that run's own model.py, though others made the run."""
    from_step: int | None = None
    """With --resume: continue from the checkpoint of this step, and delete the later ones."""
    devices: int | Literal["auto"] = "auto"
    """Devices that share every batch, whose size stays --batch-size; auto: all of this machine."""
    distributed: Annotated[str, tyro.conf.arg(metavar="auto|off|ADDRESS,N,ID")] = "auto"
    """Train in N processes, each with devices of its own: ADDRESS is host:port of the first, ID the
    number of this one. auto: as SLURM or Open MPI has started them, else one process alone."""
    memory_limit: float | None = None
    """GiB that a training step may take of a device by the count made before anything else; None:
    the memory of the accelerator, or of the machine."""
    checkpoint_every: int = 1000
    """Steps between two checkpoints."""
    keep: int = 3
    """How many of the latest checkpoints stay."""
    forecast_every: int = 1000
    """Steps between two forecasts written as GIF."""
    log_every: int = 10
    """Steps between two lines of metrics."""
    horizon: int | None = None
    """Frames that an evaluation predicts, at most 1,000,000; None: that of the preset."""
    model: tyro.conf.OmitArgPrefixes[ModelConfig]
    """The sizes of a model."""
    train: tyro.conf.OmitArgPrefixes[TrainConfig]
    """How a model is trained."""
    data: tyro.conf.OmitArgPrefixes[DataConfig]
    """The videos that a model is trained and evaluated on."""

    def __post_init__(self) -> None:
        """Raise `ValueError` for values outside their range."""
        expand_paths(self)
        at_least_one(self, "checkpoint_every", "forecast_every", "log_every", "from_step")
        at_least_one(self, "keep", "horizon", most=_FRAMES)
        if self.from_step is not None and not self.resume:
            raise ValueError("--from-step must come with --resume, got it alone")
        limit = self.memory_limit
        if limit is not None and not (math.isfinite(limit) and limit > 0):
            raise ValueError(f"--memory-limit must be positive and finite, got {limit}")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Evaluate:
    """Measure the forecasts of a run on test videos, beside those of naive baselines.

    Writes metrics.json, metrics.png and a strip of frames, and prints a table. Of digits drawn on
    the fly it reads besides, which ones the forecasts show and where (identity.png); sizes for
    numbers to compare: --num-examples 256 --num-samples 5 --context 36 --horizon 964.
    """

    run: tyro.conf.Positional[Path]
    """Folder of a run, file or folder of `cwvae export`, pretrained:NAME or hub:OWNER/NAME."""
    step: int | None = None
    """Step of the checkpoint to measure; None: the latest."""
    trust: bool = False
    """Execute the run's own model.py, though another user or machine made the run."""
    out: Path | None = None
    """Folder for the results; None: RUN/evaluation, of an exported model ./NAME-evaluation."""
    num_examples: int = 100
    """Test videos, or all of them if there are fewer."""
    quick: bool = False
    """A look: 8 test videos, 1 forecast of each, of at most 64 frames."""
    num_samples: int = 1
    """Forecasts per video; the best is chosen per metric, as the official code does, and the mean
    stands beside it."""
    metrics: tuple[_Metric, ...] = ("default",)
    """What to measure. default: ssim, psnr, ssim_official, and of identity, rooms and actions what
    the data have; all: everything that fits the data. metrics.json states the protocol of each."""
    context: int | None = None
    """Context frames, a multiple of the slowest period; None: that of the preset."""
    horizon: int | None = None
    """Frames that it predicts; None: that of the preset."""
    data: str | None = None
    """Data set to measure on, NAME:PATH; None: that of the run."""
    blind: Annotated[tuple[int, ...], tyro.conf.arg(help_behavior_hint=_or_none)] = ()
    """Levels for which the context is hidden, 0 the fastest (the official --use-obs)."""
    devices: int | Literal["auto"] = "auto"
    """Devices that forecast videos at the same time; auto: all of this machine."""
    seed: int = 0
    """Seed of test videos, forecasts and the random-frame baseline."""

    def __post_init__(self) -> None:
        """Raise `ValueError` for values outside their range."""
        expand_paths(self)
        at_least_one(self, "num_examples", "num_samples", "step")
        at_least_one(self, "context", "horizon", most=_FRAMES)
        check_seed(self.seed)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Predict:
    """Predict how a video goes on, and write video and forecast side by side.

    The first frames are the context. A GIF or MP4 shows the video on the left (dark where it has
    ended) and the model on the right: its reconstruction of the context, then its forecast. An
    npz holds the arrays `context` and `forecast`.
    """

    run: tyro.conf.Positional[Path]
    """Folder of a run, file or folder of `cwvae export`, pretrained:NAME or hub:OWNER/NAME."""
    video: tyro.conf.Positional[Path]
    """The video: a file that FFmpeg reads, a GIF, npz, npy or HDF5, or a folder of pictures."""
    out: Path
    """What to write: a .gif, .mp4 or .npz file."""
    step: int | None = None
    """Step of the checkpoint to predict with; None: the latest."""
    trust: bool = False
    """Execute the run's own model.py, though another user or machine made the run."""
    horizon: int = 100
    """Frames to predict."""
    context: int | None = None
    """Context frames, a multiple of the slowest period; None: that of the preset."""
    resize: bool = False
    """Crop and resize the frames to the size of the model."""
    seed: int = 0
    """Seed of the forecast."""
    fps: float = 15.0
    """Frames per second of the GIF or MP4."""
    reading: tyro.conf.OmitArgPrefixes[ReadOptions] = dataclasses.field(default_factory=ReadOptions)
    """Choices in reading a video file."""

    def __post_init__(self) -> None:
        """Raise `ValueError` for values outside their range."""
        expand_paths(self)
        at_least_one(self, "step")
        at_least_one(self, "horizon", "context", most=_FRAMES)
        check_seed(self.seed)
        if self.out.suffix.lower() not in (".gif", ".mp4", ".npz"):
            raise ValueError(f"--out must end in .gif, .mp4 or .npz, got {self.out}")
        check_not_input(self.out, self.video)
        if not 0.01 <= self.fps <= 50:
            raise ValueError(f"--fps must be from 0.01 to 50, got {self.fps}")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Demo:
    """Show what the model in the package remembers, then train one of its kind and measure it.

    First the forecasts of test digits, 1000 frames, and what is read in them; then a short training
    with the same recipe. Takes five to eight minutes on two CPU cores and downloads nothing.
    """

    out: Path
    """Folder for everything that the demo makes; must not hold a run already."""
    minutes: float = 8.0
    """Stop training after this time if it is not done by then, which costs digits: the last steps,
    with a falling learning rate, count most."""
    steps: int | None = None
    """Training steps; None: 2500."""
    seed: int = 0
    """Seed of everything."""

    def __post_init__(self) -> None:
        """Raise `ValueError` for values outside their range."""
        expand_paths(self)
        at_least_one(self, "steps")
        check_seed(self.seed)
        if not self.minutes > 0:
            raise ValueError(f"--minutes must be positive, got {self.minutes}")


# What `cwvae.cli.parsing.parse` returns.
Command = (
    BenchmarkOptions
    | Train
    | Evaluate
    | Predict
    | Analyse
    | Compare
    | Encode
    | Info
    | Export
    | Push
    | Program
    | Models
    | Demo
    | Data
)
