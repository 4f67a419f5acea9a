"""`cwvae train`: the loop around the pure training step."""

import dataclasses
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import equinox as eqx
import jax.numpy as jnp
import jax.random as jr

from cwvae.cli.interrupts import Interrupts
from cwvae.cli.logs import Logs
from cwvae.cli.options import Train
from cwvae.cli.preview import Preview
from cwvae.data.pipeline import BatchIterator, batches
from cwvae.data.sources import absolute, train_source
from cwvae.model import CWVAE
from cwvae.nn.compute_dtype import InDtype
from cwvae.shapes import LevelFeatures
from cwvae.training import runs
from cwvae.training.checkpoint import Checkpoints
from cwvae.training.config import TrainConfig
from cwvae.training.custom import Custom, builder, read_custom
from cwvae.training.presets import PRESETS
from cwvae.training.runs import Settings
from cwvae.training.step import StepRecord, TrainState, init_train_state, train_in_place

__all__ = ["NonFiniteLossError", "train"]

FAILED = 1
# What a run that goes on may be told anew.
MAY_CHANGE = ("steps", "data", "cache_memory", "cache_folder", "decoded_limit")


class NonFiniteLossError(ArithmeticError):
    """The loss or its gradient became infinite or not a number."""


def train(options: Train, *, deadline: float = float("inf")) -> int:
    """Train and return the exit status; past `deadline` (of `time.monotonic`) save and end."""
    settings = _settings(options)
    runs.check_folder(options.out)
    source = train_source(settings)
    preview = Preview(options.out / "forecasts", settings)
    settings = dataclasses.replace(settings, videos=repr(source))
    _check_folder(options, settings)
    config = settings.train
    iterator = batches(
        source, batch_size=config.batch_size, seed=config.seed, flip=settings.data.flip
    )
    make = builder(settings.custom)
    state = init_train_state(make(settings.model, key=jr.key(config.seed)), config)
    checkpoints = Checkpoints(runs.checkpoints(options.out), keep=options.keep)
    if checkpoints.latest is not None:
        state, place = checkpoints.load(state)
        iterator.set_state(place)
    # Only now, when nothing can be refused any more, is anything written.
    runs.write_settings(options.out, settings)
    runs.write_environment(options.out)
    if state.step >= config.steps:
        print(f"{options.out} is trained for {state.step} steps already; --steps can add more")
        checkpoints.close()
        return 0
    try:
        return _run(options, preview, state, iterator, checkpoints, deadline)
    except (NonFiniteLossError, eqx.EquinoxRuntimeError) as error:
        good = checkpoints.latest
        kept = f"the checkpoint of step {good} is kept" if good else "there is no checkpoint yet"
        print(f"cwvae: error: {_first_line(error)}; {kept}", file=sys.stderr)
        return FAILED
    finally:
        checkpoints.close()


def _first_line(error: Exception) -> str:
    """Return what an error says, without the advice that equinox adds about its own options."""
    return str(error).strip().splitlines()[0]


def _run(
    options: Train,
    preview: Preview,
    state: TrainState,
    iterator: BatchIterator,
    checkpoints: Checkpoints,
    deadline: float,
) -> int:
    """Train from a state to the last step, a signal, or the deadline; return the exit status."""
    config = options.train
    start = int(state.step)
    logs = Logs(
        options.out,
        start=start,
        steps=config.steps,
        every=options.log_every,
        frames_per_step=config.batch_size * config.frames,
    )

    def after(step: int, state: TrainState, settle: Callable[[], None], last: bool) -> None:
        if last or step % options.checkpoint_every == 0:
            settle()
            checkpoints.save(state, iterator.get_state())
        if last or step % options.forecast_every == 0:
            settle()
            logs.say(f"step {step}: forecast in {preview.write(state.model, step)}")

    with logs, Interrupts() as interrupts:
        _loop(state, iterator, config, logs, after, lambda: _ends(interrupts, deadline))
    return 128 + interrupts.received if interrupts.received else 0


def _loop(
    state: TrainState,
    iterator: BatchIterator,
    config: Any,
    logs: Logs,
    after: Callable[..., None],
    ends: Callable[[], bool],
) -> None:
    """Step until the configured number of steps is done or `ends()`; call `after` every step."""
    unread: list[tuple[int, StepRecord]] = []

    def settle() -> None:
        while unread:
            _read(logs, *unread.pop(0))

    first = int(state.step)
    for step in range(first, config.steps):
        videos = jnp.asarray(next(iterator)["video"])
        state, record = train_in_place(videos, state, config)
        # While this step runs, what the one before says is read: the device never waits for us.
        settle()
        unread.append((step, record))
        last = step + 1 == config.steps or ends()
        after(step + 1, state, settle, last)
        if last:
            break


def _ends(interrupts: Interrupts, deadline: float) -> bool:
    """Say whether training should end before its last step."""
    return interrupts.received is not None or time.monotonic() > deadline


def _read(logs: Logs, step: int, record: StepRecord) -> None:
    """Log what a step (counted from 0) says, or raise `NonFiniteLossError`."""
    if not record.finite:
        raise NonFiniteLossError(
            f"step {step + 1} is not finite: loss {float(record.loss.total)}, gradient norm "
            f"{float(record.gradient_norm)}; try a smaller learning rate or a larger decoder_stddev"
        )
    logs.step(step, record)


def _settings(options: Train) -> Settings:
    """Return what the options say, with an evaluation that fits the model's clock.

    Raises `ValueError` for a custom model that cannot be built, and for weights of the KL that
    are not one a level.
    """
    preset = PRESETS[options.preset]
    digits = options.data.digits
    # From wherever the run is resumed or evaluated, its data are where they are now.
    folder = options.data.cache_folder
    data = dataclasses.replace(
        options.data,
        data=absolute(options.data.data),
        digits=digits and str(Path(digits).expanduser().resolve()),
        cache_folder=folder and str(Path(folder).expanduser().resolve()),
    )
    settings = Settings(
        preset=options.preset,
        model=options.model,
        train=options.train,
        data=data,
        context=preset.context,
        horizon=options.horizon or preset.horizon,
        custom=None if options.custom is None else read_custom(options.custom),
    )
    # What the clock is only the model itself can say.
    model = runs.sketch(settings)
    clock = model.hierarchy.clock
    _check_weights(settings.train, clock.levels)
    _check_compute_dtype(model, settings)
    context = max(preset.context // clock.slowest, 1) * clock.slowest
    return dataclasses.replace(settings, context=context)


def _check_weights(config: TrainConfig, levels: int) -> None:
    """Refuse weights of the KL that are neither one nor one a level."""
    for name in ("beta", "free_nats"):
        value = getattr(config, name)
        if isinstance(value, tuple) and len(value) != levels:
            raise ValueError(
                f"{name} must be one number or {levels}, one a level, got {len(value)}"
            )


def _check_compute_dtype(model: CWVAE, settings: Settings) -> None:
    """Refuse a model whose encoder cannot compute in the precision, without computing."""
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
            f"the model cannot compute in {settings.train.compute_dtype}: {_first_line(error)}; "
            "let its networks take frames of that type, or leave out --compute-dtype"
        ) from error


def _check_folder(options: Train, settings: Settings) -> None:
    """Refuse a folder with another run, or with a run when none is to be resumed."""
    if options.resume:
        _check_same(runs.read_settings(options.out), settings)
    elif (options.out / runs.SETTINGS).exists():
        raise FileExistsError(
            f"{options.out} holds a run already; add --resume to continue it or give another --out"
        )


def _check_same(before: Settings, now: Settings) -> None:
    """Refuse to resume with anything changed but the number of steps."""
    for part in ("model", "train", "data"):
        old, new = (dataclasses.asdict(getattr(s, part)) for s in (before, now))
        for name in old:
            if old[name] != new[name] and name not in MAY_CHANGE:
                raise ValueError(
                    f"the run has {name} {old[name]}, which cannot change to {new[name]} when it "
                    "is resumed (only --steps can); leave it out or start another run"
                )
    if before.videos != now.videos:
        raise ValueError(
            f"the training videos of {now.data.data} are not those that the run was trained on "
            f"({before.videos} then, {now.videos} now); restore them or start another run"
        )
    if before.custom != now.custom:
        raise ValueError(
            f"the run has {_named(before.custom)}, which cannot change to {_named(now.custom)} "
            "when it is resumed; leave --model out or start another run"
        )


def _named(custom: Custom | None) -> str:
    """Say what makes a model."""
    return f"the model of {custom}" if custom else "no --model"
