"""How cost grows: the power laws fitted to cases of growing size, tables and plots."""

import bisect
import itertools
import math
import statistics
from collections.abc import Callable, Iterable
from pathlib import Path

from matplotlib.figure import Figure
from reporting.formatting import number, seconds, table
from reporting.tables import Maybe, peak_memory, tick_seconds
from results import Case, Run, group, named

Measure = Callable[[Case], Maybe]
Lines = dict[str, list[Case]]
"""The cases of every quantity and preset against the same size, smallest first."""

FACTOR = "factor"  # against which cost need not follow a power law
# Okabe and Ito's palette, which colour-blind readers can tell apart.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#000000")
MEASURES: dict[str, Measure] = {
    "time": lambda case: case["seconds"]["min"],
    "temporaries": lambda case: case["memory"]["temporaries"],
    "peak memory": peak_memory,
}
# The title of each panel, its unit, and what is drawn in it, by line style.
PANELS = {
    "time (s)": (1, {"-": "time"}),
    "memory (MiB)": (2**20, {"-": "temporaries", "--": "peak memory"}),
}


def grown(run: Run) -> dict[str, Lines]:
    """Return a run's cases of growth by what they are against."""
    found: dict[str, Lines] = {}
    for case in group(run, "growth"):
        known = case["parameters"]
        lines = found.setdefault(known["against"], {})
        cases = lines.setdefault(f"{known['quantity']}, {known['preset']}", [])
        bisect.insort(cases, case, key=size)
    return found


def size(case: Case) -> int:
    """Return the size that grows."""
    return case["parameters"]["x"]


def points(cases: Iterable[Case], measure: Measure) -> list[tuple[float, float]]:
    """Return sizes with what was measured there, where it is positive as logarithms need."""
    return [(size(case), value) for case in cases if (value := measure(case))]


def law(cases: Iterable[Case], measure: Measure) -> str:
    """Write the exponent of a power law, fitted by least squares in logarithms, to two sizes."""
    logs = [(math.log(x), math.log(y)) for x, y in points(cases, measure)]
    if len(logs) < 2:
        return ""
    # Rounded first, so that the text does not depend on last bits.
    return f"{round(statistics.linear_regression(*zip(*logs, strict=True)).slope, 9):z.2f}"


def growth(run: Run) -> str:
    """Show exponents, what the factor does, and the plots."""
    found = grown(run)
    exponents = table(
        {"quantity": label, "against": f"{against}, {size(cases[0])} to {size(cases[-1])}"}
        | {f"{name}, exponent": law(cases, measure) for name, measure in MEASURES.items()}
        for against, lines in found.items()
        if against != FACTOR
        for label, cases in lines.items()
    )
    factors = table(
        {
            "quantity": label,
            "factor": str(size(case)),
            "ticks": number(case["ticks"]),
            "min": seconds(case["seconds"]["min"]),
            "per tick": seconds(tick_seconds(case)),
        }
        for label, cases in found.get(FACTOR, {}).items()
        for case in cases
    )
    plots = (f"![cost against {name}](plots/{named(run, f'{name}.png')})" for name in found)
    parts = [f"### {run['device']}", exponents, factors, *plots]
    return "\n\n".join(filter(None, parts)) if found else ""


def write_plot(path: Path, against: str, lines: Lines) -> None:
    """Draw cost against one size into a PNG."""
    # Without pyplot, which may want a display.
    figure = Figure(figsize=(8.8, 4.4), layout="constrained")
    sizes = sorted({size(case) for cases in lines.values() for case in cases})
    for axes, (title, (unit, drawn)) in zip(figure.subplots(1, 2), PANELS.items(), strict=True):
        for (label, cases), colour in zip(lines.items(), itertools.cycle(COLOURS), strict=False):
            for style, name in drawn.items():
                found = [(x, value / unit) for x, value in points(cases, MEASURES[name])]
                shown = {"color": colour, "markersize": 3.5, "label": f"{label}, {name}"}
                axes.plot(*zip(*found, strict=True), f"o{style}", **shown)
        axes.set(xscale="log", yscale="log")  # in which power laws are straight
        axes.set(xlabel=against, ylabel=title, xticks=sizes, xticklabels=sizes)
        axes.minorticks_off()
        axes.grid(alpha=0.3)
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(fontsize="x-small", frameon=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    # Without the version of matplotlib, so that the same results give the same bytes.
    figure.savefig(path, dpi=110, metadata={"Software": None})
