"""The two kinds of cases: programs that are compiled, and calls that are made as they are."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


class LeftOutError(Exception):
    """A case does not fit the machine; the message is the reason."""


@dataclass(frozen=True)
class Program:
    """A case that is compiled, and what is known of it beforehand."""

    function: Any  # what `equinox.filter_jit` returned
    arguments: Callable[[], tuple]  # makes those of the first call
    # Makes the arguments of the next call from those of the last and its result.
    then: Callable[[tuple, Any], tuple] = lambda arguments, result: arguments
    # What was computed, in a few numbers, from the first result and those of the references.
    value: Callable[..., Mapping[str, float]] = lambda *results: {}
    parameters: Mapping[str, Any] = field(default_factory=dict)  # those that its name has not
    frames: int | None = None  # of a call, as the others below
    ticks: int | None = None
    flops: float | None = None  # those that are necessary
    # What else bounds the case, by name: programs of which only the time counts.
    references: Mapping[str, "Program"] = field(default_factory=dict)


@dataclass(frozen=True)
class Calls:
    """A case that is called as it is, without compiling."""

    call: Callable[[], Any]  # what is timed
    # Finds the value and what else a result file holds in all that the calls returned.
    after: Callable[[list], dict[str, Any]]
    rounds: int
    warm: int = 0  # calls before those that are timed
