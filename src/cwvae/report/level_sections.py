"""Sections of an analysis about its levels: their nats, and what is read from their states.

A section is a function `(report, pictures) -> Section | None`, None where the report does not have
the experiment: see `analysis_page`.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from cwvae.report import analysis_tables as tables
from cwvae.report import findings
from cwvae.report.curves import Curve, Panel
from cwvae.report.grids import Grid
from cwvae.report.page import Plot, Section
from cwvae.report.plots import bars, curves

__all__ = ["nats_section", "readouts_section"]

_Report = dict[str, Any]
_Pictures = Mapping[str, Grid]

_LOGARITHMIC = 20  # times the least value is the most one, from which an axis is logarithmic


def nats_section(report: _Report, pictures: _Pictures) -> Section:
    """Return how many nats each level takes, and how its entropy goes on in a forecast."""
    panels = {
        "kl": ("KL of a tick (nats)", "of the context"),
        "entropy": ("entropy of the prior (nats)", "of context and forecast"),
    }
    parts = []
    for name, (label, where) in panels.items():
        found = {}
        for number, level in enumerate(report["levels"]):
            values = np.array(level[name])
            numbers = np.array(level["frames"][: len(values)]) + 1
            found[f"level {number}"] = Curve(values, frames=numbers)
        figure = curves(Panel(label, found), log=_spread(found) > _LOGARITHMIC)
        parts.append(Plot(figure, f"{label} of each level by frame, {where}"))
    return Section(
        title="Nats",
        verdicts=findings.nats_found(report),
        text=(
            "The KL of posterior from prior is what a level takes from the video; the entropy of "
            "the prior is how unsure it is, in the context and in the forecast after it."
        ),
        parts=[*parts, tables.levels_table(report)],
    )


def _spread(curves: Mapping[str, Curve]) -> float:
    """Return how many times the least value the most one is, 0 where some are not positive."""
    values = np.concatenate([curve.mean for curve in curves.values()])
    return float(values.max() / values.min()) if values.min() > 0 else 0.0


def readouts_section(report: _Report, pictures: _Pictures) -> Section | None:
    """Return what is read from the state of each level."""
    reads = tables.readouts(report)
    if not reads:
        return None
    plots = [_class_plot(reads), _value_plot(reads), *_over_time(report, reads)]
    left_out = report.get("probes_left_out", {})
    return Section(
        title="Readouts",
        verdicts=findings.readouts_found(report),
        text=(
            "A weighted sum of a level's state, fitted to what is true of the videos and scored "
            "on others: at the end of the context, and anew at frames of context and forecast."
        ),
        notes=[f"{name} is not read: {why}" for name, why in left_out.items()],
        parts=[*(plot for plot in plots if plot is not None), tables.levels_table(report)],
    )


def _over_time(report: _Report, reads: list[tables.Read]) -> Iterator[Plot]:
    """Yield, for each truth, how well it is read at frames of the context and the forecast."""
    found = report.get("probes_over_time")
    if found is None:
        return
    frames = np.array(found["frames"])
    for read in reads:
        levels = [level[read.name] for level in found["levels"]]
        rows = {f"level {n}": level["scores"] for n, level in enumerate(levels)}
        rows["shuffled"] = levels[-1]["shuffled"]
        curves_found = {
            name: Curve(values[known], frames=frames[known] + 1)
            for name, values in ((n, np.array(row, dtype=float)) for n, row in rows.items())
            if (known := np.isfinite(values)).any()
        }
        unit = f" ({read.unit})" if read.unit else ""
        what = "share of videos right" if read.of_classes else f"error{unit}"
        yield Plot(
            curves(Panel(f"{read.name}: {what}", curves_found)),
            f"How well {read.name} is read from each level, by frame",
            f"{read.name} by frame; the context ends at {found['context']}.",
        )


def _class_plot(reads: list[tables.Read]) -> Plot | None:
    """Return the shares of videos in which classes are right."""
    chosen = [read for read in reads if read.of_classes]
    if not chosen:
        return None
    series = _by_level({read.name: read.scores for read in chosen})
    best = {read.name: max(read.shuffled) for read in chosen}
    figure = bars(series | {"shuffled": best}, xlabel="what is read", ylabel="share of videos")
    return Plot(
        figure,
        f"Share of videos in which {_listed(chosen)} is read right, by level",
        "Higher is better; shuffled: what readouts of shuffled truths reach at best.",
    )


def _value_plot(reads: list[tables.Read]) -> Plot | None:
    """Return errors as shares of those of shuffled truths, so that all units fit on one axis."""
    chosen = [read for read in reads if not read.of_classes]
    if not chosen:
        return None
    shares = {
        read.head: [
            score / max(shuffled, 1e-9)
            for score, shuffled in zip(read.scores, read.shuffled, strict=True)
        ]
        for read in chosen
    }
    label = "error / error of shuffled truths"
    figure = bars(_by_level(shares), xlabel="what is read", ylabel=label, line=1)
    return Plot(
        figure,
        f"Error of {_listed(chosen)} as a share of that of shuffled truths, by level",
        "Lower is better; at 1 nothing is read.",
    )


def _by_level(values: Mapping[str, Any]) -> dict[str, dict[str, float]]:
    """Return, for each level, a value by name."""
    levels = len(next(iter(values.values())))
    return {f"level {n}": {name: x[n] for name, x in values.items()} for n in range(levels)}


def _listed(reads: list[tables.Read]) -> str:
    return ", ".join(read.name for read in reads)
