"""A run, or an exported model in its place, wherever a command takes one."""

from pathlib import Path
from typing import cast

import jax.random as jr

from cwvae.model import CWVAE
from cwvae.pretrained.finding import find
from cwvae.pretrained.load import Pretrained, load_pretrained, read_header
from cwvae.pretrained.places import PREFIX, SUFFIX, is_exported
from cwvae.repository import HUB, parse_repository
from cwvae.training.custom_build import builder
from cwvae.training.named_arrays import difference, filled, named_arrays
from cwvae.training.run import Run, load_run
from cwvae.training.settings import Settings, read_settings
from cwvae.training.step import TrainState, init_train_state
from cwvae.video_model import AbstractVideoModel

__all__ = [
    "check_is_run",
    "first_state",
    "load_model",
    "results_folder",
    "settings_of",
    "with_levels",
]


def load_model(source: Path, *, step: int | None, trust: bool = False) -> Run | Pretrained:
    """Load a run from its folder, or an exported model by path, `pretrained:NAME` or `hub:`.

    Raises `ValueError` for a step of an exported model other than its own, and as `load_run` and
    `load_pretrained` do.
    """
    if not is_exported(source):
        return load_run(source, step=step, trust=trust)
    model = load_pretrained(source)
    if step not in (None, model.step):
        raise ValueError(
            f"--step must be left out for an exported model, got {step}; {source} is one model, "
            f"trained for {model.step:,} steps"
        )
    return model


def settings_of(source: Path) -> Settings:
    """Return what a run or an exported model is configured with, as `load_model` finds it."""
    return read_header(find(source)).settings if is_exported(source) else read_settings(source)


def with_levels(run: Run | Pretrained, command: str) -> CWVAE:
    """Return the model of a run, or raise `ValueError` for one without levels to look into."""
    if not run.model.has_levels:
        raise ValueError(
            f"{command} must be given a model with levels, a cwvae.CWVAE, got one of the preset "
            f"{run.settings.preset}; evaluate it, or predict with it"
        )
    return cast("CWVAE", run.model)


def first_state(settings: Settings, *, trust: bool = False) -> TrainState:
    """Return the state before a run's first step, with the weights that it begins with.

    `trust` is as of `load_run`, for the run whose weights these are.
    """
    model = builder(settings.custom)(settings.model, key=jr.key(settings.train.seed))
    if settings.init:
        # What a likelihood takes from the data begins as it is configured.
        model = _with_weights(model, Path(settings.init), trust=trust).begun_as(model)
    return init_train_state(model, settings.train)


def _with_weights(model: AbstractVideoModel, source: Path, *, trust: bool) -> AbstractVideoModel:
    """Return a model with the weights of a run or of an exported model.

    Raises `ValueError` for a model of other sizes, with the first array that differs.
    """
    if is_exported(source):
        return load_pretrained(source, into=model).model
    arrays = named_arrays(load_run(source, trust=trust).model)
    found = difference(arrays, named_arrays(model), str(source))
    if found:
        raise ValueError(
            f"--init must be a model of the sizes that are trained: {found}; leave out the options "
            "of sizes, or --init"
        )
    return filled(model, arrays)


def check_is_run(folder: Path) -> None:
    """Raise `ValueError` for an exported model, which has no training state to go on from."""
    if is_exported(folder):
        raise ValueError(
            f"--out must be the folder of a run, got {folder}, an exported model, which cannot be "
            f"resumed; begin another run with its weights: --out RUN --init {folder}"
        )


def results_folder(source: Path, kind: str = "evaluation") -> Path:
    """Return where results about a run go by default: into it; those about an export, to here.

    The models in the package lie where nothing should be written.
    """
    if not is_exported(source):
        return source / kind
    if str(source).startswith(HUB):
        name = parse_repository(str(source)).name.rpartition("/")[2]
    else:
        name = source.resolve().name if source.is_dir() else source.name
    return Path(f"{name.removeprefix(PREFIX).removesuffix(SUFFIX)}-{kind}")
