"""The loop of a training: step after step, and what is written after some of them."""

from collections.abc import Callable

from cwvae.cli.folder import check_there
from cwvae.cli.logs import Logs, NoLogs
from cwvae.cli.options import Train
from cwvae.cli.preview import Preview
from cwvae.cli.stepping import Steps
from cwvae.cli.times import Times
from cwvae.training.checkpoint import Checkpoints
from cwvae.training.config import TrainConfig
from cwvae.training.devices import on_first
from cwvae.training.processes import Agreement, is_first
from cwvae.training.settings import Settings
from cwvae.training.step import StepRecord, TrainState

__all__ = ["Loop", "NonFiniteLossError", "check_finite"]


class NonFiniteLossError(ArithmeticError):
    """The loss or its gradient became infinite or not a number."""


class Loop:
    """Everything round the steps of a start that does not change from step to step."""

    def __init__(
        self,
        options: Train,
        settings: Settings,
        preview: Preview,
        steps: Steps,
        checkpoints: Checkpoints,
        start: int,
    ):
        """Open the logs, and count the time from here on."""
        self.options, self.settings, self.preview = options, settings, preview
        self.steps, self.checkpoints, self.start = steps, checkpoints, start
        self.times = steps.times
        self.times.begin()
        self.logs = _logs(options, settings.train, start, self.times) if is_first() else NoLogs()

    def run(self, taken: tuple[TrainState, StepRecord], ends: Callable[[], bool]) -> None:
        """Go on from the first step until the configured number of steps is done or `ends()`."""
        step, (state, record) = self.start, taken
        agreement = Agreement(self.steps.mesh)
        unread = [(step, record)]
        while True:
            step += 1
            last = step == self.settings.train.steps or agreement.reached(ends())
            if last or self._is_due(step):
                self._settle(unread)
                self._write(step, state, last)
            if last:
                return
            state, record = self.steps.take(step, state)
            # While this step runs, the record of the one before is read: the device never waits.
            self._settle(unread)
            unread.append((step, record))

    def _is_due(self, step: int) -> bool:
        """Return whether something is to be written after a step."""
        every = (self.options.checkpoint_every, self.options.forecast_every)
        return any(step % number == 0 for number in every)

    def _settle(self, unread: list[tuple[int, StepRecord]]) -> None:
        """Log the records of steps, or raise `NonFiniteLossError`."""
        while unread:
            step, record = unread.pop(0)
            # What is computed is waited for here.
            with self.times.of("steps"):
                check_finite(step, record)
            with self.times.of("logs"):
                self.logs.step(step, record)

    def _write(self, step: int, state: TrainState, last: bool) -> None:
        """Write what is due after a step."""
        check_there(self.options.out)
        if last or step % self.options.checkpoint_every == 0:
            with self.times.of("checkpoints"):
                self.checkpoints.save(state, self.steps.place)
        if is_first() and (last or step % self.options.forecast_every == 0):
            with self.times.of("forecasts"):
                path = self.preview.write(on_first(state.result), step)
            self.logs.show(f"step {step}: forecast in {path}")


def _logs(options: Train, config: TrainConfig, start: int, times: Times) -> Logs:
    """Open the logs of a run."""
    return Logs(
        options.out,
        start=start,
        steps=config.steps,
        every=options.log_every,
        frames_per_step=config.batch_size * config.frames,
        times=times,
    )


def check_finite(step: int, record: StepRecord) -> None:
    """Raise `NonFiniteLossError` for a step (counted from 0) whose loss is not finite."""
    if not record.finite:
        raise NonFiniteLossError(
            f"step {step + 1} is not finite: loss {float(record.loss.total)}, gradient norm "
            f"{float(record.gradient_norm)}; try a smaller learning rate or a larger decoder_stddev"
        )
