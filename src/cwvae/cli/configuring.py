"""From the options of `cwvae train` to the settings of a run, and what no run can have."""

import dataclasses
from pathlib import Path

import equinox as eqx
import jax
import jax.numpy as jnp

from cwvae.cli.checks import expanded
from cwvae.cli.options import Train
from cwvae.data.sources import absolute
from cwvae.model import CWVAE
from cwvae.nn.compute_dtype import InDtype
from cwvae.pretrained.places import PREFIX
from cwvae.provenance import memory
from cwvae.shapes import LevelFeatures
from cwvae.training.checks import check_levels
from cwvae.training.config import TrainConfig, check_pieces
from cwvae.training.custom import read_custom
from cwvae.training.footprint import memory_of_training, parameters
from cwvae.training.presets import PRESETS
from cwvae.training.run import model_shapes
from cwvae.training.settings import Settings

__all__ = ["configure"]

_GIB = 2**30


def configure(options: Train) -> Settings:
    """Return the settings that the options give, with an evaluation that fits the model's clock.

    Nothing is computed or written. Raises `ValueError` for a custom model that cannot be built, for
    weights of the KL that are not one a level, for pieces that do not end on a tick of every level,
    for an encoder that cannot compute in the
    `compute_dtype`, and for a training step that takes more memory than the limit.
    """
    preset = PRESETS[options.preset]
    settings = Settings(
        preset=options.preset,
        model=options.model,
        train=options.train,
        data=dataclasses.replace(
            options.data,
            # From wherever the run is resumed or evaluated, its data are where they are now.
            data=absolute(options.data.data),
            digits=_absolute(options.data.digits),
            cache_folder=_absolute(options.data.cache_folder),
        ),
        context=options.model.clock.slowest,
        horizon=options.horizon or preset.horizon,
        init="" if options.init is None else _source(options.init),
        custom=None if options.custom is None else read_custom(str(expanded(Path(options.custom)))),
    )
    model = model_shapes(settings)
    # The clock of a custom model is known to the model alone.
    clock = model.hierarchy.clock
    _check_weights(settings.train, clock.levels)
    check_pieces(settings.train.frames, settings.train, clock)
    _check_static_window(settings.train.frames, clock.static_window)
    _check_compute_dtype(model, settings)
    _check_memory(model, settings, options.memory_limit)
    context = max(preset.context // clock.slowest, 1) * clock.slowest
    return dataclasses.replace(settings, context=context)


def _absolute(path: str | None) -> str | None:
    """Return the same path from wherever a run is resumed."""
    return path and str(expanded(Path(path)).resolve())


def _source(init: Path) -> str:
    """Return the same model from wherever a run is resumed."""
    return str(init if str(init).startswith(PREFIX) else init.resolve())


def _check_weights(config: TrainConfig, levels: int) -> None:
    """Raise `ValueError` for options of the KL that are neither one nor one a level."""
    for name in ("beta", "beta_start", "free_nats", "tick_free_nats"):
        check_levels(f"--{name.replace('_', '-')}", getattr(config, name), levels)


def _check_static_window(frames: int, window: int | None) -> None:
    """Raise `ValueError` for a static level that would look at more frames than there are."""
    if window is not None and window > frames:
        raise ValueError(
            f"--static-window must be at most the frames of a training video, {frames}, got "
            f"{window}; make it smaller, or --frames larger"
        )


def _check_compute_dtype(model: CWVAE, settings: Settings) -> None:
    """Raise `ValueError` for an encoder that cannot compute in the type, without computing."""
    if settings.train.compute_dtype == "float32":
        return
    size, channels = settings.model.size, settings.model.channels

    def encode(model: CWVAE) -> LevelFeatures:
        encoder = InDtype(model.encoder, settings.train.compute_dtype)
        rough = dataclasses.replace(model, encoder=encoder)
        return rough.encode(jnp.zeros((1, size, size, channels)))

    try:
        eqx.filter_eval_shape(encode, model)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"the model cannot compute in {settings.train.compute_dtype}: "
            f"{str(error).strip().splitlines()[0]}; "
            "let its networks take frames of that type, or leave out --compute-dtype"
        ) from error


def _check_memory(model: CWVAE, settings: Settings, limit: float | None) -> None:
    """Raise `ValueError` for a training step that takes more than the limit, in GiB."""
    needed = memory_of_training(model, settings.train, settings.model)
    allowed = limit * _GIB if limit else _memory_of_device()
    if needed > allowed:
        raise ValueError(
            f"a training step must take at most {allowed / _GIB:,.1f} GiB, got a model of "
            f"{parameters(model):,} parameters and batches for which it takes at least "
            f"{needed / _GIB:,.1f} GiB; choose smaller sizes, or raise --memory-limit"
        )


def _memory_of_device() -> float:
    """Return the bytes that JAX may use of the accelerator, or those of the machine."""
    statistics = jax.local_devices()[0].memory_stats() or {}
    return statistics.get("bytes_limit") or memory()
