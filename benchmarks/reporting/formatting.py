"""Numbers and tables as Markdown."""

import math
from collections.abc import Sequence

__all__ = ["memory", "number", "percent", "seconds", "table", "times", "values"]

NOTHING = ""


def seconds(value: float | None) -> str:
    """Write a time to three digits in the unit that fits."""
    if value is None:
        return NOTHING
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6), ("ns", 1e-9)):
        if value >= size:
            return f"{number(value / size)} {unit}"
    return "0 s"


def memory(value: float | None) -> str:
    """Write a number of bytes to three digits in the unit that fits."""
    if value is None:
        return NOTHING
    for unit, size in (("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10)):
        if value >= size:
            return f"{number(value / size)} {unit}"
    return f"{number(value)} B"


def number(value: float | None) -> str:
    """Write a whole number as it is, and another to three digits."""
    if value is None:
        return NOTHING
    if isinstance(value, int):
        return f"{value:,}"
    # Rounded first, so that 99.96 becomes 100 and not 100.0.
    rounded = float(f"{value:.3g}")
    if 1e-3 <= abs(rounded) < 1e12:
        digits = 2 - math.floor(math.log10(abs(rounded)))
        return f"{rounded:,.{max(digits, 0)}f}"
    return f"{rounded:.3g}"


def percent(value: float | None) -> str:
    """Write a share."""
    return NOTHING if value is None else f"{number(100 * value)} %"


def times(value: float | None) -> str:
    """Write a ratio."""
    return NOTHING if value is None else f"{number(value)}x"


def values(computed: dict) -> str:
    """Write what a case computed, precisely enough to see that it is right."""
    written = (
        f"{name} {value:.6g}" if isinstance(value, int | float) else f"{name} {value}"
        for name, value in computed.items()
    )
    return ", ".join(written)


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Write a Markdown table; columns in which every cell begins with a digit go to the right."""
    right = [
        all(cell.lstrip("-")[:1].isdigit() for cell in column if cell)
        for column in zip(*rows, strict=True)
    ]
    rule = ["---:" if numbers else "---" for numbers in right]
    escaped = ([cell.replace("|", "\\|") for cell in row] for row in (head, rule, *rows))
    return "\n".join(f"| {' | '.join(row)} |" for row in escaped)
