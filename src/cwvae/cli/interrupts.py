"""Ctrl-C and SIGTERM: an end within a second or two, or, while training, after a step."""

import os
import signal
import sys
import threading
from types import FrameType
from typing import Self

__all__ = ["Interrupts", "Watch", "in_main_thread", "interrupted"]

SIGNALS = (signal.SIGINT, signal.SIGTERM)
# Seconds that the main thread has to end by itself.
GRACE = 1.0


def in_main_thread() -> bool:
    """Return whether this is the thread in which signals can be handled."""
    return threading.current_thread() is threading.main_thread()


def interrupted() -> int:
    """Print the line of an interrupted command and return its exit status."""
    print("\ncwvae: interrupted", file=sys.stderr, flush=True)
    return 128 + signal.SIGINT


class Watch:
    """A context in which Ctrl-C ends the process even where Python does not look at signals.

    Libraries swallow `KeyboardInterrupt` while they are imported, and a compiler does not return to
    Python for minutes. So a thread is woken by the signal too, waits for `GRACE` seconds, and then
    ends the process. Off the main thread, and where Ctrl-C is ignored, it does nothing.
    """

    current: "Watch | None" = None

    def __enter__(self) -> Self:
        """Start the thread."""
        self.gentle, self._ended = False, threading.Event()
        self._thread = None
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
        self._ended.set()
        if self._thread:
            signal.set_wakeup_fd(self._before)
            Watch.current = self._outer
            os.write(self._write, bytes(1))
            self._thread.join()
            os.close(self._read)
            os.close(self._write)

    def _listen(self) -> None:
        """Read the numbers of signals as they come; 0 is the end."""
        while number := os.read(self._read, 1)[0]:
            if number not in SIGNALS:
                continue
            if self.gentle:
                self.gentle = False
            elif not self._ended.wait(GRACE):
                interrupted()
                os._exit(128 + number)


class Interrupts:
    """A context in which the first signal only sets `received`; the second acts as ever."""

    received: int | None = None

    def __enter__(self) -> Self:
        """Catch the signals, where they can be caught."""
        numbers = SIGNALS if in_main_thread() else ()
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
