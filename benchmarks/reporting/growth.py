"""How cost grows: series of cases, the power laws fitted to them, tables and plots."""

import itertools
import math
import statistics
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator, ScalarFormatter
from reporting.formatting import exponent, number, seconds, table
from reporting.tables import peak_memory, tick_seconds
from results import Case, Run, group, named


class Measure(NamedTuple):
    """A measurement that is drawn: its unit, its name beside the quantity, and a line style."""

    of: Callable[[Case], float | None]
    unit: float = 1
    name: str = ""
    style: str = "-"


class Series(NamedTuple):
    """The cases of a quantity and a preset against one size, smallest first."""

    label: str
    against: str
    cases: list[Case]


# Against the temporal abstraction factor cost need not follow a power law.
FACTOR = "factor"
# Okabe and Ito's palette, which colour-blind readers can tell apart.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#000000")
TICKS = Measure(lambda case: case["ticks"])
TIME = Measure(lambda case: case["seconds"]["min"])
TEMPORARIES = Measure(lambda case: case["memory"].get("temporaries"), 2**20, ", temporaries")
PEAK = Measure(peak_memory, 2**20, ", peak", "--")
# What is drawn in each panel.
PANELS = {"time (s)": [TIME], "memory (MiB)": [TEMPORARIES, PEAK]}
FACTOR_PANELS = {"ticks": [TICKS], "time (s)": [TIME]}


def series(run: Run) -> dict[str, list[Series]]:
    """Return a run's series by what they are against."""
    found: dict[str, dict[str, list[Case]]] = {}
    for case in group(run, "growth"):
        known = case["parameters"]
        lines = found.setdefault(known["against"], {})
        lines.setdefault(f"{known['quantity']}, {known['preset']}", []).append(case)
    return {
        against: [Series(label, against, sorted(lines[label], key=size)) for label in lines]
        for against, lines in found.items()
    }


def size(case: Case) -> int:
    """Return the size that grows."""
    return case["parameters"]["x"]


def points(line: Series, measure: Measure) -> tuple[list[float], list[float]]:
    """Return sizes and what was measured there, where it is positive as logarithms need."""
    pairs = [(size(case), measure.of(case) or 0) for case in line.cases]
    known = [(x, y / measure.unit) for x, y in pairs if y > 0]
    return [x for x, _ in known], [y for _, y in known]


def law(line: Series, measure: Measure) -> str:
    """Write the exponent of a power law, fitted by least squares in logarithms.

    "" for fewer than two sizes, and against the factor, which need not follow such a law.
    """
    logs = [[math.log(value) for value in values] for values in points(line, measure)]
    if line.against == FACTOR or len(logs[0]) < 2:
        return ""
    return exponent(statistics.linear_regression(*logs).slope)


def growth(run: Run) -> str:
    """Show exponents, what the factor does, and the plots."""
    found = series(run)
    exponents = table(
        {
            "quantity": line.label,
            "against": f"{against}, {size(line.cases[0])} to {size(line.cases[-1])}",
            "time, exponent": law(line, TIME),
            "temporaries, exponent": law(line, TEMPORARIES),
            "peak memory, exponent": law(line, PEAK),
        }
        for against, lines in found.items()
        if against != FACTOR
        for line in lines
    )
    factors = table(
        {
            "quantity": line.label,
            "factor": str(size(case)),
            "ticks": number(case["ticks"]),
            "min": seconds(case["seconds"]["min"]),
            "per tick": seconds(tick_seconds(case)),
        }
        for line in found.get(FACTOR, [])
        for case in line.cases
    )
    plots = (f"![cost against {name}](plots/{named(run, f'{name}.png')})" for name in found)
    parts = [f"### {run['device']}", exponents, factors, *plots]
    return "\n\n".join(filter(None, parts)) if found else ""


def write_plot(path: Path, lines: Sequence[Series]) -> None:
    """Draw series against one size, with the exponents of their power laws, into a PNG."""
    panels = FACTOR_PANELS if lines[0].against == FACTOR else PANELS
    # Figure and canvas by hand: pyplot may want a display.
    figure = Figure(figsize=(4.4 * len(panels), 4.4), layout="constrained")
    canvas = FigureCanvasAgg(figure)
    for axes, (title, drawn) in zip(figure.subplots(1, len(panels)), panels.items(), strict=True):
        axes.set_ylabel(title)
        _draw(axes, lines, drawn)
        _scale(axes, lines)
    path.parent.mkdir(parents=True, exist_ok=True)
    # Without the version of matplotlib, so that the same results give the same bytes.
    canvas.print_figure(path, format="png", dpi=110, metadata={"Software": None})


def _draw(axes: Axes, lines: Sequence[Series], drawn: Sequence[Measure]) -> None:
    """Draw points, and a legend that has the exponents."""
    look = {"marker": "o", "markersize": 3.5, "linewidth": 1.4}
    for line, colour in zip(lines, itertools.cycle(COLOURS), strict=False):
        for measure in drawn:
            fitted = law(line, measure)
            label = (
                line.label + measure.name + (f": {line.against}$^{{{fitted}}}$" if fitted else "")
            )
            axes.plot(
                *points(line, measure), color=colour, linestyle=measure.style, label=label, **look
            )
    axes.grid(alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(fontsize="x-small", frameon=False, loc="upper center", bbox_to_anchor=(0.5, -0.16))


def _scale(axes: Axes, lines: Sequence[Series]) -> None:
    """Scale both axes by logarithms, in which power laws are straight; name the sizes measured."""
    axes.set_xlabel(lines[0].against)
    if lines[0].against == FACTOR:
        axes.set_ylim(bottom=0)
    else:
        axes.set(xscale="log", yscale="log")
    sizes = sorted({size(case) for line in lines for case in line.cases})
    axes.xaxis.set_major_locator(FixedLocator(sizes))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(ScalarFormatter())
