"""How cost grows: the power laws fitted to cases of growing size, tables and plots."""

import bisect
import itertools
import math
import statistics
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from reporting.formatting import number, seconds, table
from reporting.tables import peak_memory, tick_seconds
from results import Case, Run, group, named


class Measure(NamedTuple):
    """A measurement that is drawn: its unit, its name beside the quantity, and a line style."""

    of: Callable[[Case], float | None]
    unit: float = 1
    name: str = ""
    style: str = "-"


# Against the temporal abstraction factor cost need not follow a power law.
FACTOR = "factor"
# Okabe and Ito's palette, which colour-blind readers can tell apart.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#000000")
TICKS = Measure(lambda case: case["ticks"])
TIME = Measure(lambda case: case["seconds"]["min"])
TEMPORARIES = Measure(lambda case: case["memory"]["temporaries"], 2**20, ", temporaries")
PEAK = Measure(peak_memory, 2**20, ", peak", "--")
# What is drawn in each panel.
PANELS = {"time (s)": [TIME], "memory (MiB)": [TEMPORARIES, PEAK]}
FACTOR_PANELS = {"ticks": [TICKS], "time (s)": [TIME]}

Lines = dict[str, list[Case]]
"""The cases of every quantity and preset against the same size, smallest first."""


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


def points(cases: Iterable[Case], measure: Measure) -> tuple[list[float], list[float]]:
    """Return sizes and what was measured there, where it is positive as logarithms need."""
    known = [(size(case), value) for case in cases if (value := measure.of(case))]
    return [x for x, _ in known], [value / measure.unit for _, value in known]


def law(cases: Iterable[Case], measure: Measure) -> str:
    """Write the exponent of a power law, fitted by least squares in logarithms, to two sizes."""
    logs = [[math.log(value) for value in values] for values in points(cases, measure)]
    if len(logs[0]) < 2:
        return ""
    # Rounded first, so that the text does not depend on last bits.
    return f"{round(statistics.linear_regression(*logs).slope, 9):z.2f}"


def growth(run: Run) -> str:
    """Show exponents, what the factor does, and the plots."""
    found = grown(run)
    exponents = table(
        {
            "quantity": label,
            "against": f"{against}, {size(cases[0])} to {size(cases[-1])}",
            "time, exponent": law(cases, TIME),
            "temporaries, exponent": law(cases, TEMPORARIES),
            "peak memory, exponent": law(cases, PEAK),
        }
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
    """Draw cost against one size, with the exponents of power laws, into a PNG."""
    panels = FACTOR_PANELS if against == FACTOR else PANELS
    # Without pyplot, which may want a display.
    figure = Figure(figsize=(4.4 * len(panels), 4.4), layout="constrained")
    for axes, (title, drawn) in zip(figure.subplots(1, len(panels)), panels.items(), strict=True):
        axes.set(xlabel=against, ylabel=title)
        _draw(axes, against, lines, drawn)
    path.parent.mkdir(parents=True, exist_ok=True)
    # Without the version of matplotlib, so that the same results give the same bytes.
    figure.savefig(path, dpi=110, metadata={"Software": None})


def _draw(axes: Axes, against: str, lines: Lines, drawn: Iterable[Measure]) -> None:
    """Draw points, and a legend that has the exponents; name the sizes measured."""
    for (label, cases), colour in zip(lines.items(), itertools.cycle(COLOURS), strict=False):
        for measure in drawn:
            fitted = law(cases, measure) if against != FACTOR else ""
            axes.plot(
                *points(cases, measure),
                color=colour,
                linestyle=measure.style,
                label=label + measure.name + (f": {against}$^{{{fitted}}}$" if fitted else ""),
                marker="o",
                markersize=3.5,
                linewidth=1.4,
            )
    if against == FACTOR:
        axes.set_ylim(bottom=0)
    else:
        axes.set(xscale="log", yscale="log")  # in which power laws are straight
    sizes = sorted({size(case) for cases in lines.values() for case in cases})
    axes.set_xticks(sizes, [str(x) for x in sizes])
    axes.xaxis.minorticks_off()
    axes.grid(alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(fontsize="x-small", frameon=False, loc="upper center", bbox_to_anchor=(0.5, -0.16))
