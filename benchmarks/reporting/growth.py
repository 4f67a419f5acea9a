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
from results import Case, Run

from reporting.formatting import exponent, number, seconds, table
from reporting.tables import peak_memory, tick_seconds

Measure = Callable[[Case], float | None]

# Against the temporal abstraction factor cost need not follow a power law.
FACTOR = "factor"
MEASURES: dict[str, Measure] = {
    "time": lambda case: case.seconds.min,
    "temporaries": lambda case: case.memory.get("temporaries"),
    "peak memory": peak_memory,
}
# Okabe and Ito's palette, which colour-blind readers can tell apart.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#000000")
# What is drawn in each panel: a measure in a unit, its name beside the quantity, and a line style.
TIME = ((MEASURES["time"], 1, "", "-"),)
TEMPORARIES = (MEASURES["temporaries"], 2**20, ", temporaries", "-")
PEAK = (peak_memory, 2**20, ", peak", "--")
PANELS = {"time (s)": TIME, "memory (MiB)": (TEMPORARIES, PEAK)}
FACTOR_PANELS = {"ticks": ((lambda case: case.ticks, 1, "", "-"),), "time (s)": TIME}


class Series(NamedTuple):
    """The cases of a quantity and a preset against one size, smallest first."""

    label: str
    against: str
    cases: list[Case]

    def points(self, measure: Measure, unit: float = 1) -> tuple[list[float], list[float]]:
        """Return sizes and what was measured there, where it is positive as logarithms need."""
        pairs = [(case.parameters["x"], measure(case)) for case in self.cases]
        known = [(x, y / unit) for x, y in pairs if y and y > 0]
        return [x for x, _ in known], [y for _, y in known]

    def exponent(self, measure: Measure) -> float | None:
        """Return the exponent of a power law, fitted by least squares in logarithms.

        None for fewer than two sizes, and against the factor, which need not follow such a law.
        """
        logs = [[math.log(value) for value in values] for values in self.points(measure)]
        if self.against == FACTOR or len(set(logs[0])) < 2:
            return None
        return statistics.linear_regression(*logs).slope


def series(run: Run) -> dict[str, list[Series]]:
    """Return a run's series by what they are against."""
    sorted_cases: dict[tuple, list[Case]] = {}
    for case in run.group("growth"):
        key = [case.parameters.get(name) for name in ("against", "quantity", "preset")]
        sorted_cases.setdefault(tuple(key), []).append(case)
    found: dict[str, list[Series]] = {}
    for (against, *names), cases in sorted_cases.items():
        cases.sort(key=lambda case: case.parameters["x"])
        label = ", ".join(filter(None, names))
        found.setdefault(against, []).append(Series(label, against, cases))
    return found


def exponents_table(lines: Sequence[Series]) -> str:
    """Write the exponents of series."""
    rows = []
    for line in lines:
        first, last = (line.cases[place].parameters["x"] for place in (0, -1))
        row = {"quantity": line.label, "against": f"{line.against}, {first} to {last}"}
        measures = MEASURES.items()
        rows.append(row | {f"{n}, exponent": exponent(line.exponent(m)) for n, m in measures})
    return table(rows)


def factors_table(lines: Sequence[Series]) -> str:
    """Write what the temporal abstraction factor does to ticks and time."""
    return table(
        {
            "quantity": line.label,
            "factor": str(case.parameters["x"]),
            "ticks": number(case.ticks),
            "min": seconds(case.seconds.min),
            "per tick": seconds(tick_seconds(case)),
        }
        for line in lines
        for case in line.cases
    )


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


def _draw(axes: Axes, lines: Sequence[Series], drawn: Sequence[tuple]) -> None:
    """Draw points, and a legend that has the exponents."""
    look = {"marker": "o", "markersize": 3.5, "linewidth": 1.4}
    for line, colour in zip(lines, itertools.cycle(COLOURS), strict=False):
        for measure, unit, name, style in drawn:
            law, points = exponent(line.exponent(measure)), line.points(measure, unit)
            label = f"{line.label}{name}" + (f": {line.against}$^{{{law}}}$" if law else "")
            if points[0]:
                axes.plot(*points, color=colour, linestyle=style, label=label, **look)
    axes.grid(alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    if axes.get_legend_handles_labels()[1]:
        below = {"loc": "upper center", "bbox_to_anchor": (0.5, -0.16)}
        axes.legend(fontsize="x-small", frameon=False, **below)


def _scale(axes: Axes, lines: Sequence[Series]) -> None:
    """Scale both axes by logarithms, in which power laws are straight; name the sizes measured."""
    axes.set_xlabel(lines[0].against)
    if lines[0].against == FACTOR:
        axes.set_ylim(bottom=0)
    else:
        axes.set(xscale="log", yscale="log")
    sizes = sorted({case.parameters["x"] for line in lines for case in line.cases})
    axes.xaxis.set_major_locator(FixedLocator(sizes))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(ScalarFormatter())
