"""Trace, compile, run warm, look at memory and value: from a case to its record."""

import dataclasses
import math
import time
from collections.abc import Callable, Mapping
from typing import Any

import admission
import kernels
import machine
import memory
import numpy as np
from programs import Calls, Program, compiled
from records import quartiles, record

__all__ = ["Case", "Measurement", "Reference"]

BUDGET = 8.0  # seconds that the rounds of a case may take
LEAST, MOST = 3, 20  # rounds
LONG = 20.0  # seconds of a call of which one round must do


@dataclasses.dataclass(frozen=True, kw_only=True)
class Reference:
    """Something else to time beside a case: a function of `equinox.filter_jit`, its arguments."""

    function: Callable[..., Any]
    arguments: Callable[[], tuple]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Case:
    """What is measured, and what is known of it beforehand.

    **Arguments:**

    - `function`: what `equinox.filter_jit` returned.
    - `arguments`: makes its arguments, once it is known that the case fits the machine.
    - `then`: makes the arguments of the next call from those of the last and its result.
    - `value`: what was computed, in a few numbers, from the first result (and those of the
      references, in order).
    - `parameters`: what the name of the case does not say.
    - `frames` and `ticks` of a call, `flops` that are necessary, bytes of `memory` that may be
      needed.
    - `references`: what else bounds the case, by name.
    """

    function: Callable[..., Any]
    arguments: Callable[[], tuple]
    value: Callable[..., dict[str, float]]
    then: Callable[[tuple, Any], tuple] = lambda arguments, result: arguments
    parameters: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    frames: int | None = None
    ticks: int | None = None
    flops: float | None = None
    memory: float = 0
    references: Mapping[str, Reference] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Measurement:
    """How the cases of a session are measured.

    **Arguments:** `benchmark`, the fixture of pytest-benchmark; `probe`, the sizes by which the
    machine's limits are measured; `rounds`, a number for all cases, None for what the budget
    allows; `leave_out(why)`, which ends the test; `identity`, group, name and parameters.
    """

    benchmark: Any
    probe: machine.Probe
    rounds: int | None
    leave_out: Callable[[str], Any]
    identity: Mapping[str, Any]

    def __call__(self, case: Case) -> None:
        """Measure a case that is compiled, or leave it out."""
        limits = machine.limits(self.probe)
        why = admission.refusal(
            flops=case.flops or 0,
            memory=case.memory,
            rate=limits["matmul_flops_per_second"],
            free=memory.free(),
        )
        if why is not None:
            self.leave_out(why)
        arguments = case.arguments()
        program = compiled(case.function, arguments)
        seconds, others = self._references(case)
        # From here on, so that memory is that of running and not of compiling.
        watch = memory.Watch()
        calls = Calls(program.run, arguments, case.then)
        del arguments
        value, first = _first_call(calls, lambda result: case.value(result, *others))
        times = self._rounds(calls, self.rounds or _affordable(first))
        per_tick = _kernels_per_tick(calls, case.ticks)
        self._keep(
            parameters=case.parameters,
            trace_seconds=program.trace_seconds,
            compile_seconds=program.compile_seconds,
            **times,
            frames=case.frames,
            ticks=case.ticks,
            necessary_flops=case.flops,
            **program.cost(),
            limits=machine.better(limits, machine.limits(self.probe))
            | {"reference_seconds": seconds},
            memory=_memory(program, watch),
            kernels_per_tick=per_tick,
            value=value,
        )

    def plain(
        self, call: Callable[[], Any], after: Callable[[], dict], *, rounds: int, warm: int = 0
    ) -> None:
        """Measure a function that is not compiled: `warm` calls first, then so many rounds.

        `after()` returns what else is known when they are done, by the record's names; among it
        `value`.
        """
        limits = machine.limits(self.probe)
        calls, watch = Calls(call, ()), memory.Watch()
        for _ in range(warm):
            calls.one()
        times = self._rounds(calls, self.rounds or rounds)
        peaks = {"peak_rss": watch.resident(), "device_peak": watch.device()}
        limits = machine.better(limits, machine.limits(self.probe)) | {"reference_seconds": {}}
        self._keep(**{"memory": peaks, "limits": limits} | times | after())

    def _references(self, case: Case) -> tuple[dict[str, float], list[Any]]:
        """Time what else bounds a case; return the least seconds, and the results."""
        seconds, results = {}, []
        for name, reference in case.references.items():
            arguments = reference.arguments()
            calls = Calls(compiled(reference.function, arguments).run, arguments)
            result, first = _first_call(calls, lambda result: result)
            rounds = self.rounds or _affordable(first)
            seconds[name] = min(_timed(calls.one) for _ in range(rounds))
            results.append(result)
        return seconds, results

    def _rounds(self, calls: Calls, rounds: int) -> dict[str, Any]:
        """Time calls by pytest-benchmark; return the fields that say how long they took."""
        if not self.benchmark.enabled:
            raise RuntimeError("pytest-benchmark measures nothing here; run without -n and xdist")
        self.benchmark.pedantic(calls, rounds=rounds)
        seconds = list(self.benchmark.stats.stats.data)
        fastest = calls.cpu_seconds[int(np.argmin(seconds))]
        on_cpu = machine.this_machine().kind == "cpu"
        return {"seconds": quartiles(seconds), "cpu_seconds": fastest if on_cpu else None}

    def _keep(self, *, value: dict, parameters: Mapping[str, Any] | None = None, **fields: Any):
        """Put a record where pytest-benchmark and the session find it."""
        wrong = {name: number for name, number in value.items() if not math.isfinite(number)}
        if wrong:
            raise ArithmeticError(f"the value computed must be finite, got {wrong}")
        all_parameters = self.identity["parameters"] | dict(parameters or {})
        known = dict(self.identity) | {"parameters": all_parameters}
        self.benchmark.extra_info.update(record(**known, value=value, **fields))


def _first_call(calls: Calls, value: Callable[[Any], Any]) -> tuple[Any, float]:
    """Call for the first time; return what `value` makes of the result, and the seconds."""
    start = time.perf_counter()
    result = calls.one()
    seconds = time.perf_counter() - start
    return value(result), seconds


def _affordable(seconds: float) -> int:
    """Return how many rounds of so many seconds to take."""
    return 1 if seconds > LONG else min(MOST, max(LEAST, int(BUDGET / seconds)))


def _timed(call: Callable[[], Any]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def _kernels_per_tick(calls: Calls, ticks: int | None) -> float | None:
    """Count the kernels of one call more, where there are ticks and a GPU."""
    if ticks is None or machine.this_machine().kind == "cpu":
        return None
    launched = kernels.launched(calls.one)
    return launched and launched / ticks


def _memory(program: Program, watch: memory.Watch) -> dict[str, int | None]:
    """Return what a program needs by XLA's account, and what was seen."""
    return program.memory() | {"peak_rss": watch.resident(), "device_peak": watch.device()}
