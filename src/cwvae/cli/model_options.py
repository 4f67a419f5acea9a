"""The options of `cwvae info`, `models`, `export`, `push` and `program`."""

import dataclasses
from pathlib import Path
from typing import Annotated, Any, Literal

from cwvae._extras import extra
from cwvae.cli.checks import at_least_one, expand_paths
from cwvae.dtypes import StorageDtype
from cwvae.repository import parse_repository
from cwvae.training.presets import PRESETS

with extra("cli"):
    import tyro

__all__ = ["Export", "Info", "Models", "Program", "Push", "Shared"]

_PRESET_HELP = f"A preset of `cwvae train`, in the place of a run: {', '.join(PRESETS)}."


@dataclasses.dataclass(frozen=True, kw_only=True)
class Info:
    """Print what a run is: how far it is trained, its levels, what feeds them, its parameters.

    With `--preset NAME` in the place of a run, print what a training would begin with, for the
    sizes of the preset or those given: `cwvae info --preset NAME --help`.
    """

    run: Annotated[tyro.conf.Positional[Path | None], tyro.conf.arg(metavar="[RUN]")] = None
    """Folder of a run, file or folder of `cwvae export`, pretrained:NAME or hub:OWNER/NAME."""
    preset: Annotated[str | None, tyro.conf.arg(metavar="NAME", help=_PRESET_HELP)] = None
    trust: bool = False
    """Execute the run's own model.py, though another user or machine made the run."""
    # Of the class that the preset has; only beside --preset are its fields options.
    model: tyro.conf.Suppress[Any] = None
    """The sizes of a model."""

    def __post_init__(self) -> None:
        """Raise `ValueError` unless there is one thing to look at, a preset by its name."""
        expand_paths(self)
        if (self.run is None) == (self.preset is None):
            got = "neither" if self.run is None else f"{self.run} and --preset {self.preset}"
            raise ValueError(f"expected either RUN or --preset NAME, got {got}")
        if self.preset is not None and self.preset not in PRESETS:
            names = ", ".join(PRESETS)
            raise ValueError(f"--preset must be one of {names}, got {self.preset}")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Shared:
    """What is written of a model for others."""

    run: tyro.conf.Positional[Path]
    """Folder of a run that `cwvae train` made."""
    step: int | None = None
    """Step of the checkpoint to take; None: the latest."""
    trust: bool = False
    """Execute the run's own model.py, though another user or machine made the run."""
    dtype: StorageDtype = "float32"
    """Type in which matrices and kernels are stored; those of 16 bits halve the file."""
    license: str = "apache-2.0"
    """Licence of the weights, an identifier of SPDX."""
    note: str = ""
    """A paragraph of the card in your own words, such as what the model is good for."""
    evaluation: Path | None = None
    """Folder of `cwvae evaluate` whose metrics the card has; None: RUN/evaluation."""

    def __post_init__(self) -> None:
        """Raise `ValueError` for values outside their range."""
        expand_paths(self)
        at_least_one(self, "step")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Export(Shared):
    """Write the model of a run for others: weights, configuration and a model card, no code.

    The card has the metrics of RUN/evaluation, if that is of the same step: `cwvae evaluate` first.
    """

    file: tyro.conf.Positional[Path]
    """What to write: NAME.safetensors, or a folder for a model hub, with model.safetensors,
    config.json and README.md."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Push(Shared):
    """Put the model of a run on the Hugging Face Hub: what `cwvae export` writes, in one commit.

    The repository is made if it is not there. Needs the extra `hub`, and a token with the right to
    write (`hf auth login`, or HF_TOKEN). Everyone then loads it by hub:OWNER/NAME.
    """

    repository: Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="OWNER/NAME[@BRANCH]")]
    """The repository, and a branch of it that is not the main one."""
    private: bool = False
    """If the repository is new: let nobody else read it."""

    def __post_init__(self) -> None:
        """Raise `ValueError` for values outside their range."""
        super().__post_init__()
        parse_repository(self.repository)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Program:
    """Write a forecast, or a step of a stream, as a program that runs without this package.

    It is StableHLO with the weights in it, for several platforms at once; the seed is an input.
    Who runs it needs jax and flatbuffers: jax.export.deserialize(FILE).call(...). Writing it needs
    the extra `program`.
    """

    run: tyro.conf.Positional[Path]
    """Folder of a run, file or folder of `cwvae export`, pretrained:NAME or hub:OWNER/NAME."""
    file: tyro.conf.Positional[Path]
    """What to write."""
    of: Literal["forecast", "step"] = "forecast"
    """forecast: how videos go on after their context; step: the next frame of a stream is observed,
    for a model with levels."""
    step: int | None = None
    """Step of the checkpoint to take; None: the latest."""
    trust: bool = False
    """Execute the run's own model.py, though another user or machine made the run."""
    context: int | None = None
    """Context frames of a forecast, a multiple of the slowest period; None: that of the preset."""
    horizon: int = 100
    """Frames that a forecast predicts."""
    batch: int | None = None
    """So many videos at the same time; None: any number, one after the other."""
    platforms: tuple[Literal["cpu", "cuda", "rocm", "tpu"], ...] = ("cpu", "cuda")
    """What the program runs on."""

    def __post_init__(self) -> None:
        """Raise `ValueError` for values outside their range."""
        expand_paths(self)
        at_least_one(self, "step", "batch")
        at_least_one(self, "context", "horizon", most=1_000_000)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Models:
    """List the models that are in the package; `cwvae info pretrained:NAME` prints a card."""
