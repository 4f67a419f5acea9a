"""What follows from a case's measurements; None where something for it was not measured.

Rates and shares are those of the fastest call, as the limits are: what else runs on a machine can
only ever add time.
"""

from reporting.reading import Case

__all__ = [
    "compile_seconds",
    "copy_share",
    "frames_per_second",
    "peak_memory",
    "references",
    "share",
    "tick_seconds",
    "xla_share",
]

Maybe = float | None

# The limits that a number of FLOPs can be held against, as files and as tables call them.
MATRIX_RATES = {
    "matmul_flops_per_second": "matrix rate",
    "tf32_matmul_flops_per_second": "TF32 matrix rate",
    "bf16_matmul_flops_per_second": "bf16 matrix rate",
}


def compile_seconds(case: Case) -> Maybe:
    """Return how long tracing and compiling took."""
    known = [s for s in (case.trace_seconds, case.compile_seconds) if s is not None]
    return sum(known) if known else None


def frames_per_second(case: Case) -> Maybe:
    """Return how many frames a second of the fastest call works on."""
    return case.frames and case.frames / case.seconds.min


def tick_seconds(case: Case) -> Maybe:
    """Return how long one of the ticks that wait for each other takes."""
    return case.ticks and case.seconds.min / case.ticks


def share(case: Case, rate: str = "matmul_flops_per_second") -> Maybe:
    """Return the rate of necessary FLOPs as a share of that of a large matrix product."""
    return _share(case.necessary_flops, case, rate)


def xla_share(case: Case) -> Maybe:
    """Return the rate of the FLOPs that XLA counts as a share of the matrix rate."""
    return _share(case.xla_flops, case, "matmul_flops_per_second")


def copy_share(case: Case) -> Maybe:
    """Return the rate of the bytes that XLA counts as a share of the copy bandwidth.

    None where arithmetic at the matrix rate would take longer than moving those bytes.
    """
    moving = _least_seconds(case.xla_bytes, case, "copy_bytes_per_second")
    computing = _least_seconds(case.necessary_flops, case, "matmul_flops_per_second")
    if moving is None or moving < (computing or 0):
        return None
    return moving / case.seconds.min


def references(case: Case) -> dict[str, float]:
    """Return the time as a multiple of that of every other bound measured beside it."""
    bounds = case.limits.get("reference_seconds") or {}
    return {name: case.seconds.min / seconds for name, seconds in bounds.items() if seconds}


def peak_memory(case: Case) -> Maybe:
    """Return the most memory in use: the device's where it tells, or the process's."""
    device = case.memory.get("device_peak")
    return case.memory.get("peak_rss") if device is None else device


def _share(flops: Maybe, case: Case, rate: str) -> Maybe:
    """Return the share of a limit that a count of operations reaches."""
    least = _least_seconds(flops, case, rate)
    return None if least is None else least / case.seconds.min


def _least_seconds(amount: Maybe, case: Case, limit: str) -> Maybe:
    """Return the time that an amount of work takes at a limit."""
    rate = case.limits.get(limit)
    return amount / rate if amount is not None and rate else None
