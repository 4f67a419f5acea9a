"""Tables and a picture of what `scripts/sweeps.py` measured: speeds and clocks."""

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from short_runs import source

from cwvae.analysis.speed import SpeedNats
from cwvae.report.curves import Curve, Panel, write_curves

__all__ = ["draw_factors", "factor_table", "speed_table"]

SHOWN = (100, 300, 1000)
_COMMAND = "python scripts/sweeps.py {0} {0}.json --runs runs"


def speed_table(result: dict) -> str:
    """Return the nats and the shares of every level at each speed, and their rank correlation."""
    found = _nats(result)
    levels = range(found.nats.shape[1])
    heads = [
        "speed",
        *(f"level {n}, nats a video" for n in levels),
        *(f"share {n}" for n in levels),
    ]
    rows = [
        [f"{speed:g}", *(f"{x:.0f}" for x in nats), *(f"{x:.2f}" for x in shares)]
        for speed, nats, shares in zip(found.speeds, found.nats, found.shares, strict=True)
    ]
    ranks = [f"{x + 0.0:.2f}" for x in found.correlations]
    rows.append(["rank correlation", *("" for _ in levels), *ranks])
    return _markdown(heads, rows) + "\n\n" + source(result, _COMMAND.format("speed"))


def _nats(result: dict) -> SpeedNats:
    """Return the means over seeds, the slowest video first."""
    speeds = sorted({float(run["variant"]) for run in result["runs"]})
    nats = [
        [run["elbo"]["kl_per_level"] for run in result["runs"] if float(run["variant"]) == speed]
        for speed in speeds
    ]
    return SpeedNats(np.array(speeds), np.array([np.mean(rows, 0) for rows in nats]))


def factor_table(result: dict, sweep: str) -> str:
    """Return identity and position by the temporal abstraction factor: least and most of seeds."""
    heads = ["factor", "context", *(f"right at {frame}" for frame in SHOWN)]
    heads += [f"legible at {SHOWN[-1]}", "place lost at", "ELBO (nats a frame)", "seeds"]
    rows = []
    for factor in sorted({int(run["variant"]) for run in result["runs"]}):
        runs = [run for run in result["runs"] if int(run["variant"]) == factor]
        lost = [run["position_lost_at"] or math.inf for run in runs]
        elbo = [run["elbo"]["value"] / run["elbo"]["frames"] for run in runs]
        rows.append(
            [
                str(factor),
                str(runs[0]["context"]),
                *(_range([_at(run, "accuracy", frame) for run in runs]) for frame in SHOWN),
                _range([_at(run, "legible", SHOWN[-1]) for run in runs]),
                _range(lost, ".0f"),
                _range(elbo, ".1f"),
                str(len(runs)),
            ]
        )
    return _markdown(heads, rows) + "\n\n" + source(result, _COMMAND.format(sweep))


def draw_factors(results: dict[str, dict], path: Path) -> None:
    """Draw identity against the frame, a panel a sweep and a curve a factor."""
    panels = []
    for title, result in results.items():
        curves = {}
        for factor in sorted({int(run["variant"]) for run in result["runs"]}):
            runs = [run for run in result["runs"] if int(run["variant"]) == factor]
            # A window that ends in the context is not of the forecast.
            frames = np.array(runs[0]["frames"])
            values = np.array([run["accuracy"] for run in runs])
            ends = values.min(0), values.max(0)
            curves[f"factor {factor}"] = Curve(values.mean(0), interval=ends, frames=frames)
        panels.append(Panel(f"digits right, {title}", curves))
    write_curves(path, panels, title="identity against the frame, by the factor")


def _at(run: dict, share: str, frame: int) -> float:
    """Return a share at a frame."""
    return run[share][run["frames"].index(frame)]


def _range(values: Sequence[float], form: str = ".2f") -> str:
    """Return the least and the greatest value as text."""
    ends = ("never" if x == math.inf else f"{x:{form}}" for x in (min(values), max(values)))
    return " to ".join(dict.fromkeys(ends))


def _markdown(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table in Markdown."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
