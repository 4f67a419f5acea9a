"""The logs of a training run: JSON lines, TensorBoard events, a progress bar."""

import contextlib
import json
import math
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cwvae.cli.events import Events
from cwvae.cli.silence import Silence
from cwvae.cli.times import Times
from cwvae.data.progress import Progress
from cwvae.files import replacing
from cwvae.training.step import StepRecord

__all__ = ["Logs", "NoLogs", "kept_lines"]

_METRICS = "metrics.jsonl"
_PER_TICK = "kl_per_tick/level_"


class Logs:
    """The logs of one run, a context manager.

    **Arguments:** `folder` of the run; `start` and `steps`, the first and one past the last step;
    `every`, steps between two lines; `frames_per_step`; `times`, shown beside the bar. Lines of
    steps from `start` on, which an interrupted run wrote after its last checkpoint, are removed:
    they are written again.
    """

    def __init__(
        self,
        folder: Path,
        *,
        start: int,
        steps: int,
        every: int,
        frames_per_step: int,
        times: Times,
    ):
        """Open the logs."""
        kept = kept_lines(folder, start)
        if (folder / _METRICS).is_file():
            with replacing(folder / _METRICS) as temporary:
                temporary.write_text("".join(kept))
        self._lines = (folder / _METRICS).open("a", buffering=1)
        self._events = Events(folder / "tensorboard", start=start)
        self._bar = Progress(total=steps, initial=start, unit="step", dynamic_ncols=True)
        self._every, self._frames_per_step, self._times = every, frames_per_step, times
        self._since = (start, time.monotonic())
        # What was found before is not shown again.
        self._silence = Silence()
        for line in map(json.loads, kept):
            self._silence.read(line["step"], _per_tick(line))

    def __enter__(self) -> "Logs":
        """Return itself."""
        return self

    def __exit__(self, *error: object) -> None:
        """Close everything."""
        self._bar.close()
        self._events.close()
        self._lines.close()

    def step(self, step: int, record: StepRecord) -> None:
        """Count a step (from 0), and write its line when it is due."""
        self._bar.update()
        if (step + 1) % self._every:
            return
        scalars = _scalars(record) | {"frames_per_second": self._speed(step + 1)}
        self._lines.write(json.dumps({"step": step + 1} | scalars) + "\n")
        self._events.add(scalars, step + 1)
        self._bar.set_postfix_str(f"{_in_brief(scalars)}; {self._times}", refresh=False)
        for warning in self._silence.read(step + 1, _per_tick(scalars)):
            self.show(warning)

    def show(self, text: str) -> None:
        """Print a line above the progress bar."""
        self._bar.write(text)

    def _speed(self, step: int) -> float:
        """Return frames per second since the last line."""
        (since, then), now = self._since, time.monotonic()
        self._since = (step, now)
        return round((step - since) * self._frames_per_step / (now - then), 1)


class NoLogs(contextlib.nullcontext):
    """The logs of a process that writes none, since another one writes the same."""

    def step(self, step: int, record: StepRecord) -> None:
        """Leave a step out."""

    def show(self, text: str) -> None:
        """Leave a line out."""


def _scalars(record: StepRecord) -> dict[str, float]:
    """Return the numbers of a step by name, without those that are not known."""
    known = {name: float(value) for name, value in record.loss.scalars.items()}
    return {
        "loss": float(record.loss.total),
        **{name: number for name, number in known.items() if not math.isnan(number)},
        "gradient_norm": float(record.gradient_norm),
    }


def _in_brief(scalars: Mapping[str, float]) -> str:
    """Return the numbers that stand beside the progress bar."""
    first = " ".join(f"{name} {scalars[name]:.2f}" for name in ("loss", "nll") if name in scalars)
    kl = " ".join(f"{scalars[n]:.2f}" for n in scalars if n == "kl" or n.startswith("kl/"))
    return f"{first} kl {kl} {scalars['frames_per_second']:.0f} frames/s"


def _per_tick(line: Mapping[str, Any]) -> dict[int, float]:
    """Return the nats per tick of each level of a line of metrics."""
    return {
        int(name.removeprefix(_PER_TICK)): float(number)
        for name, number in line.items()
        if name.startswith(_PER_TICK)
    }


def kept_lines(folder: Path, start: int) -> list[str]:
    """Return the lines of a run's metrics up to step `start`, without one that was cut off.

    Raises `ValueError` that names the file when it is damaged.
    """
    path = folder / _METRICS
    if not path.is_file():
        return []
    try:
        lines = path.read_text().splitlines(keepends=True)
        whole = [(line, json.loads(line)) for line in lines if line.endswith("\n")]
        kept = [(line, known) for line, known in whole if known["step"] <= start]
        for _, known in kept:
            _per_tick(known)  # raises for what is not a number
        return [line for line, _ in kept]
    except (ValueError, LookupError, TypeError, OverflowError, RecursionError) as error:
        raise ValueError(
            f"{path}: expected lines of metrics, got something else ({type(error).__name__}); "
            "delete it to go on"
        ) from error
