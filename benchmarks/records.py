"""What is known of a measured case, in the form of the result files."""

from collections.abc import Sequence
from typing import Any

import numpy as np

__all__ = ["quartiles", "record"]

MEMORY = ("arguments", "outputs", "aliased", "temporaries", "peak_rss", "device_peak")


def record(*, memory: dict[str, int | None], **known: Any) -> dict[str, Any]:
    """Return a case's record: all fields in order, None for those that mean nothing to it."""
    return {
        "group": None,
        "name": None,
        "parameters": {},
        "trace_seconds": None,
        "compile_seconds": None,
        "seconds": None,
        "cpu_seconds": None,
        "frames": None,
        "ticks": None,
        "necessary_flops": None,
        "xla_flops": None,
        "xla_bytes": None,
        "limits": {},
        "memory": dict.fromkeys(MEMORY) | memory,
        "kernels_per_tick": None,
        "value": {},
    } | known


def quartiles(seconds: Sequence[float]) -> dict[str, float]:
    """Return the least, the middle and the quartiles of the seconds of all rounds."""
    least, q1, median, q3 = np.quantile(seconds, (0, 0.25, 0.5, 0.75)).tolist()
    return {"min": least, "median": median, "q1": q1, "q3": q3, "rounds": len(seconds)}
