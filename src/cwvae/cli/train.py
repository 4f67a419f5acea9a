"""`cwvae train`: the loop around the pure training step."""

import contextlib
import dataclasses
import sys
import time
from typing import Any

import equinox as eqx
import jax

from cwvae._version import __version__
from cwvae.cli.configuring import check_loss, configure
from cwvae.cli.folder import add_start, check_writable, locked, read_starts
from cwvae.cli.interrupts import Interrupts
from cwvae.cli.joining import joined
from cwvae.cli.lines import in_one_line
from cwvae.cli.loading import check_is_run, first_state
from cwvae.cli.logs import kept_lines
from cwvae.cli.loop import Loop, NonFiniteLossError, check_finite
from cwvae.cli.options import Train
from cwvae.cli.preview import Preview
from cwvae.cli.resuming import check_unused, settings_before
from cwvae.cli.statuses import FAILED
from cwvae.cli.stepping import Steps
from cwvae.cli.times import Times
from cwvae.data.pipeline import BatchIterator, batches
from cwvae.data.sources import Source, train_source
from cwvae.training.carry import expected_at
from cwvae.training.checkpoint import Checkpoints
from cwvae.training.devices import batch_mesh, shard_state
from cwvae.training.processes import check_alike, is_first, wait
from cwvae.training.run import checkpoint_folder, trained_steps
from cwvae.training.settings import Settings, write_settings
from cwvae.training.step import StepRecord, TrainState

__all__ = ["train"]


def train(options: Train, *, deadline: float = float("inf")) -> int:
    """Train and return the exit status; past `deadline` (of `time.monotonic`) save and end.

    Nothing is written before the first step has been taken and its loss is finite.
    """
    with joined(options.distributed):
        return _train(options, deadline)


def _train(options: Train, deadline: float) -> int:
    """Train, in this process or as one of several."""
    mesh = batch_mesh(options.devices)
    settings = configure(options, devices=mesh.size)
    check_writable(options.out)
    check_is_run(options.out)
    with contextlib.ExitStack() as stack:
        if options.resume:
            stack.enter_context(_existing(options))
        else:
            check_unused(options.out)
        source = train_source(settings)
        preview = Preview(options.out / "forecasts", settings)
        settings = dataclasses.replace(settings, videos=repr(source))
        iterator = _batches(source, settings)
        state = _start(options, settings, iterator)
        alike = dataclasses.replace(options, distributed="")
        check_alike(f"{__version__} {alike} {settings} {state.step}")
        if int(state.step) >= settings.train.steps:
            if is_first():
                _write_start(options, settings)
                done = f"{options.out} is trained for {state.step} steps already"
                print(f"{done}; --steps can add more")
            return 0
        steps = Steps(settings.train, iterator, mesh, Times())
        if mesh.size > 1 and is_first():
            print(steps)
        return _run(options, settings, preview, shard_state(state, mesh), steps, deadline)


def _batches(source: Source, settings: Settings) -> BatchIterator:
    """Return the batches of a run, of several processes the rows of this one."""
    config = settings.train
    return batches(
        source,
        batch_size=config.batch_size,
        seed=config.seed,
        flip=settings.data.flip,
        shard=(jax.process_index(), jax.process_count()),
        pieces=config.pieces,
    )


def _existing(options: Train) -> contextlib.AbstractContextManager[None]:
    """Return the lock of a run's folder, or raise `FileNotFoundError` without such a folder."""
    if not options.out.is_dir():
        raise FileNotFoundError(f"{options.out} holds no run; leave --resume out to start one")
    return locked(options.out) if is_first() else contextlib.nullcontext()


def _start(options: Train, settings: Settings, iterator: BatchIterator) -> TrainState:
    """Return the state to go on from, with the data at its place; nothing is written.

    Raises `ValueError` for a run that cannot be resumed with these settings, or is damaged.
    """
    if not options.resume:
        return first_state(settings, trust=options.trust)
    settings_before(options.out, settings)
    read_starts(options.out)
    folder = checkpoint_folder(options.out)
    if not trained_steps(options.out):
        if options.from_step is not None:
            raise FileNotFoundError(f"no checkpoint in {folder}; leave --from-step out")
        print(f"no checkpoint in {folder}: training starts from step 0", file=sys.stderr)
        return first_state(settings, trust=options.trust)
    with Checkpoints(folder, read_only=True) as saved:
        shapes = eqx.filter_eval_shape(first_state, dataclasses.replace(settings, init=""))
        step = options.from_step or saved.latest or 0
        state, place = saved.load(expected_at(shapes, step, settings.train), step=step)
        _go_to(place, iterator, saved, int(state.step))
    kept_lines(options.out, int(state.step))
    return state


def _go_to(place: Any, iterator: BatchIterator, saved: Checkpoints, step: int) -> None:
    """Put the data at a checkpoint's place, or raise `ValueError` for one that is none."""
    # A batch a step: where the data are is known from the step.
    expected = {"next_index": step}
    if place != expected or isinstance(place["next_index"], bool):
        raise saved.damaged(step, f"its place in the data is {str(place)[:40]}, not {expected}")
    iterator.set_state(place)


def _write_start(options: Train, settings: Settings) -> None:
    """Write the configuration of a run and where it is started."""
    write_settings(options.out, settings)
    add_start(options.out)


def _run(
    options: Train,
    settings: Settings,
    preview: Preview,
    state: TrainState,
    steps: Steps,
    deadline: float,
) -> int:
    """Train from a state to the last step, a signal, or the deadline; return the exit status."""
    start = int(state.step)
    checkpoints: Checkpoints | None = None
    with contextlib.ExitStack() as stack:
        try:
            taken = _first_step(settings, steps, state)
            check_finite(start, taken[1])
            # Only now, when nothing can be wrong with the start any more, is anything written.
            checkpoints = _claim(options, settings, start, stack)
            loop = Loop(options, settings, preview, steps, checkpoints, start)
            with loop.logs, Interrupts() as interrupts:
                loop.run(taken, lambda: bool(interrupts.received) or time.monotonic() > deadline)
            return 128 + interrupts.received if interrupts.received else 0
        except (NonFiniteLossError, eqx.EquinoxRuntimeError, OSError) as error:
            if jax.process_count() > 1:
                # The others may know nothing of it, and must not be waited for.
                raise RuntimeError(_first_line(error)) from error
            print(f"cwvae: error: {_first_line(error)}; {_kept(checkpoints)}", file=sys.stderr)
            return FAILED


def _first_step(
    settings: Settings, steps: Steps, state: TrainState
) -> tuple[TrainState, StepRecord]:
    """Take the first step of a start; where that fails for the model's loss, put it in words."""
    try:
        return steps.take(int(state.step), state)
    except (TypeError, ValueError):
        check_loss(settings)
        raise


def _claim(
    options: Train, settings: Settings, start: int, stack: contextlib.ExitStack
) -> Checkpoints:
    """Make the folder of a run, or take that of one that goes on, and open its checkpoints."""
    if is_first():
        if not options.resume:
            options.out.mkdir(parents=True, exist_ok=True)
            stack.enter_context(locked(options.out))
            check_unused(options.out)  # Another training may have been faster.
        _write_start(options, settings)
    wait("folder of the run")
    folder = checkpoint_folder(options.out)
    checkpoints = stack.enter_context(Checkpoints(folder, keep=options.keep))
    checkpoints.discard_after(start)
    return checkpoints


def _first_line(error: Exception) -> str:
    """Return the first line of an error, without equinox's advice about its own options."""
    return in_one_line((str(error).strip() or type(error).__name__).splitlines()[0])


def _kept(checkpoints: Checkpoints | None) -> str:
    """Return what a run that failed leaves."""
    if checkpoints is None:
        return "nothing was written"
    if not checkpoints.folder.is_dir():
        return "nothing is kept"
    good = checkpoints.latest
    return f"the checkpoint of step {good} is kept" if good else "there is no checkpoint yet"
