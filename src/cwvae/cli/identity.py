"""The identity of digits in what `cwvae evaluate` measures: read, plotted and as a table."""

from collections.abc import Iterable
from pathlib import Path

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from cwvae.data.moving_mnist import MovingMNIST
from cwvae.data.sources import Source
from cwvae.evaluation.identity import Identity, Row
from cwvae.evaluation.reader import SIZES, load_reader
from cwvae.evaluation.video_reading import WINDOW, VideoReading, read_video
from cwvae.report.curves import Curve, Panel, write_curves

__all__ = ["identity_table", "read", "unread", "write_identity"]


def unread(source: Source, horizon: int) -> str:
    """Return why the digits of a data set are not read, nothing where they are."""
    if not isinstance(source, MovingMNIST):
        return "identity: only digits drawn on the fly can be read (--data moving_mnist)"
    if source.size not in SIZES or source.num_digits > 2:
        return (
            "identity: read are one or two digits in frames of 32 or 64 pixels, here are "
            f"{source.num_digits} in frames of {source.size}"
        )
    if horizon < WINDOW:
        return f"identity: read are forecasts of {WINDOW} frames or more, here are {horizon}"
    return ""


def read(
    item: dict[str, np.ndarray],
    video: Float[np.ndarray, "frames height width 1"],
    forecasts: Float[Array | np.ndarray, "samples horizon height width 1"],
    reconstruction: Float[Array | np.ndarray, "frames height width 1"],
) -> VideoReading:
    """Read the forecasts of a test video and its reconstruction."""
    return read_video(
        load_reader(video.shape[1]),
        forecasts,
        video,
        item["labels"],
        item["positions"],
        reconstruction=jnp.asarray(reconstruction),
    )


def write_identity(path: Path, identity: Identity) -> None:
    """Draw identity, legibility and position of every row against the frame."""
    frames = np.array(identity.frames)
    shares = {"accuracy": "windows with all digits right", "legible": "legible windows"}
    panels = [
        Panel(label, {name: _curve(row, share, frames) for name, row in identity.rows.items()})
        for share, label in shares.items()
    ]
    errors = {name: Curve(row.position_error) for name, row in identity.rows.items()}
    panels.append(Panel("position error, median (pixels)", errors))
    write_curves(path, panels, title=_title(identity), first_frame=identity.context + 1)


def identity_table(identity: Identity) -> str:
    """Return the shares of every row at every frame as text."""
    lines = [_title(identity), _line("windows with all digits right, at frame", identity.frames)]
    model = identity.rows["model"]
    for name, row in identity.rows.items():
        label = f"{name} (ceiling)" if name == "truth" else name
        lines.append(_line(f"  {label}", [f"{share:.3f}" for share in row.accuracy.mean]))
    # Of one digit the recall is the accuracy.
    for name in ("recall", "consistent", "legible")[identity.num_digits == 1 :]:
        shares = vars(model)[name].mean
        lines.append(_line(f"  model, {name}", [f"{share:.3f}" for share in shares]))
    near = f"a quarter of a digit, {identity.quarter_digit:g} pixels,"
    if model.lost_at is None:
        lines.append(f"position: the median error stays within {near} to the end")
    else:
        lines.append(f"position: the median error passes {near} at frame {model.lost_at}")
    return "\n".join(lines)


def _curve(row: Row, share: str, frames: np.ndarray) -> Curve:
    """Return a share against the frame, with its interval."""
    estimate = vars(row)[share]
    return Curve(estimate.mean, interval=(estimate.low, estimate.high), frames=frames)


def _title(identity: Identity) -> str:
    """Return what was measured."""
    digits = "1 digit" if identity.num_digits == 1 else f"{identity.num_digits} digits"
    samples = f"{identity.samples} sample{'s' * (identity.samples > 1)}"
    videos = f"{identity.videos} test video{'s' * (identity.videos > 1)}"
    return f"identity: {digits}, {samples} of {videos}, {identity.context} context frames"


def _line(name: str, cells: Iterable[object]) -> str:
    """Return a line of the table."""
    return "".join([f"{name:42}", *(f"{cell:>8}" for cell in cells)])
