"""From the options of `cwvae train` to the settings of a run, and what no run can have."""

import dataclasses
from pathlib import Path

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr

from cwvae.cli.checks import expanded
from cwvae.cli.options import Train
from cwvae.data.sources import absolute
from cwvae.pretrained.places import PREFIX
from cwvae.provenance import memory
from cwvae.repository import HUB
from cwvae.training.checks import check_levels
from cwvae.training.config import TrainConfig, check_pieces
from cwvae.training.custom import Custom, read_custom
from cwvae.training.devices import check_batch
from cwvae.training.footprint import memory_of_training, parameters
from cwvae.training.ownership import CUSTOM, kept_custom
from cwvae.training.presets import PRESETS
from cwvae.training.run import model_shapes
from cwvae.training.settings import Settings
from cwvae.training.step import loss_inputs
from cwvae.video_model import AbstractLoss, AbstractVideoModel

__all__ = ["check_loss", "configure"]

_GIB = 2**30


def configure(options: Train, *, devices: int = 1) -> Settings:
    """Return the settings that the options give, with an evaluation that fits the model's clock.

    Every batch is shared out over so many devices. Nothing is computed or written. Raises
    `ValueError` for a batch that the devices cannot share evenly, for a custom model that cannot be
    built, for weights of the KL that are not one a level, for pieces that do not end on a tick of
    every level, for training videos that are too short, and for a training step that takes more
    memory than the limit.
    """
    check_batch(options.train.batch_size, devices)
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
        context=options.model.context_multiple,
        horizon=options.horizon or preset.horizon,
        init="" if options.init is None else _source(options.init),
        custom=_custom(options),
    )
    model = model_shapes(settings)
    # The clock of a custom model is known to the model alone.
    multiple = model.context_multiple
    _check_weights(settings.train, model.latents)
    check_pieces(settings.train.frames, settings.train, multiple)
    _check_frames(settings.train.frames, model.fewest_frames)
    _check_past(model, settings.train)
    _check_memory(model, settings, options.memory_limit, devices)
    context = max(preset.context // multiple, 1) * multiple
    return dataclasses.replace(settings, context=context)


def _custom(options: Train) -> Custom | None:
    """Return the model of the user's own; what a run keeps is that of whoever made the run."""
    if options.custom is None:
        return None
    custom = read_custom(str(expanded(Path(options.custom))))
    runs = [run for run in (options.out, options.init) if run is not None]
    for copy in (run / CUSTOM for run in runs):
        if copy.exists() and copy.samefile(custom.file):
            return kept_custom(copy.parent, custom.function, trust=options.trust)
    return custom


def _absolute(path: str | None) -> str | None:
    """Return the same path from wherever a run is resumed."""
    return path and str(expanded(Path(path)).resolve())


def _source(init: Path) -> str:
    """Return the same model from wherever a run is resumed."""
    return str(init if str(init).startswith((PREFIX, HUB)) else init.resolve())


def _check_weights(config: TrainConfig, levels: int) -> None:
    """Raise `ValueError` for options of the KL that are neither one nor one a level."""
    for name in ("beta", "beta_start", "free_nats", "tick_free_nats"):
        check_levels(f"--{name.replace('_', '-')}", getattr(config, name), levels)


def _check_frames(frames: int, fewest: int) -> None:
    """Raise `ValueError` for training videos with fewer frames than the model looks at."""
    if frames < fewest:
        raise ValueError(
            f"--frames must be at least {fewest}, which the model looks at in every training video "
            f"(--static-window of a static level), got {frames}"
        )


def _check_past(model: AbstractVideoModel, config: TrainConfig) -> None:
    """Raise `ValueError` for pieces of videos and a model that carries nothing on."""
    if config.pieces > 1 and eqx.filter_eval_shape(lambda m: m.first_past(1), model) is None:
        raise ValueError(
            f"--pieces must be 1 for a model that carries nothing on, got {config.pieces}"
        )


def check_loss(settings: Settings) -> None:
    """Raise `ValueError` for a loss that the model cannot compute, without computing it.

    Tracing it takes a good part of a start, so it is for the words when the first step has failed.
    """
    size, channels, config = settings.model.size, settings.model.channels, settings.train

    def loss(model: AbstractVideoModel) -> AbstractLoss:
        videos = jnp.zeros((config.batch_size, config.frames, size, size, channels))
        return model.loss(videos, loss_inputs(config, jnp.zeros((), "int32")), key=jr.key(0))

    try:
        eqx.filter_eval_shape(loss, model_shapes(settings))
    except (TypeError, ValueError) as error:
        reason = str(error).strip().splitlines()[0]
        if config.compute_dtype == "float32":
            raise ValueError(f"the model cannot compute its loss: {reason}") from error
        raise ValueError(
            f"the model cannot compute its loss in {config.compute_dtype}: {reason}; let its "
            "networks take frames of that type, or leave out --compute-dtype"
        ) from error


def _check_memory(
    model: AbstractVideoModel, settings: Settings, limit: float | None, devices: int
) -> None:
    """Raise `ValueError` for a training step that takes more of a device than the limit, in GiB."""
    config = settings.train
    share = dataclasses.replace(config, batch_size=config.batch_size // devices)
    needed = memory_of_training(model, share, settings.model)
    allowed = limit * _GIB if limit else _memory_of_device()
    if needed > allowed:
        raise ValueError(
            f"a training step must take at most {allowed / _GIB:,.1f} GiB, got a model of "
            f"{parameters(model):,} parameters and batches for which it takes at least "
            f"{needed / _GIB:,.1f} GiB; choose smaller sizes, or raise --memory-limit"
        )


def _memory_of_device() -> float:
    """Return the bytes that JAX may use of an accelerator, or of the machine for each device."""
    devices = jax.local_devices()
    statistics = devices[0].memory_stats() or {}
    return statistics.get("bytes_limit") or memory() / len(devices)
