"""Progress bars, and lines in their place where nobody watches."""

import sys
import time
from typing import Any

from cwvae._extras import extra

with extra("cli"):
    from tqdm import tqdm

__all__ = ["SECONDS", "Progress"]

# Without a terminal a line is written every so many seconds.
SECONDS = 30.0


class Progress(tqdm):
    """`tqdm.tqdm`; where stderr is no terminal, a line every 30 seconds in the bar's place.

    A file or a pipe would keep every state of a bar, thousands of them. Their last state is a line
    too; with `leave=False` only where there was one before, which would look like the end.
    """

    def __init__(self, *args: Any, **kwargs: Any):
        """Take the arguments of `tqdm.tqdm`."""
        file = kwargs.get("file") or sys.stderr
        self._in_lines, self._shown = not file.isatty(), time.monotonic()
        self._keeps, self._written = kwargs.get("leave", True), None
        if self._in_lines:
            kwargs["leave"] = False
        super().__init__(*args, **kwargs)

    def display(self, msg: str | None = None, pos: int | None = None) -> Any:
        """Show the state, or a message; as a line only when one is due."""
        if not self._in_lines:
            return super().display(msg, pos)  # type: ignore[arg-type]
        if msg is None and time.monotonic() - self._shown >= SECONDS:
            self._write_line()
        return None

    def clear(self, *args: Any, **kwargs: Any) -> None:
        """Clear the bar; lines stay."""
        if not self._in_lines:
            super().clear(*args, **kwargs)

    def close(self) -> None:
        """Show the last state, unless it has been shown, and end."""
        wanted = self._in_lines and (self._keeps or self._written) and not self.disable
        if wanted and self._written != self._state():
            self._write_line()
        super().close()

    def _state(self) -> tuple[float, str | None]:
        """Return what a line shows, without the time."""
        return self.n, self.postfix

    def _write_line(self) -> None:
        self._shown, self._written = time.monotonic(), self._state()
        self.fp.write(f"{self}\n")
        self.fp.flush()
