"""Sections of an analysis about what was done to the model, level by level, and a long forecast.

A section is a function `(report, pictures) -> Section | None`, None where there is nothing of the
experiment: see `analysis_page`.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from cwvae.report import analysis_tables as tables
from cwvae.report import findings
from cwvae.report.grids import Grid, draw_grid, gif_bytes, png_bytes
from cwvae.report.page import Picture, Plot, Section
from cwvae.report.plots import bars, slider

__all__ = [
    "blind_section",
    "forecast_section",
    "resample_section",
    "reset_section",
    "swap_section",
]

_Report = dict[str, Any]
_Pictures = Mapping[str, Grid]

_COLUMN = 480  # pixels of the column of a page, in which wider pictures would be made smaller
_KEPT = {"digits kept": "identity", "way kept": "position"}


def blind_section(report: _Report, pictures: _Pictures) -> Section | None:
    """Return what forecasts keep when levels observe nothing during the context."""
    return _kept(
        report,
        pictures,
        "blind",
        findings.blind_found(report),
        "Levels that observe nothing during the context, and what forecasts lack without them.",
    )


def reset_section(report: _Report, pictures: _Pictures) -> Section | None:
    """Return what forecasts keep when levels are set back after the context."""
    return _kept(
        report,
        pictures,
        "reset",
        findings.reset_found(report),
        "Levels set back to their start after the context: what did they remember?",
    )


def resample_section(report: _Report, pictures: _Pictures) -> Section | None:
    """Return what is left when a level is drawn anew from its prior, the others held."""
    return _kept(
        report,
        pictures,
        "resample",
        findings.resample_found(report),
        "Reconstructions with one level drawn anew while the latents of the others are held: what "
        "is lost depends on the level, directly or through the levels below it.",
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
                "In columns, from left to right: the truth, what the whole model makes of it, and "
                f"with each level {_done(name)}. A row is a test video.",
            )
        )
    if name in report:
        series = {
            label: {levels: x[what] for levels, x in report[name].items()}
            for label, what in _KEPT.items()
        }
        figure = bars(series, xlabel=f"levels {_done(name)}", ylabel="share of videos")
        alt = f"Share of videos whose digits and way are kept, by the levels {_done(name)}"
        parts += [Plot(figure, alt), tables.kept_table(report, name)]
    if not parts:
        return None
    return Section(title=name.capitalize(), verdicts=verdicts, text=text, parts=parts)


def _done(name: str) -> str:
    """Return what was done to the levels, in words."""
    return "drawn anew" if name == "resample" else name


def swap_section(report: _Report, pictures: _Pictures) -> Section | None:
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
            for label, what in tables.SWAPPED.items()
        }
        figure = bars(series, xlabel="levels of another video", ylabel="share of pairs")
        alt = "Share of pairs of videos with own and other digits and way, by the levels swapped"
        parts += [Plot(figure, alt, wide=True), tables.swap_table(report)]
    if not parts:
        return None
    return Section(
        title="Swap",
        verdicts=findings.swap_found(report),
        text="Levels that go on from the state of another video: which facts travel with them?",
        parts=parts,
    )


def forecast_section(report: _Report, pictures: _Pictures) -> Section | None:
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
