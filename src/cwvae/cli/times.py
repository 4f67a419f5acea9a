"""Where the time of a training goes: waiting for data, steps, logs, checkpoints, forecasts."""

import contextlib
import time
from collections.abc import Iterator

__all__ = ["Times"]

# Of less than this share of the time nobody needs to know.
_LEAST = 0.005


class Times:
    """Counts the seconds that each part takes, and describes their shares in words."""

    def __init__(self) -> None:
        """Begin now."""
        self.begin()

    def begin(self) -> None:
        """Forget what was counted, such as the first step, which is compiled."""
        self._seconds: dict[str, float] = {}
        self._since = time.monotonic()

    @contextlib.contextmanager
    def of(self, part: str) -> Iterator[None]:
        """Count the time of a block as that of a part, however the block ends."""
        start = time.monotonic()
        try:
            yield
        finally:
            self._seconds[part] = self._seconds.get(part, 0.0) + time.monotonic() - start

    def __str__(self) -> str:
        """Return the share of each part of the time since the beginning, the largest first."""
        total = time.monotonic() - self._since
        parts = sorted(self._seconds.items(), key=lambda item: -item[1])
        return ", ".join(
            f"{part} {seconds / total:.0%}" for part, seconds in parts if seconds > _LEAST * total
        )
