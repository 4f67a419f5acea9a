"""How cost grows: series of cases, and power laws fitted to them."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from reporting import derived
from reporting.formatting import number, seconds, table
from reporting.reading import Case

__all__ = ["MEASURES", "Series", "exponents_table", "factors_table", "fit", "points", "series"]

MEASURES: dict[str, Callable[[Case], float | None]] = {
    "time": lambda case: case.seconds.min,
    "temporaries": lambda case: case.memory.get("temporaries"),
    "peak memory": derived.peak_memory,
}


class Series(NamedTuple):
    """The cases of a quantity and a preset against one size, smallest first."""

    label: str
    against: str
    cases: list[Case]


class PowerLaw(NamedTuple):
    """y = factor * x ** exponent."""

    exponent: float
    factor: float


def series(cases: Sequence[Case]) -> list[Series]:
    """Sort the cases of the group "growth" into series."""
    found: dict[tuple, list[Case]] = {}
    for case in cases:
        key = [case.parameters.get(name) for name in ("quantity", "preset", "against")]
        found.setdefault(tuple(key), []).append(case)
    return [
        Series(
            ", ".join(filter(None, [quantity, preset])),
            against,
            sorted(members, key=lambda case: case.parameters["x"]),
        )
        for (quantity, preset, against), members in found.items()
    ]


def points(line: Series, measure: Callable[[Case], float | None]) -> np.ndarray:
    """Return (x, y) where y was measured and is positive, as logarithms need: (points, 2)."""
    pairs = [(case.parameters["x"], measure(case)) for case in line.cases]
    return np.array([(x, y) for x, y in pairs if y and y > 0], dtype=float).reshape(-1, 2)


def fit(measured: np.ndarray) -> PowerLaw | None:
    """Fit a power law by least squares in logarithms; None for fewer than two sizes."""
    if len(np.unique(measured[:, 0])) < 2:
        return None
    exponent, shift = np.polyfit(np.log(measured[:, 0]), np.log(measured[:, 1]), 1)
    return PowerLaw(float(exponent), float(np.exp(shift)))


def exponents_table(lines: Sequence[Series]) -> str:
    """Write the exponents of series."""
    rows = []
    for line in lines:
        laws = (fit(points(line, measure)) for measure in MEASURES.values())
        sizes = f"{line.cases[0].parameters['x']} to {line.cases[-1].parameters['x']}"
        exponents = (f"{law.exponent:.2f}" if law else "" for law in laws)
        rows.append([line.label, f"{line.against}, {sizes}", *exponents])
    return table(["quantity", "against", *(f"{name}, exponent" for name in MEASURES)], rows)


def factors_table(lines: Sequence[Series]) -> str:
    """Write what the temporal abstraction factor does to ticks and time."""
    rows = [
        [
            line.label,
            str(case.parameters["x"]),
            number(case.ticks),
            seconds(case.seconds.min),
            seconds(derived.tick_seconds(case)),
        ]
        for line in lines
        for case in line.cases
    ]
    return table(["quantity", "factor", "ticks", "min", "per tick"], rows)
