"""Programs: functions compiled ahead of time, what that took, and calls of them."""

import dataclasses
import time
from collections.abc import Callable
from typing import Any

import jax

__all__ = ["Calls", "Program", "compiled"]


@dataclasses.dataclass(frozen=True)
class Program:
    """A compiled function, and the seconds that tracing and compiling it took."""

    run: Callable[..., Any]
    trace_seconds: float
    compile_seconds: float

    def cost(self) -> dict[str, float | None]:
        """Return XLA's count of operations and of bytes moved; the body of a loop counts once."""
        analysis = self.run.compiled.cost_analysis() or {}
        return {"xla_flops": analysis.get("flops"), "xla_bytes": analysis.get("bytes accessed")}

    def memory(self) -> dict[str, int]:
        """Return the bytes that XLA says the program needs."""
        analysis = self.run.compiled.memory_analysis()
        return {
            "arguments": analysis.argument_size_in_bytes,
            "outputs": analysis.output_size_in_bytes,
            "aliased": analysis.alias_size_in_bytes,
            "temporaries": analysis.temp_size_in_bytes,
        }


def compiled(function: Callable[..., Any], arguments: tuple) -> Program:
    """Trace and compile a function that `equinox.filter_jit` returned, as if for the first time."""
    jax.clear_caches()
    start = time.perf_counter()
    lowered = function.lower(*arguments)
    traced = time.perf_counter()
    run = lowered.compile()
    return Program(run, traced - start, time.perf_counter() - traced)


class Calls:
    """A function called again and again, each time with what the last call left for the next."""

    def __init__(
        self,
        function: Callable[..., Any],
        arguments: tuple,
        then: Callable[[tuple, Any], tuple] = lambda arguments, result: arguments,
    ):
        """Hold the first call's arguments; `then` makes the next from these and the result."""
        self.function, self.arguments, self.then = function, arguments, then
        self.cpu_seconds: list[float] = []

    def one(self) -> Any:
        """Call once, wait for the result and return it."""
        result = jax.block_until_ready(self.function(*self.arguments))
        self.arguments = self.then(self.arguments, result)
        return result

    def __call__(self) -> None:
        """Call once and note the CPU time; nothing is returned, so that nobody keeps it."""
        start = time.process_time()
        self.one()
        self.cpu_seconds.append(time.process_time() - start)
