"""Commands in processes of their own, which begin at once and can be killed at any moment."""

import os
import signal
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path

from cwvae.cli import main
from cwvae.cli import train as train_command  # imported before processes are forked

__all__ = ["Started", "finish", "fork", "prepare", "start"]

_POLL = 0.002  # seconds


class Started:
    """A command that runs in a process of its own.

    **Arguments:** `process`, its number; `log`, the file with what it prints.
    """

    def __init__(self, process: int, log: Path):
        self.process, self.log = process, log
        self.status: int | None = None

    def ended(self) -> bool:
        """Return whether it has ended; then `status` is its exit status, or minus a signal."""
        if self.status is None:
            process, status = os.waitpid(self.process, os.WNOHANG)
            if process:
                self.status = os.waitstatus_to_exitcode(status)
        return self.status is not None

    def wait(self, until: Callable[[], bool] = lambda: False, seconds: float = 600.0) -> bool:
        """Wait until something is so, and return whether it was before the end of the process."""
        end = time.monotonic() + seconds
        while not self.ended():
            if until():
                return True
            if time.monotonic() > end:
                self.kill()
                raise TimeoutError(f"no end after {seconds:g} s: {self.said()}")
            time.sleep(_POLL)
        return False

    def kill(self) -> bool:
        """Kill it without warning, and return whether it still ran."""
        if self.ended():
            return False
        os.kill(self.process, signal.SIGKILL)
        while not self.ended():
            time.sleep(_POLL)
        return True

    def said(self) -> str:
        """Return the end of what it printed."""
        return self.log.read_text(errors="replace")[-2000:]


def prepare() -> None:
    """Import what commands import, once, so that no process that is forked has to."""
    import cwvae.cli.encode
    import cwvae.cli.evaluate
    import cwvae.cli.export
    import cwvae.cli.predict
    import cwvae.training.checkpoint

    known = (cwvae.cli.encode, cwvae.cli.evaluate, cwvae.cli.export, cwvae.cli.predict)
    if not all((*known, cwvae.training.checkpoint, train_command)):
        raise ImportError("the package is incomplete")


def start(words: Sequence[object], log: Path, before: Callable[[], object] = int) -> Started:
    """Start `cwvae WORDS` in a process that is forked from this one, which computes nothing.

    **Arguments:** `words`; `log`, a file for what it prints; `before`, what the new process does
    first, such as limiting itself.
    """

    def command() -> int:
        before()
        return main([str(word) for word in words])

    return fork(command, log)


def finish(words: Sequence[object], log: Path) -> None:
    """Run `cwvae WORDS` undisturbed; raise `RuntimeError` with its words where it fails."""
    started = start(words, log)
    started.wait()
    if started.status:
        raise RuntimeError(f"exit {started.status}: {started.said()}")


def fork(function: Callable[[], int], log: Path) -> Started:
    """Start a function in a process of its own, whose exit status is what it returns."""
    log.touch()  # It can be read from now on.
    process = os.fork()
    if process:
        return Started(process, log)
    status = 1
    try:
        place = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
        os.dup2(place, 1)
        os.dup2(place, 2)
        status = function()
        sys.stdout.flush()
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(status)
