"""Ctrl-C and SIGTERM as a wish to stop, granted at the next good moment."""

import signal
import sys
from types import FrameType
from typing import Self

__all__ = ["Interrupts"]

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interrupts:
    """A context in which the first signal only sets `received`; the second acts as ever."""

    received: int | None = None

    def __enter__(self) -> Self:
        """Catch the signals."""
        self._before = {number: signal.signal(number, self._note) for number in SIGNALS}
        return self

    def __exit__(self, *error: object) -> None:
        """Let go of the signals."""
        self._release()

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.received = number
        self._release()
        print("\nstopping after this step; once more to stop at once", file=sys.stderr)

    def _release(self) -> None:
        for number, before in self._before.items():
            signal.signal(number, before)
