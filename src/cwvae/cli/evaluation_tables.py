"""What `cwvae evaluate` found, as text and as curves, from the sections of its report."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from cwvae.cli.identity import identity_table, write_identity
from cwvae.evaluation.distance_kinds import DISTANCES
from cwvae.evaluation.frame_metrics import FRAME_METRICS
from cwvae.evaluation.scores import BEST, MEAN
from cwvae.report.curves import Curve, Panel, write_curves

__all__ = ["write_figures", "written_tables"]

_Report = Mapping[str, Any]
_AT_MOST = 4  # metrics side by side


def written_tables(report: _Report) -> str:
    """Return the tables of all sections that there are, and why others are not."""
    makers = {
        "summary": _frame_table,
        "elbo": _bound_line,
        "distances": _distance_table,
        "identity": lambda report: identity_table(report["identity"]),
        "rooms": _rooms_table,
        "actions": _actions_table,
    }
    tables = [make(report) for section, make in makers.items() if section in report]
    return "\n".join([*tables, *report["left_out"].values()])


def write_figures(out: Path, report: _Report) -> None:
    """Draw the curves of all metrics of frames, and of identity; remove what would not fit."""
    for name in ("metrics.png", "identity.png"):
        (out / name).unlink(missing_ok=True)
    if "curves" in report:
        metrics = next(iter(report["curves"].values()))
        panels = [_panel(report, metric) for metric in metrics]
        context, videos = report["context"], report["num_examples"]
        title = f"open loop after {context} frames, {videos} test videos"
        write_curves(out / "metrics.png", panels, title=title, first_frame=context)
    if "identity" in report:
        write_identity(out / "identity.png", report["identity"])


def _panel(report: _Report, metric: str) -> Panel:
    """Return the curves of a metric, a row each."""
    curves = {row: _curve(of[metric]) for row, of in report["curves"].items()}
    return Panel(FRAME_METRICS[metric].label, curves)


def _curve(known: Mapping[str, list[float]]) -> Curve:
    """Return means with their deviation, or medians with their quartiles."""
    if "mean" in known:
        return Curve(np.array(known["mean"]), std=np.array(known["std"]))
    low, high = np.array(known["low"]), np.array(known["high"])
    return Curve(np.array(known["median"]), interval=(low, high))


def _frame_table(report: _Report) -> str:
    """Return what the metrics have over all frames, a row a method."""
    samples = report["num_samples"]
    counted = {BEST: f"{BEST} of {samples}", MEAN: f"{MEAN} of {samples}"}
    metrics = list(next(iter(report["summary"].values())))
    blocks = []
    for first in range(0, len(metrics), _AT_MOST):
        shown = metrics[first : first + _AT_MOST]
        blocks.append(_row("", (FRAME_METRICS[metric].label for metric in shown)))
        for row, of in report["summary"].items():
            label = counted.get(row, str(row))
            blocks.append(_row(label, (_summarised(of[metric]) for metric in shown)))
    return "\n".join(blocks)


def _summarised(known: Mapping[str, Any]) -> str:
    """Return a mean with its deviation over videos, or a median with its interval."""
    if "mean" in known:
        return f"{known['mean']:.3f} +- {known['std']:.3f}"
    low, high = known["interval"]
    return f"{known['median']:.3f} ({low:.3f} to {high:.3f})"


def _bound_line(report: _Report) -> str:
    """Return the terms of the bound."""
    bound = report["elbo"]
    nats = ", ".join(f"level {n}: {kl:.1f}" for n, kl in enumerate(bound["kl_per_level"]))
    return (
        f"ELBO {bound['value']:.1f} nats over {bound['frames']} frames: log-likelihood "
        f"{bound['log_likelihood']:.1f}; KL {nats}"
    )


def _distance_table(report: _Report) -> str:
    """Return the distances of every row at every window."""
    known = report["distances"]
    windows = _windows(known["windows"])
    lines = []
    for metric in next(iter(known["rows"].values())):
        label = DISTANCES[metric].label
        lines.append(_row(f"{label} of {known['videos']} videos", windows))
        for row, of in known["rows"].items():
            cells = zip(*(of[metric][name] for name in ("value", "low", "high")), strict=True)
            lines.append(_row(f"  {row}", (_ends(*cell, digits=2) for cell in cells)))
    return "\n".join(lines)


def _rooms_table(report: _Report) -> str:
    """Return how often the sequence of rooms is right."""
    known = report["rooms"]
    shares = ", ".join(
        f"{share:.0%} {name}"
        for share, name in zip(known["shares"], known["sequences"], strict=True)
    )
    lines = [
        f"rooms: of {known['videos']} walks {shares}",
        _row("class right", ["of all", "mean of classes"]),
    ]
    for row, of in known["rows"].items():
        share = _ends(*(of["accuracy"][name] for name in ("mean", "low", "high")))
        lines.append(_row(f"  {row}", [share, f"{of['balanced']:.3f}"]))
    return "\n".join(lines)


def _actions_table(report: _Report) -> str:
    """Return how often the action is right at every window."""
    known = report["actions"]
    lines = [_row(f"action right, {known['videos']} videos", _windows(known["windows"]))]
    for row, of in known["rows"].items():
        cells = zip(*(of[name] for name in ("mean", "low", "high")), strict=True)
        label = f"{row} (ceiling)" if row == "truth" else row
        lines.append(_row(f"  {label}", (_ends(*cell) for cell in cells)))
    return "\n".join(lines)


def _windows(windows: Sequence[Sequence[int]]) -> list[str]:
    """Return heads for windows."""
    return [f"frames {first} to {last}" for first, last in windows]


def _ends(value: float, low: float, high: float, *, digits: int = 3) -> str:
    """Return a number with its interval."""
    return f"{value:.{digits}f} ({low:.{digits}f} to {high:.{digits}f})"


def _row(name: str, cells: Iterable[str]) -> str:
    """Return a line of a table."""
    return "".join([f"{name:24}", *(f"{cell:>26}" for cell in cells)])
