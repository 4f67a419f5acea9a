"""The page of an analysis: a section for each experiment.

A section is a function `(report, pictures) -> Section | None`, None where the report does not have
the experiment; `_SECTIONS` has them in their order.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from cwvae.report import analysis_tables as tables
from cwvae.report import findings
from cwvae.report.curves import Curve, Panel
from cwvae.report.grids import Grid, draw_grid, gif_bytes, png_bytes
from cwvae.report.page import Page, Picture, Plot, Section
from cwvae.report.plots import bars, curves, slider

__all__ = ["analysis_page"]

_Report = dict[str, Any]
_Pictures = Mapping[str, Grid]

_COLUMN = 480  # pixels of the column of a page, in which wider pictures would be made smaller
_LOGARITHMIC = 20  # times the least value is the most one, from which an axis is logarithmic
_KEPT = {"digits kept": "identity", "way kept": "position"}
_SWAPPED = {
    "own digits": "identity_of_own",
    "the other's digits": "identity_of_other",
    "own way": "position_of_own",
    "the other's way": "position_of_other",
    "success": "success",
}


def analysis_page(report: _Report, pictures: _Pictures) -> Page:
    """Return the page of an analysis.

    **Arguments:** `report`, what `analysis.json` holds; `pictures` of its experiments by their
    names, "blind", "reset", "swap" and "forecast", any of which may be missing.
    """
    sections = [section(report, pictures) for section in _SECTIONS]
    return Page(
        title=f"What each level of {report['run']} holds",
        sections=[section for section in sections if section is not None],
        facts=_facts(report),
    )


def _facts(report: _Report) -> dict[str, str]:
    """Return what stands above all numbers."""
    known = report.get("environment", {})
    versions = known.get("versions", {})
    facts = {
        "step": f"{report['step']:,}",
        "test videos": f"{report['videos']:,}",
        "context": f"{report['context']} frames",
        "seed": str(report["seed"]),
        "measured": str(known.get("date", "")).partition("T")[0],
        "on": str(known.get("device", "")),
        "with": ", ".join(f"{n} {versions[n]}" for n in ("cwvae", "jax") if n in versions),
        "not read": report.get("unread", ""),
    }
    return {name: value for name, value in facts.items() if value}


def _nats(report: _Report, pictures: _Pictures) -> Section:
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


def _readouts(report: _Report, pictures: _Pictures) -> Section | None:
    """Return what is read from the state of each level."""
    reads = tables.readouts(report)
    if not reads:
        return None
    parts = [_class_plot(reads), _value_plot(reads)]
    return Section(
        title="Readouts",
        verdicts=findings.readouts_found(report),
        text=(
            "A weighted sum of a level's state at the end of the context, fitted to what is true "
            "of the videos and scored on others."
        ),
        parts=[*(part for part in parts if part is not None), tables.levels_table(report)],
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


def _blind(report: _Report, pictures: _Pictures) -> Section | None:
    """Return what forecasts keep when levels observe nothing during the context."""
    return _kept(
        report,
        pictures,
        "blind",
        findings.blind_found(report),
        "Levels that observe nothing during the context, and what forecasts lack without them.",
    )


def _reset(report: _Report, pictures: _Pictures) -> Section | None:
    """Return what forecasts keep when levels are set back after the context."""
    return _kept(
        report,
        pictures,
        "reset",
        findings.reset_found(report),
        "Levels set back to their start after the context: what did they remember?",
    )


def _kept(
    report: _Report, pictures: _Pictures, name: str, verdicts: list[str], text: str
) -> Section | None:
    """Return what forecasts keep, in a picture and in numbers where there are some."""
    parts: list[Any] = []
    if name in pictures:
        parts.append(
            _animation(
                pictures[name],
                "In columns, from left to right: the truth, a forecast of the whole model, and one "
                f"with each level {name}. A row is a test video.",
            )
        )
    if name in report:
        series = {
            label: {levels: x[what] for levels, x in report[name].items()}
            for label, what in _KEPT.items()
        }
        figure = bars(series, xlabel=f"{name} levels", ylabel="share of videos")
        alt = f"Share of videos whose digits and whose way are kept, by the levels that are {name}"
        parts += [Plot(figure, alt), tables.kept_table(report, name)]
    return Section(name.capitalize(), verdicts, text, parts) if parts else None


def _swap(report: _Report, pictures: _Pictures) -> Section | None:
    """Return what goes on when some levels are those of another video."""
    parts: list[Any] = []
    if "swap" in pictures:
        parts.append(
            _animation(
                pictures["swap"],
                "In columns, from left to right: the forecast of a video (own), that of another "
                "one (other), and forecasts of the first with some levels' states from the other. "
                "A row is a pair of test videos.",
            )
        )
    if report.get("swap"):
        series = {
            label: {levels: x[what] for levels, x in report["swap"].items()}
            for label, what in _SWAPPED.items()
        }
        figure = bars(series, xlabel="levels of another video", ylabel="share of pairs")
        alt = "Share of pairs of videos with own and other digits and way, by the levels swapped"
        parts += [Plot(figure, alt, wide=True), tables.swap_table(report)]
    text = "Levels that go on from the state of another video: which facts travel with them?"
    return Section("Swap", findings.swap_found(report), text, parts) if parts else None


def _forecast(report: _Report, pictures: _Pictures) -> Section | None:
    """Return a long forecast, to be looked at frame by frame."""
    grid = pictures.get("forecast")
    if grid is None:
        return None
    video = draw_grid(grid)
    figure = slider([png_bytes(frame) for frame in video], grid.captions, _size(video))
    compared = len(next(iter(grid.columns.values()))) > 1
    what = "test videos above, their forecasts below" if compared else "forecasts of test videos"
    alt = f"Frames of {len(grid.columns)} {what}, one at a time; the slider moves through them"
    caption = f"A column a video: {what}{'; dark where a video has ended' * compared}."
    return Section(
        title="A long forecast",
        text=f"Open loop after {grid.context} frames, up to frame {grid.numbers[-1]:,}.",
        parts=[Plot(figure, alt, caption, wide=True)],
    )


def _animation(grid: Grid, caption: str) -> Picture:
    """Return a grid as an animation."""
    width, height = _size(draw_grid(grid))
    rows = len(next(iter(grid.columns.values())))
    alt = (
        f"Animation of {rows} test videos, frames {grid.numbers[0]} to {grid.numbers[-1]}, in "
        f"columns: {', '.join(grid.columns)}"
    )
    return Picture(gif_bytes(grid), "gif", width, height, alt, caption, wide=width > _COLUMN)


def _size(video: np.ndarray) -> tuple[int, int]:
    """Return width and height of a video."""
    return video.shape[2], video.shape[1]


_SECTIONS = (_nats, _readouts, _blind, _reset, _swap, _forecast)
