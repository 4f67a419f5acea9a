"""Trace, compile, run warm, look at memory and value: from a case to what is kept of it."""

import itertools
import math
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import jax.random as jr
import machine

BUDGET = 8.0  # seconds that the rounds of a case may take
LEAST, MOST = 3, 20  # rounds
# A case is left out if a call would take longer at a share of the measured matrix rate, or by XLA's
# account need more than a share of the free memory.
LONGEST_CALL = 60.0  # seconds
SHARE_OF_RATE, SHARE_OF_MEMORY = 0.25, 0.8
LIMIT_ROUNDS = 5


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
    # Of matrix products, by JAX's names; None is JAX's own choice. A CPU has but one.
    precision: str | None = None
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


def calls(function: Callable, arguments: tuple, then=lambda old, _: old) -> Iterator:
    """Yield results when they are there, with the seconds that each took, call after call."""
    while True:
        start = time.perf_counter()
        result = jax.block_until_ready(function(*arguments))
        seconds = time.perf_counter() - start
        arguments = then(arguments, result)
        yield result, seconds
        del result  # so that it is not in memory during the next call


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
            made = calls(lambda: returned.append(case.call()), ())
            found = _rounds(made, benchmark, 1 if quick else case.rounds)
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
        at = f"at {SHARE_OF_RATE:.0%} of the matrix rate"
        raise LeftOutError(f"{seconds:.0f} s a call {at}, more than {LONGEST_CALL:.0f} s")
    arguments = case.arguments()
    with jax.default_matmul_precision(case.precision):
        run, found = compiled(case.function, arguments)
    check_memory(found["memory"], machine.free_memory())
    timed = {name: _timed(reference, quick) for name, reference in case.references.items()}
    # From here on, so that memory is that of running and not of compiling.
    with machine.peaks() as peaks:
        made = calls(run, arguments, case.then)
        del arguments
        result, first = next(made)
        value = case.value(result, *(result for result, _ in timed.values()))
        del result
        found |= _rounds(made, benchmark, _affordable(first, quick))
        if case.ticks and jax.default_backend() != "cpu":
            found["profile"] = machine.profile(lambda: next(made))
    found["memory"] |= peaks
    return found | {
        "parameters": case.parameters,
        "frames": case.frames,
        "ticks": case.ticks,
        "necessary_flops": case.flops,
        "reference_seconds": {name: least for name, (_, least) in timed.items()},
        "value": value,
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
        share = f"{SHARE_OF_MEMORY:.0%} of the {free / 1e9:.1f} GB that are free"
        raise LeftOutError(f"{more / 1e9:.1f} GB, more than {share}")


def _rounds(made: Iterator, benchmark: Any, rounds: int) -> dict[str, Any]:
    """Time calls by pytest-benchmark; return the field that holds how long they took."""
    benchmark.pedantic(lambda: next(made)[1], rounds=rounds)
    names = ("min", "median", "q1", "q3", "rounds")
    return {"seconds": {name: getattr(benchmark.stats.stats, name) for name in names}}


def _timed(reference: Program, quick: bool) -> tuple[Any, float]:
    """Return the result of a reference, and the seconds of its fastest call after the first."""
    arguments = reference.arguments()
    made = calls(compiled(reference.function, arguments)[0], arguments)
    result, first = next(made)
    return result, _fastest(made, _affordable(first, quick))


def _fastest(made: Iterator, rounds: int) -> float:
    """Return the seconds of the fastest of so many calls."""
    return min(seconds for _, seconds in itertools.islice(made, rounds))


def _affordable(seconds: float, quick: bool) -> int:
    """Return how many rounds of so many seconds to take."""
    return 1 if quick else min(MOST, max(LEAST, int(BUDGET / seconds)))


def limits(quick: bool) -> dict[str, float]:
    """Measure the rates of a large matrix product and of a large copy, now.

    On a GPU products are in float32 proper, in TF32 and in bfloat16. Sizes are such that, but for
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
    found = {}
    for name, (dtype, precision) in kinds.items():
        # Random numbers, since a GPU is faster where all are equal.
        matrix = jr.normal(jr.key(0), (edge, edge), dtype)
        squares = calls(partial(jnp.matmul, precision=precision), (matrix, matrix))
        next(squares)  # compiles
        found[f"{name}matmul_flops_per_second"] = 2 * edge**3 / _fastest(squares, LIMIT_ROUNDS)
    # In place, so that what is timed is not the system finding new pages.
    negate = jax.jit(jnp.negative, donate_argnums=0)
    copies = calls(negate, (jnp.ones(copied),), lambda _, new: (new,))
    next(copies)
    moved = 2 * 4 * copied  # bytes, read and written
    return found | {"copy_bytes_per_second": moved / _fastest(copies, LIMIT_ROUNDS)}
