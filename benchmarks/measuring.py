"""Trace, compile, run warm, look at memory and value: from a case to what is kept of it."""

import functools
import math
import os
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import jax.random as jr
import machine
from kinds import Calls, LeftOutError, Program

BUDGET = 8.0  # seconds that the rounds of a case may take
LEAST, MOST = 3, 20  # rounds
LONG = 20.0  # seconds of a call of which one round must do
LONGEST_CALL = 60.0  # seconds
SHARE_OF_RATE = 0.25
SHARE_OF_MEMORY = 0.8
LIMIT_ROUNDS = 5

RULE = (
    f"a case is left out if one call would take more than {LONGEST_CALL:.0f} s at "
    f"{SHARE_OF_RATE:.0%} of the measured matrix rate, if by XLA's account it would need more than "
    f"{SHARE_OF_MEMORY:.0%} of the free memory, or if a package that it needs is missing"
)
"""The rule in words, which is printed beside what it left out."""


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
        before = time.process_time(), *os.times()[2:4]  # and of processes that it starts
        _, seconds = self.one()
        after = time.process_time(), *os.times()[2:4]
        self.cpu_seconds.append(sum(after) - sum(before))
        return seconds


def measured(case: Program | Calls, benchmark: Any, *, quick: bool = False) -> dict[str, Any]:
    """Measure a case by pytest-benchmark's fixture; return what a result file holds of it.

    `quick` is for trying: one round, and tiny limits. Raises `LeftOutError` for a case that does
    not fit the machine, and `ArithmeticError` for one that computes what is not finite.
    """
    before = limits(quick)
    if isinstance(case, Program):
        found = _measured_program(case, before["matmul_flops_per_second"], benchmark, quick)
    else:
        with machine.peaks() as peaks:
            returned = [case.call() for _ in range(case.warm)]
            loop = Loop(lambda: returned.append(case.call()), ())
            found = _rounds(loop, benchmark, 1 if quick else case.rounds)
        found |= {"memory": peaks} | case.after(returned)
    wrong = {name: value for name, value in found["value"].items() if not math.isfinite(value)}
    if wrong:
        raise ArithmeticError(f"the value computed must be finite, got {wrong}")
    higher = {name: max(rate, before[name]) for name, rate in limits(quick).items()}
    references = {"reference_seconds": found.pop("reference_seconds", {})}
    return found | {"limits": higher | references}


def _measured_program(case: Program, rate: float, benchmark: Any, quick: bool) -> dict[str, Any]:
    """Measure a program, unless it needs too much time or memory."""
    seconds = (case.flops or 0) / (SHARE_OF_RATE * rate)
    if seconds > LONGEST_CALL:
        raise LeftOutError(
            f"about {seconds:.0f} s a call at {SHARE_OF_RATE:.0%} of the matrix rate, "
            f"more than {LONGEST_CALL:.0f} s"
        )
    arguments = case.arguments()
    run, found = compiled(case.function, arguments)
    check_memory(found["memory"], machine.free_memory())
    timed = {name: _timed(reference, quick) for name, reference in case.references.items()}
    # From here on, so that memory is that of running and not of compiling.
    with machine.peaks() as peaks:
        loop = Loop(run, arguments, case.then)
        del arguments
        result, first = loop.one()
        value = case.value(result, *(result for result, _ in timed.values()))
        del result
        found |= _rounds(loop, benchmark, _affordable(first, quick))
        if case.ticks and jax.default_backend() != "cpu":
            launched = machine.kernels(loop.one)
            found["kernels_per_tick"] = launched and launched / case.ticks
    found["memory"] |= peaks
    return found | {
        "parameters": dict(case.parameters),
        "frames": case.frames,
        "ticks": case.ticks,
        "necessary_flops": case.flops,
        "reference_seconds": {name: least for name, (_, least) in timed.items()},
        "value": dict(value),
    }


def compiled(function: Any, arguments: tuple) -> tuple[Callable[..., Any], dict[str, Any]]:
    """Trace and compile what `equinox.filter_jit` returned, as if for the first time.

    Returns the program, and what a result file holds of it. XLA counts the body of a loop once.
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


def _rounds(loop: Loop, benchmark: Any, rounds: int) -> dict[str, Any]:
    """Time calls by pytest-benchmark; return the fields that hold how long they took."""
    benchmark.pedantic(loop.timed, rounds=rounds)
    stats = benchmark.stats.stats
    names = ("min", "median", "q1", "q3", "rounds")
    return {
        "seconds": {name: getattr(stats, name) for name in names},
        "cpu_seconds": loop.cpu_seconds[stats.data.index(stats.min)],
    }


def _timed(reference: Program, quick: bool) -> tuple[Any, float]:
    """Return the result of a reference, and the seconds of its fastest call after the first."""
    arguments = reference.arguments()
    loop = Loop(compiled(reference.function, arguments)[0], arguments)
    result, first = loop.one()
    return result, min(loop.timed() for _ in range(_affordable(first, quick)))


def _affordable(seconds: float, quick: bool) -> int:
    """Return how many rounds of so many seconds to take."""
    return 1 if quick or seconds > LONG else min(MOST, max(LEAST, int(BUDGET / seconds)))


def limits(quick: bool) -> dict[str, float]:
    """Measure the rates of a large matrix product and of a large copy, now."""
    found = {}
    for name, (amount, draw, run, then) in _largest(quick).items():
        loop = Loop(run, (draw(),), then)
        loop.one()
        found[name] = amount / min(loop.timed() for _ in range(LIMIT_ROUNDS))
    return found


@functools.cache
def _largest(quick: bool) -> dict[str, tuple]:
    """Compile, once and for all, what measures the limits; return it by their names.

    An amount of operations or bytes, what draws an array, what is timed on it, and what is next. On
    a GPU products are in float32 proper, in TF32 and in bfloat16. Sizes are such that, but for
    `quick`, neither starting nor caches count.
    """
    kinds: dict[str, tuple[Any, Any]] = {"": (jnp.float32, jax.lax.Precision.HIGHEST)}
    edge, copied = 2048, 2**26
    if jax.default_backend() != "cpu":
        kinds["tf32_"] = (jnp.float32, jax.lax.DotAlgorithmPreset.TF32_TF32_F32)
        kinds["bf16_"] = (jnp.bfloat16, jax.lax.Precision.DEFAULT)
        edge, copied = 8192, 2**28
    if quick:
        edge, copied = 128, 2**16
    found: dict[str, tuple[float, Callable, Callable, Callable]] = {}
    for name, (dtype, precision) in kinds.items():
        # Random numbers, since a GPU is faster where all are equal.
        draw = jax.jit(partial(jr.normal, jr.key(0), (edge, edge), dtype)).lower().compile()
        square = jax.jit(lambda matrix, how=precision: jnp.matmul(matrix, matrix, precision=how))
        run = square.lower(jax.ShapeDtypeStruct((edge, edge), dtype)).compile()
        found[f"{name}matmul_flops_per_second"] = (2 * edge**3, draw, run, lambda old, _: old)
    # In place, so that what is timed is not the system finding new pages.
    numbers = jax.ShapeDtypeStruct((copied,), jnp.float32)
    negate = jax.jit(jnp.negative, donate_argnums=0).lower(numbers).compile()
    draw = partial(jnp.ones, numbers.shape, numbers.dtype)
    moved = 2 * 4 * copied  # bytes, read and written
    return found | {"copy_bytes_per_second": (moved, draw, negate, lambda _, new: (new,))}
