"""Numbers in three digits, and tables. No number is written as "-0" (the format's `z`)."""

from collections.abc import Iterable, Mapping

from tabulate import tabulate

TIMES = {"s": 1.0, "ms": 1e-3, "µs": 1e-6, "ns": 1e-9}
BYTES = {"GiB": 2**30, "MiB": 2**20, "KiB": 2**10, "B": 1.0}


def number(value: float | None, unit: str = "") -> str:
    """Write a whole number as it is, another to three digits; nothing for None."""
    if value is None:
        return ""
    if isinstance(value, int):
        return f"{value:,}{unit}"
    # Rounded first, so that 99.96 becomes 100 and not 100.0.
    rounded = float(f"{value:.3g}")
    large = abs(rounded) >= 1000
    return (f"{rounded:,.0f}" if large else f"{rounded:z#.3g}".rstrip(".")) + unit


def seconds(value: float | None) -> str:
    """Write a time in the unit that fits."""
    return _scaled(value, TIMES, "0 s")


def memory(value: float | None) -> str:
    """Write a number of bytes in the unit that fits."""
    return _scaled(value, BYTES, "0 B")


def percent(value: float | None) -> str:
    """Write a share."""
    return "" if value is None else number(100 * value, " %")


def values(computed: Mapping[str, float]) -> str:
    """Write what a case computed, precisely enough to see that it is right."""
    return ", ".join(
        f"{name} {value:z.6g}" if isinstance(value, float) else f"{name} {value}"
        for name, value in computed.items()
    )


def table(rows: Iterable[Mapping[str, str]], form: str = "pipe") -> str:
    """Write a table, "" for no rows; columns without a cell are left out.

    Columns in which every cell begins with a digit go to the right.
    """
    rows = list(rows)
    columns = {
        title: [row.get(title, "").replace("|", "\\|") for row in rows]
        for title in dict.fromkeys(title for row in rows for title in row)
    }
    kept = {title: cells for title, cells in columns.items() if any(cells)}
    right = (all(c.lstrip("-")[:1].isdigit() for c in cells if c) for cells in kept.values())
    sides = ["right" if numbers else "left" for numbers in right]
    return tabulate(kept, "keys", form, colalign=sides, disable_numparse=True) if kept else ""


def _scaled(value: float | None, units: dict[str, float], least: str) -> str:
    """Write a value in the largest unit of which it holds one, `least` if it holds none."""
    if value is None:
        return ""
    fitting = (number(value / size, f" {unit}") for unit, size in units.items() if value >= size)
    return next(fitting, least)
