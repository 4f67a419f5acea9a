"""Ctrl-C and SIGTERM: an end within a second or two, or, while training, after a step."""

import os
import signal
import sys
import threading
from types import FrameType

__all__ = ["Interrupts", "Watch", "in_main_thread"]

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
# Seconds that the main thread has to end by itself.
_GRACE = 1.0


def in_main_thread() -> bool:
    """Return whether this is the thread in which signals can be handled."""
    return threading.current_thread() is threading.main_thread()


class Watch:
    """A context in which Ctrl-C ends the process even where Python does not look at signals.

    Libraries swallow `KeyboardInterrupt` while they are imported, or raise something else for it,
    and a compiler does not return to Python for minutes. So a thread is woken by the signal too,
    waits for a second, and then ends the process. Off the main thread, and where Ctrl-C is
    ignored, it does nothing.

    **Arguments:** `program`, whether the process ends after the context: then the thread waits for
    that end too, which libraries may delay.
    """

    current: "Watch | None" = None

    def __init__(self, *, program: bool = False):
        """Start nothing yet."""
        self.gentle = False
        self._program, self._printed = program, False
        self._received, self._ended = threading.Event(), threading.Event()
        self._thread: threading.Thread | None = None

    def __enter__(self) -> "Watch":
        """Start the thread."""
        if in_main_thread() and callable(signal.getsignal(signal.SIGINT)):
            self._read, self._write = os.pipe()
            os.set_blocking(self._write, False)
            self._before = signal.set_wakeup_fd(self._write, warn_on_full_buffer=False)
            self._outer, Watch.current = Watch.current, self
            self._thread = threading.Thread(target=self._listen, daemon=True)
            self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        """Stop the thread."""
        if self._thread is None:
            return
        signal.set_wakeup_fd(self._before)
        Watch.current = self._outer
        if self._program and self._received.is_set():
            return
        self._ended.set()
        os.write(self._write, bytes(1))
        self._thread.join()
        os.close(self._read)
        os.close(self._write)

    def interrupted(self) -> int:
        """Print, once, the line of an interrupted command, and return its exit status."""
        if not self._printed:
            self._printed = True
            # A terminal shows ^C, or a bar, in the line that it is in.
            start = "\n" if sys.stderr.isatty() else ""
            print(f"{start}cwvae: interrupted", file=sys.stderr, flush=True)
        return 128 + signal.SIGINT

    def was_interrupted(self) -> bool:
        """Return whether Ctrl-C came, or comes this instant."""
        return self._thread is not None and self._received.wait(0.05)

    def _listen(self) -> None:
        """Read the numbers of signals as they come; 0 is the end."""
        while number := os.read(self._read, 1)[0]:
            if number not in _SIGNALS:
                continue
            if self.gentle:
                self.gentle = False
                continue
            self._received.set()
            if not self._ended.wait(_GRACE):
                self.interrupted()
                os._exit(128 + number)


class Interrupts:
    """A context in which the first signal only sets `received`; the second acts as ever."""

    received: int | None = None

    def __enter__(self) -> "Interrupts":
        """Catch the signals, where they can be caught."""
        numbers = _SIGNALS if in_main_thread() else ()
        self._before = {number: signal.signal(number, self._note) for number in numbers}
        self._set_gentle(True)
        return self

    def __exit__(self, *error: object) -> None:
        """Let go of the signals."""
        self._set_gentle(False)
        self._release()

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.received = number
        self._release()
        print("\nstopping after this step; once more to stop at once", file=sys.stderr)

    def _set_gentle(self, gentle: bool) -> None:
        if self._before and Watch.current:
            Watch.current.gentle = gentle

    def _release(self) -> None:
        for number, before in self._before.items():
            signal.signal(number, before)
