"""Plots of how cost grows, one file for each device and size."""

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator, ScalarFormatter

from reporting.growth import MEASURES, Series, fit, points
from reporting.reading import FACTOR, Case

__all__ = ["plot_name", "write_plot"]

# Okabe and Ito's palette, which colour-blind readers can tell apart.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#000000")


class Line(NamedTuple):
    """A measure to draw, what it is called beside the quantity, and how it looks."""

    measure: Callable[[Case], float | None]
    name: str
    style: str


PANELS = {
    "time (s)": (Line(MEASURES["time"], "", "-"),),
    "memory (MiB)": (
        Line(lambda case: _mebibytes(MEASURES["temporaries"](case)), ", temporaries", "-"),
        Line(lambda case: _mebibytes(MEASURES["peak memory"](case)), ", peak", "--"),
    ),
}
FACTOR_PANELS = {
    "ticks": (Line(lambda case: case.ticks, "", "-"),),
    "time (s)": PANELS["time (s)"],
}


def plot_name(device: str, against: str) -> str:
    """Return the name of the file for a device and a size."""
    slug = re.sub(r"[^a-z0-9]+", "-", device.lower()).strip("-")
    return f"{slug}-{against}.png"


def write_plot(path: Path, lines: Sequence[Series]) -> None:
    """Draw series against one size, with the exponents of their power laws, into a PNG."""
    against = lines[0].against
    panels = FACTOR_PANELS if against == FACTOR else PANELS
    # Figure and canvas by hand: pyplot may want a display.
    figure = Figure(figsize=(4.4 * len(panels), 4.4), layout="constrained")
    canvas = FigureCanvasAgg(figure)
    for axes, (title, drawn) in zip(figure.subplots(1, len(panels)), panels.items(), strict=True):
        _draw_panel(axes, lines, drawn)
        axes.set_xlabel(against)
        axes.set_ylabel(title)
        _scale(axes, lines)
    path.parent.mkdir(parents=True, exist_ok=True)
    # Without the version of matplotlib, so that the same results give the same bytes.
    canvas.print_figure(path, format="png", dpi=110, metadata={"Software": None})


def _draw_panel(axes: Axes, lines: Sequence[Series], drawn: Sequence[Line]) -> None:
    """Draw points, and a legend that has the exponents."""
    for line, colour in zip(lines, _cycle(len(lines)), strict=True):
        for measure, name, style in drawn:
            measured = points(line, measure)
            if not len(measured):
                continue
            law = None if line.against == FACTOR else fit(measured)
            exponent = f": {line.against}$^{{{law.exponent:.2f}}}$" if law else ""
            axes.plot(
                *measured.T,
                color=colour,
                linestyle=style,
                marker="o",
                markersize=3.5,
                linewidth=1.4,
                label=f"{line.label}{name}{exponent}",
            )
    axes.grid(alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    if axes.get_legend_handles_labels()[1]:
        below = {"loc": "upper center", "bbox_to_anchor": (0.5, -0.16)}
        axes.legend(fontsize="x-small", frameon=False, **below)


def _scale(axes: Axes, lines: Sequence[Series]) -> None:
    """Scale both axes by logarithms, in which power laws are straight; name the sizes measured."""
    if lines[0].against == FACTOR:
        axes.set_ylim(bottom=0)
    else:
        axes.set_xscale("log")
        axes.set_yscale("log")
    sizes = sorted({case.parameters["x"] for line in lines for case in line.cases})
    axes.xaxis.set_major_locator(FixedLocator(sizes))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(ScalarFormatter())


def _cycle(count: int) -> list[str]:
    """Return as many colours as asked for."""
    return [COLOURS[place % len(COLOURS)] for place in range(count)]


def _mebibytes(value: float | None) -> float | None:
    """Return bytes in MiB."""
    return None if value is None else value / 2**20
