"""From arguments to a command."""

import argparse
import dataclasses
import functools
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, TypeVar

from cwvae._extras import extra
from cwvae.cli.benchmark_options import BenchmarkOptions
from cwvae.cli.checks import expanded
from cwvae.cli.data_options import Data
from cwvae.cli.model_options import Export, Models, Program, Push
from cwvae.cli.options import (
    Analyse,
    Command,
    Compare,
    Demo,
    Encode,
    Evaluate,
    Info,
    Predict,
    Train,
)
from cwvae.cli.parse_errors import errors_in_one_line
from cwvae.data.datasets import DATASETS
from cwvae.training.presets import PRESETS
from cwvae.training.settings import Settings, read_settings

with extra("cli"):
    import tyro

__all__ = ["parse"]

_Command = TypeVar("_Command", Train, Info)

_DESCRIPTION = """Clockwork Variational Autoencoders: train temporally hierarchical video models, \
look at what they predict, and measure it. `cwvae --version` prints the version."""


def parse(arguments: Sequence[str]) -> Command:
    """Turn arguments into a command.

    Raises `ValueError` with one line for arguments that are wrong; `SystemExit` after printing
    help.
    """
    _check_words(arguments)
    train = _train_defaults(arguments)
    options: Any = Annotated[type(train), tyro.conf.subcommand("train", default=train)]
    commands = (
        options
        | Annotated[Evaluate, tyro.conf.subcommand("evaluate")]
        | Annotated[Predict, tyro.conf.subcommand("predict")]
        | Annotated[Analyse, tyro.conf.subcommand("analyse")]
        | Annotated[Compare, tyro.conf.subcommand("compare")]
        | Annotated[Encode, tyro.conf.subcommand("encode")]
        | _info(arguments)
        | Annotated[Export, tyro.conf.subcommand("export")]
        | Annotated[Push, tyro.conf.subcommand("push")]
        | Annotated[Program, tyro.conf.subcommand("program")]
        | Annotated[Models, tyro.conf.subcommand("models")]
        | Annotated[Data, tyro.conf.subcommand("data")]
        | Annotated[BenchmarkOptions, tyro.conf.subcommand("benchmark")]
        | Annotated[Demo, tyro.conf.subcommand("demo")]
    )
    with errors_in_one_line(arguments):
        return tyro.cli(
            commands,  # type: ignore[arg-type]
            prog="cwvae",
            description=_DESCRIPTION,
            args=list(arguments),
            config=(tyro.conf.OmitSubcommandPrefixes, tyro.conf.FlagCreatePairsOff),
        )


def _check_words(arguments: Sequence[str]) -> None:
    """Raise `ValueError` for an argument that is empty, or that no shell could give."""
    for before, word in zip(["", *arguments], arguments, strict=False):
        option, sign, value = word.partition("=") if word.startswith("--") else (before, "=", word)
        if sign and not value:
            raise ValueError(
                f"{option or 'the first argument'} must not be followed by an empty text; give a "
                "value (is a variable of the shell not set?)"
            )
        if "\0" in word:
            raise ValueError(f"arguments must be text without null characters, got {word!r}")


def _info(arguments: Sequence[str]) -> Any:
    """Return the options of `info`, for a preset with its sizes."""
    name = _first_look("info", arguments).preset
    if name not in PRESETS:
        return Annotated[Info, tyro.conf.subcommand("info")]
    model = PRESETS[name].model
    options = _options_of(Info, type(model))
    return Annotated[
        options, tyro.conf.subcommand("info", default=options(preset=name, model=model))
    ]


def _train_defaults(arguments: Sequence[str]) -> Train:
    """Return the defaults of `train`: those of the preset, or of the run to be resumed."""
    first = _first_look("train", arguments)
    if first.resume and first.out is not None:
        return _defaults_of(_settings_to_resume(expanded(Path(first.out))))
    if first.init is not None and first.preset is None:
        return _defaults_of(_settings_to_begin(expanded(Path(first.init))))
    name = first.preset or _fitting_preset(first.data)
    preset = PRESETS.get(name, PRESETS["moving_mnist"])
    parts = {"model": preset.model, "train": preset.train, "data": preset.data}
    return _without_out(**parts, **({"preset": name} if name in PRESETS else {}))


def _settings_to_resume(folder: Path) -> Settings:
    """Return the settings of a run, or raise `ValueError` for what is exported of one."""
    # Here, since what knows models imports JAX, which help and the other commands do without.
    from cwvae.cli.loading import check_is_run

    check_is_run(folder)
    return read_settings(folder)


def _settings_to_begin(source: Path) -> Settings:
    """Return the settings of a run or an exported model, whose weights another begins with."""
    from cwvae.cli.loading import settings_of

    return settings_of(source)


def _defaults_of(settings: Settings) -> Train:
    """Return the defaults of a run that goes on, or of one that begins where another ended."""
    known: dict[str, Any] = {"preset": settings.preset, "horizon": settings.horizon}
    # The source of an exported model is not with it.
    if settings.custom and settings.custom.source:
        known["custom"] = str(settings.custom)
    if settings.init:
        known["init"] = Path(settings.init)
    parts = {"model": settings.model, "train": settings.train, "data": settings.data}
    return _without_out(**parts, **known)


def _without_out(**known: Any) -> Train:
    """Return the options of `train` with these values, but for --out, which must be given."""
    defaults = _options_of(Train, type(known["model"]))(out=Path(), **known)
    # Tyro's mark of what must be given, which is no path.
    object.__setattr__(defaults, "out", tyro.MISSING)
    return defaults


@functools.cache
def _options_of(command: type[_Command], config: type) -> type[_Command]:
    """Return the options of a command for models of that class of configurations."""
    fields = [("model", tyro.conf.OmitArgPrefixes[config])]
    made = dataclasses.make_dataclass(
        f"{command.__name__}{config.__name__}", fields, bases=(command,), frozen=True, kw_only=True
    )
    made.__doc__ = command.__doc__
    return made


def _first_look(command: str, arguments: Sequence[str]) -> argparse.Namespace:
    """Return the options of a command that the defaults of the others depend on."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    for name in ("--preset", "--data", "--out", "--init"):
        parser.add_argument(name)
    parser.add_argument("--resume", action="store_true")
    try:
        return parser.parse_known_args(arguments if list(arguments[:1]) == [command] else [])[0]
    except argparse.ArgumentError:  # What is wrong comes out when everything is parsed.
        return parser.parse_args([])


def _fitting_preset(data: str | None) -> str:
    """Return the name of the preset that fits the data set."""
    name = (data or "").partition(":")[0]
    return DATASETS[name].preset if name in DATASETS else "moving_mnist"
