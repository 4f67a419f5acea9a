"""From a trained model to a file that strangers can load, or to a folder as model hubs have it."""

import dataclasses
import json
from pathlib import Path
from typing import Any, get_args

import equinox as eqx
import jax.random as jr
import numpy as np

from cwvae.arguments import described, whole_number
from cwvae.files import replacing, write_json
from cwvae.pretrained.card import Facts, model_card
from cwvae.pretrained.header import Header
from cwvae.pretrained.places import CARD, CONFIG, PREFIX, SUFFIX, WEIGHTS, is_exported, public_name
from cwvae.pretrained.storage import StorageDtype, stored, write_arrays
from cwvae.repository import HUB
from cwvae.training.methods import build_any
from cwvae.training.named_arrays import difference, named_arrays
from cwvae.training.settings import Settings
from cwvae.video_model import AbstractVideoModel

__all__ = ["export_model"]


def export_model(
    model: AbstractVideoModel,
    path: str | Path,
    *,
    settings: Settings,
    step: int,
    dtype: StorageDtype = "float32",
    facts: Facts | None = None,
    name: str | None = None,
) -> Header:
    """Write a model for others, and return what the file states about it.

    Arrays by their path in the model, the configuration and the card are in one file of
    safetensors, which holds no code. Paths of this machine are left out of it.

    **Arguments:**

    - `model`: that of `settings`, such as `run.model`.
    - `path`: a file, NAME.safetensors, or any other name for a folder with model.safetensors,
      config.json and README.md; what was exported there before is replaced.
    - `settings`: such as `run.settings`. The source of a model of the user's own is left out: who
      loads it builds the model, `load_pretrained(path, into=model)`.
    - `step`: the number of steps that it is trained for.
    - `dtype`: in which matrices are stored, "float32", "bfloat16" or "float16".
    - `facts`, `name`: what its card holds besides, and its name there, None for the path's.

    Raises `ValueError` for another value, a model of other settings, or a weight that is not
    finite; `FileExistsError` for a path where something else lies.
    """
    _check(model, path := Path(path).expanduser(), settings, dtype)
    arrays = {name: stored(name, array, dtype) for name, array in named_arrays(model).items()}
    known = {
        "settings": _without_places(settings),
        "step": whole_number("step", step, least=0),
        "parameters": sum(array.size for array in arrays.values()),
        "dtype": dtype,
    }
    header = _header(name or public_name(path), known, facts or Facts())
    _write(path, arrays, header)
    return header


def _header(name: str, known: dict[str, Any], facts: Facts) -> Header:
    """Return what the file states, its card made of the same."""
    card = model_card(name, facts=facts, **known)
    return Header(**known, license=facts.license, headline=facts.headline, card=card)


def _check(model: AbstractVideoModel, path: Path, settings: Settings, dtype: str) -> None:
    """Raise `ValueError` for an unknown type or a model of other settings, before any work."""
    if dtype not in get_args(StorageDtype):
        choices = ", ".join(get_args(StorageDtype))
        raise ValueError(f"dtype must be one of {choices}, got {described(dtype)}")
    if not isinstance(model, AbstractVideoModel) or not isinstance(settings, Settings):
        got = f"{type(model).__name__} and {type(settings).__name__}"
        raise ValueError(
            f"{path} must be given a CWVAE and its Settings, got {got}; use those of cwvae.load_run"
        )
    _check_free(path)
    if settings.custom:
        return
    built = eqx.filter_eval_shape(build_any, settings.model, key=jr.key(0))
    found = difference(named_arrays(model), named_arrays(built), "the model to export")
    if found:
        raise ValueError(
            f"settings must be those that the model was built with: {found} of these settings; "
            "give those of its run"
        )


def _check_free(path: Path) -> None:
    """Raise `FileExistsError` where something lies that is no exported model."""
    if path.is_dir() and any(path.iterdir()) and not is_exported(path):
        raise FileExistsError(f"{path} holds other files; export to a new folder or to a file")
    if path.is_dir() and path.suffix == SUFFIX:
        raise FileExistsError(f"{path} is a folder, though its name is that of a file; rename it")
    if path.is_file() and path.suffix != SUFFIX:
        raise FileExistsError(f"{path} is a file; end its name in {SUFFIX}, or give a folder")


def _without_places(settings: Settings) -> Settings:
    """Return settings without the paths at which data lay where the model was trained."""
    data = settings.data
    name, _, path = data.data.partition(":")
    init = settings.init if settings.init.startswith((PREFIX, HUB)) else ""
    # Data that must be given anew are others than those by which a run knows its own.
    known = settings.videos if not path and data.digits is None else ""
    data = dataclasses.replace(data, data=name, digits=None, cache_folder=None)
    return dataclasses.replace(settings, data=data, videos=known, init=init)


def _write(path: Path, arrays: dict[str, np.ndarray], header: Header) -> None:
    """Write the file, or the folder with what hubs show beside it, the weights last."""
    fields = header.to_json()
    file = path if path.suffix == SUFFIX else path / WEIGHTS
    if file != path:
        card = fields["card"]
        write_json(path / CONFIG, {name: fields[name] for name in fields if name != "card"})
        with replacing(path / CARD) as temporary:
            temporary.write_text(card)
    write_arrays(file, arrays, json.dumps(fields, allow_nan=False))
