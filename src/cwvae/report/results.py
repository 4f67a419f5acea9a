"""What is known of several runs, and a number of each of them."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

__all__ = ["Estimate", "Measure", "Results"]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Results:
    """What is known of one run.

    **Arguments:** `name`; `facts`, such as its preset, by name; `test`, what it was measured on, by
    name, {} where it was not; `evaluation`, what `metrics.json` holds, and `analysis`, what
    `analysis.json` holds, {} without; `speeds`, frames a second of the logged steps of training;
    `device`, on which it was trained; `memory` of a training step in bytes, None where it is not
    known; `missing`, a sentence for each thing that is.
    """

    name: str
    facts: Mapping[str, str]
    test: Mapping[str, str]
    evaluation: Mapping[str, Any]
    analysis: Mapping[str, Any]
    speeds: Sequence[float]
    device: str
    memory: int | None
    missing: Sequence[str]


class Estimate(NamedTuple):
    """A number, and where its interval begins and ends; both are the number where none is known."""

    value: float
    low: float
    high: float


@dataclasses.dataclass(frozen=True, kw_only=True)
class Measure:
    """One measure of several runs.

    **Arguments:** `name`; `of`, the estimates by the runs' names, those that have one; `alike`, by
    the runs' names, what two must have in common to be compared: without it a run is not; `digits`,
    decimals.
    """

    name: str
    of: Mapping[str, Estimate]
    alike: Mapping[str, object] = dataclasses.field(default_factory=dict)
    digits: int = 2

    def text(self, run: str) -> str:
        """Return a run's number with its interval, "missing" without one."""
        if run not in self.of:
            return "missing"
        value, low, high = (f"{number:.{self.digits}f}" for number in self.of[run])
        return f"{value} ({low} to {high})" if low != high else value
