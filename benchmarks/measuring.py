"""Trace, compile, run warm, look at memory and value: from a case to what is kept of it."""

import dataclasses
import math
import os
import time
from collections.abc import Callable, Mapping
from typing import Any

import jax
import kernels
import memory
import numpy as np
from limits import Probe, higher, limits
from results import Seconds

BUDGET = 8.0  # seconds that the rounds of a case may take
LEAST, MOST = 3, 20  # rounds
LONG = 20.0  # seconds of a call of which one round must do
LONGEST_CALL = 60.0  # seconds
SHARE_OF_RATE = 0.25
SHARE_OF_MEMORY = 0.8

RULE = (
    f"a case is left out if one call would take more than {LONGEST_CALL:.0f} s at "
    f"{SHARE_OF_RATE:.0%} of the measured matrix rate, if by XLA's account it would need more than "
    f"{SHARE_OF_MEMORY:.0%} of the free memory, or if a package that it needs is missing"
)
"""The rule in words, which is printed beside what it left out."""


class LeftOutError(Exception):
    """A case does not fit the machine; the message is the reason."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Program:
    """A case that is compiled, and what is known of it beforehand.

    **Arguments:**

    - `function`: what `equinox.filter_jit` returned.
    - `arguments`: makes its arguments.
    - `then`: makes the arguments of the next call from those of the last and its result.
    - `value`: what was computed, in a few numbers, from the first result (and those of the
      references, in order).
    - `parameters`: what the name of the case does not hold.
    - `frames` and `ticks` of a call, and the `flops` that are necessary.
    - `references`: what else bounds the case, by name: programs of which only the time counts.
    """

    function: Callable[..., Any]
    arguments: Callable[[], tuple]
    then: Callable[[tuple, Any], tuple] = lambda arguments, result: arguments
    value: Callable[..., Mapping[str, float]] = lambda *results: {}
    parameters: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    frames: int | None = None
    ticks: int | None = None
    flops: float | None = None
    references: Mapping[str, "Program"] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Calls:
    """A case that is called as it is, without compiling.

    **Arguments:** `call`, which is timed; `after`, which returns what else is known when all calls
    are done, by the fields of `results.Case`, `value` among them; `rounds`; `warm`, the number of
    calls before them.
    """

    call: Callable[[], Any]
    after: Callable[[], dict[str, Any]]
    rounds: int
    warm: int = 0


@dataclasses.dataclass(frozen=True)
class Meter:
    """How cases are measured: pytest-benchmark's fixture, sizes of the limits, rounds if fixed."""

    benchmark: Any
    sizes: Probe
    rounds: int | None


class Loop:
    """A function called again and again, each time with what the last call left for the next."""

    def __init__(self, function: Callable[..., Any], arguments: tuple, then=lambda old, _: old):
        self.function, self.arguments, self.then = function, arguments, then
        self.cpu_seconds: list[float] = []

    def one(self) -> tuple[Any, float]:
        """Call once; return the result when it is there, and the seconds that it took."""
        start = time.perf_counter()
        result = jax.block_until_ready(self.function(*self.arguments))
        seconds = time.perf_counter() - start
        self.arguments = self.then(self.arguments, result)
        return result, seconds

    def timed(self) -> float:
        """Call once, note the CPU time and return the seconds, so that nobody keeps the result."""
        start = _cpu_seconds()
        _, seconds = self.one()
        self.cpu_seconds.append(_cpu_seconds() - start)
        return seconds


def measured(case: Program | Calls, meter: Meter) -> dict[str, Any]:
    """Measure a case; return the fields of `results.Case`.

    Raises `LeftOutError` for a case that does not fit the machine, and `ArithmeticError` for one
    that computes what is not finite.
    """
    before = limits(meter.sizes)
    if isinstance(case, Program):
        found = _measured_program(case, meter, before["matmul_flops_per_second"])
    else:
        found = _measured_calls(case, meter)
    wrong = {name: value for name, value in found["value"].items() if not math.isfinite(value)}
    if wrong:
        raise ArithmeticError(f"the value computed must be finite, got {wrong}")
    references = {"reference_seconds": found.pop("reference_seconds", {})}
    return found | {"limits": higher(before, limits(meter.sizes)) | references}


def _measured_program(case: Program, meter: Meter, rate: float) -> dict[str, Any]:
    """Measure a program that fits the machine."""
    seconds = (case.flops or 0) / (SHARE_OF_RATE * rate)
    if seconds > LONGEST_CALL:
        raise LeftOutError(
            f"about {seconds:.0f} s a call at {SHARE_OF_RATE:.0%} of the matrix rate, "
            f"more than {LONGEST_CALL:.0f} s"
        )
    arguments = case.arguments()
    run, found = compiled(case.function, arguments)
    check_memory(found["memory"], memory.free())
    timed = {name: _timed(reference, meter) for name, reference in case.references.items()}
    # From here on, so that memory is that of running and not of compiling.
    watch = memory.Watch()
    loop = Loop(run, arguments, case.then)
    del arguments
    result, first = loop.one()
    value = case.value(result, *(result for result, _ in timed.values()))
    del result
    found |= _rounds(loop, meter, _affordable(first))
    if case.ticks and jax.default_backend() != "cpu":
        launched = kernels.launched(loop.one)
        found["kernels_per_tick"] = launched and launched / case.ticks
    found["memory"] |= watch.peaks()
    return found | {
        "parameters": dict(case.parameters),
        "frames": case.frames,
        "ticks": case.ticks,
        "necessary_flops": case.flops,
        "reference_seconds": {name: least for name, (_, least) in timed.items()},
        "value": dict(value),
    }


def _measured_calls(case: Calls, meter: Meter) -> dict[str, Any]:
    """Measure calls of what is not compiled."""
    watch, loop = memory.Watch(), Loop(case.call, ())
    for _ in range(case.warm):
        loop.one()
    found = _rounds(loop, meter, case.rounds)
    return {"memory": watch.peaks()} | found | case.after()


def compiled(function: Any, arguments: tuple) -> tuple[Callable[..., Any], dict[str, Any]]:
    """Trace and compile what `equinox.filter_jit` returned, as if for the first time.

    Returns the program, and the fields of `results.Case` that are known of it. XLA counts the body
    of a loop once.
    """
    jax.clear_caches()
    start = time.perf_counter()
    lowered = function.lower(*arguments)
    traced = time.perf_counter()
    run = lowered.compile()
    ended = time.perf_counter()
    cost, needed = run.compiled.cost_analysis() or {}, run.compiled.memory_analysis()
    return run, {
        "trace_seconds": traced - start,
        "compile_seconds": ended - traced,
        "xla_flops": cost.get("flops"),
        "xla_bytes": cost.get("bytes accessed"),
        "memory": {
            "arguments": needed.argument_size_in_bytes,
            "outputs": needed.output_size_in_bytes,
            "aliased": needed.alias_size_in_bytes,
            "temporaries": needed.temp_size_in_bytes,
        },
    }


def check_memory(needed: Mapping[str, int], free: int) -> None:
    """Raise `LeftOutError` for a program that needs too much beside its arguments, in bytes."""
    more = needed["temporaries"] + needed["outputs"] - needed["aliased"]
    if more > SHARE_OF_MEMORY * free:
        raise LeftOutError(
            f"{more / 1e9:.1f} GB, more than {SHARE_OF_MEMORY:.0%} of the {free / 1e9:.1f} GB "
            "that are free"
        )


def _rounds(loop: Loop, meter: Meter, rounds: int) -> dict[str, Any]:
    """Time calls by pytest-benchmark; return the fields that hold how long they took."""
    if not meter.benchmark.enabled:
        raise RuntimeError("pytest-benchmark measures nothing here; run without -n and xdist")
    meter.benchmark.pedantic(loop.timed, rounds=meter.rounds or rounds)
    seconds = list(meter.benchmark.stats.stats.data)
    fastest = loop.cpu_seconds[int(np.argmin(seconds))]
    on_cpu = jax.default_backend() == "cpu"
    return {"seconds": Seconds.of(seconds), "cpu_seconds": fastest if on_cpu else None}


def _timed(reference: Program, meter: Meter) -> tuple[Any, float]:
    """Return the result of a reference, and the seconds of its fastest call after the first."""
    arguments = reference.arguments()
    loop = Loop(compiled(reference.function, arguments)[0], arguments)
    result, first = loop.one()
    rounds = meter.rounds or _affordable(first)
    return result, min(loop.timed() for _ in range(rounds))


def _affordable(seconds: float) -> int:
    """Return how many rounds of so many seconds to take."""
    return 1 if seconds > LONG else min(MOST, max(LEAST, int(BUDGET / seconds)))


def _cpu_seconds() -> float:
    """Return the CPU seconds of this process, and of those that it has started and seen end."""
    times = os.times()
    return time.process_time() + times.children_user + times.children_system
