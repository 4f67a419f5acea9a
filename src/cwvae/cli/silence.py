"""Levels that stay silent: next to nothing of the frames reaches them, for many steps."""

from collections.abc import Mapping

__all__ = ["Silence"]

_NATS = 0.1  # per tick, below which a level is silent
_STEPS = 1000


class Silence:
    """Watches the KL of every level, and finds each level that is silent for long, once."""

    def __init__(self) -> None:
        """Start with no level silent."""
        self._since: dict[int, int] = {}
        self._found: set[int] = set()

    def read(self, step: int, nats: Mapping[int, float]) -> list[str]:
        """Return a warning for each level that has now been silent for 1000 steps.

        **Arguments:** `step`, later than that of the call before; `nats`, the KL per tick of each
        level that had any ticks, in nats. It is silent where that is below 0.1.
        """
        for level, number in nats.items():
            if number < _NATS:
                self._since.setdefault(level, step)
            else:
                self._since.pop(level, None)
        long = {level for level, since in self._since.items() if step - since >= _STEPS}
        new = sorted(long - self._found)
        self._found |= long
        return [
            f"level {level} has been silent for {_STEPS} steps: its KL is below {_NATS} nats a "
            "tick, so that it holds nothing of the video; try a smaller --decoder-stddev or "
            "--likelihood calibrated, --tick-free-nats, or a smaller --beta for this level"
            for level in new
        ]
