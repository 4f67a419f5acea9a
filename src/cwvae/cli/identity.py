"""The identity of digits that `cwvae evaluate` found, plotted and as a table."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from cwvae.report.curves import Curve, Panel, write_curves

__all__ = ["identity_table", "write_identity"]

# What `cwvae.evaluation.identity.as_json` returns.
_Identity = Mapping[str, Any]


def write_identity(path: Path, identity: _Identity) -> None:
    """Draw identity, legibility and position of every row against the frame."""
    frames = np.array(identity["frames"])
    rows = identity["rows"]
    shares = {"accuracy": "windows with all digits right", "legible": "legible windows"}
    panels = [
        Panel(label, {name: _curve(row[share], frames) for name, row in rows.items()})
        for share, label in shares.items()
    ]
    errors = {name: Curve(np.array(row["position_error"])) for name, row in rows.items()}
    panels.append(Panel("position error, median (pixels)", errors))
    write_curves(path, panels, title=_title(identity), first_frame=identity["context"] + 1)


def identity_table(identity: _Identity) -> str:
    """Return the shares of every row at every frame as text."""
    lines = [_title(identity), _line("windows with all digits right, at frame", identity["frames"])]
    model = identity["rows"]["model"]
    for name, row in identity["rows"].items():
        label = f"{name} (ceiling)" if name == "truth" else name
        lines.append(_line(f"  {label}", [f"{share:.3f}" for share in row["accuracy"]["mean"]]))
    # Of one digit the recall is the accuracy.
    for name in ("recall", "consistent", "legible")[identity["num_digits"] == 1 :]:
        shares = model[name]["mean"]
        lines.append(_line(f"  model, {name}", [f"{share:.3f}" for share in shares]))
    near = f"a quarter of a digit, {identity['quarter_digit']:g} pixels,"
    if model["position_lost_at"] is None:
        lines.append(f"position: the median error stays within {near} to the end")
    else:
        lost_at = model["position_lost_at"]
        lines.append(f"position: the median error passes {near} at frame {lost_at}")
    return "\n".join(lines)


def _curve(share: Mapping[str, Any], frames: np.ndarray) -> Curve:
    """Return a share against the frame, with its interval."""
    mean, low, high = (np.array(share[name]) for name in ("mean", "low", "high"))
    return Curve(mean, interval=(low, high), frames=frames)


def _title(identity: _Identity) -> str:
    """Return what was measured."""
    digits = _counted(identity["num_digits"], "digit")
    samples = _counted(identity["samples"], "sample")
    videos = _counted(identity["videos"], "test video")
    return f"identity: {digits}, {samples} of {videos}, {identity['context']} context frames"


def _counted(number: int, name: str) -> str:
    """Return a number of things."""
    return f"{number} {name}{'s' * (number != 1)}"


def _line(name: str, cells: Iterable[object]) -> str:
    """Return a line of the table."""
    return "".join([f"{name:42}", *(f"{cell:>8}" for cell in cells)])
