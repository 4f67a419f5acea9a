"""Sections of an analysis about time: the speed of the video, and other clocks.

A section is a function `(report, pictures) -> Section | None`, None where the report does not have
the experiment: see `analysis_page`.
"""

from collections.abc import Mapping
from typing import Any

from cwvae.report import analysis_tables as tables
from cwvae.report import findings
from cwvae.report.grids import Grid
from cwvae.report.page import Plot, Section
from cwvae.report.plots import bars

__all__ = ["clock_section", "speed_section"]

_Report = dict[str, Any]
_Pictures = Mapping[str, Grid]


def speed_section(report: _Report, pictures: _Pictures) -> Section | None:
    """Return how the nats of the levels change with the speed of the video."""
    found = report.get("speed", {})
    if "shares" not in found:
        return None
    series = {
        f"level {level}": {
            f"{speed:g}": shares[level]
            for speed, shares in zip(found["speeds"], found["shares"], strict=True)
        }
        for level in range(len(report["levels"]))
    }
    figure = bars(series, xlabel="times the speed of the run", ylabel="share of the nats")
    return Section(
        title="Speed",
        verdicts=findings.speed_found(report),
        text=(
            f"The KL of {report['context']} frames of the same kind of video, slower and faster "
            "than those that the model was trained on: does information move up when the video "
            "slows down? Of speeds that the model was not trained on, nats are surprise too."
        ),
        notes=[f"Not at {speed} times: {why}" for speed, why in found["left_out"].items()],
        parts=[
            Plot(figure, "Share of the nats in each level, by the speed of the video"),
            tables.speed_table(report),
        ],
    )


def clock_section(report: _Report, pictures: _Pictures) -> Section | None:
    """Return what it costs to imagine with the same sizes on other clocks."""
    if "clock" not in report:
        return None
    frames = f"{report['clock'][0]['frames']:,}"
    times = {str(x["factor"]): 1000 * x["seconds"] for x in report["clock"]}
    figure = bars({"one video": times}, xlabel="temporal abstraction factor", ylabel="milliseconds")
    return Section(
        title="Clock",
        verdicts=findings.clock_found(report),
        text=(
            f"The same levels with other temporal abstraction factors: {frames} frames imagined, "
            "nothing decoded, the fastest of five calls."
        ),
        parts=[
            Plot(figure, f"Milliseconds for {frames} frames, by the factor"),
            tables.clock_table(report),
        ],
    )
