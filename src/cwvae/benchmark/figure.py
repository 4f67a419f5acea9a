"""The curves of a benchmark: what every method still has right, frame by frame."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from cwvae.benchmark.tables import by_method
from cwvae.evaluation.frame_metrics import FRAME_METRICS
from cwvae.evaluation.scores import MEAN
from cwvae.report.curves import Curve, Panel, write_curves

__all__ = ["write_figure"]

_Runs = Sequence[Mapping[str, Any]]

_READ = {"accuracy": "windows with the digit right", "legible": "legible"}
_ALIKE = ("ssim", "psnr")


def write_figure(path: Path, result: Mapping[str, Any]) -> None:
    """Draw what is read of digits and how alike frames are, a curve a method; nothing of no runs.

    A curve is the mean over seeds, its band from the least to the most.
    """
    groups = {runs[0]["title"]: runs for runs in by_method(result)}
    read = {title: runs for title, runs in groups.items() if runs[0]["identity"]}
    panels = [
        Panel(label, {title: _read(runs, share) for title, runs in read.items()})
        for share, label in _READ.items()
    ]
    panels += [
        Panel(
            FRAME_METRICS[name].label, {title: _alike(runs, name) for title, runs in groups.items()}
        )
        for name in _ALIKE
    ]
    drawn = [panel for panel in panels if panel.curves]
    if drawn:
        write_curves(path, drawn, title=result["about"])


def _read(runs: _Runs, share: str) -> Curve:
    """Return a share of the digits, at the frames at which they were read."""
    found = [run["identity"] for run in runs]
    return _curve([one[share] for one in found], found[0]["frames"])


def _alike(runs: _Runs, metric: str) -> Curve:
    """Return a metric of frames, at every predicted frame."""
    values = [run["curves"][MEAN][metric] for run in runs]
    first = runs[0]["context"] + 1
    return _curve(values, range(first, first + len(values[0])))


def _curve(values: Sequence[Sequence[float]], frames: Sequence[int]) -> Curve:
    """Return the mean over seeds, between the least and the most."""
    known = np.array(values)
    return Curve(known.mean(0), interval=(known.min(0), known.max(0)), frames=np.array(frames))
