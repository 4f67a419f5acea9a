"""Is it still the same digit, and in its place? Forecasts of Moving MNIST, read by a frozen reader.

For each of some frames up to 1000 the ten frames that end there are read together. All samples
count alike: none is chosen. What cannot be read is wrong.
"""

import math
from collections.abc import Sequence
from typing import Any

import equinox as eqx
import numpy as np
from jaxtyping import Array, Float, Int

from cwvae.evaluation.bootstrap import Estimate, estimate
from cwvae.evaluation.reader import PAIRS, Reader, load_reader
from cwvae.evaluation.video_reading import (
    Seen,
    VideoReading,
    distance,
    legible,
    read_video,
    window_ends,
)
from cwvae.shapes import checked

__all__ = ["NEAR", "Identity", "Row", "as_json", "found_share", "measure", "summarise"]

NEAR = 7 / 64
"""A quarter of a digit, as a share of the edge of a frame."""


class Row(eqx.Module):
    """How well one kind of forecast keeps digits, at the frames of an `Identity`.

    **Arguments:** shares of the windows in [0, 1]: `accuracy`, legible and all digits right;
    `recall`, of legible windows the share of digits that are right, 0 of others; `consistent`,
    legible and read as the first ten frames after the context were, right or wrong; `legible`, at
    least three of ten frames read with a probability above .5, and between .7 and 1.3 of the
    context's mass. `position_error`, the median over videos and samples at each frame after the
    context, in pixels; `lost_at`, the first frame, counted from 1, where it passes a quarter of a
    digit, None where it never does.
    """

    accuracy: Estimate
    recall: Estimate
    consistent: Estimate
    legible: Estimate
    position_error: Float[np.ndarray, " horizon"]
    lost_at: int | None


class Identity(eqx.Module):
    """What the reader finds in forecasts, and in what stands beside them.

    **Arguments:** `frames`, the last of each window, counted from 1, context included; `context`;
    `rows` by name: `model`, `truth` (the ceiling), `reconstruction` where it was given, `copy of
    the last frame`, `another video` (chance, of
    two or more); the number of `videos`, `samples` and `num_digits`;
    `quarter_digit` in pixels.
    """

    frames: tuple[int, ...]
    context: int
    rows: dict[str, Row]
    videos: int
    samples: int
    num_digits: int
    quarter_digit: float


@checked
def measure(
    forecasts: Float[Array | np.ndarray, "videos samples horizon height width 1"],
    truth: Float[Array | np.ndarray, "videos frames height width 1"],
    labels: Int[Array | np.ndarray, "videos num_digits"],
    positions: Float[Array | np.ndarray, "videos frames num_digits 2"],
    *,
    reconstructions: Float[Array | np.ndarray, "videos frames height width 1"] | None = None,
    reader: Reader | None = None,
    seed: int = 0,
) -> Identity:
    """Return how well forecasts keep the digits of their videos, and the digits' places.

    The protocol for numbers that are compared: 256 videos of test digits, 36 context frames, 5
    samples, 1000 frames in all. Videos that do not fit into memory together are read one by one
    by `read_video`, then `summarise` is the same.

    **Arguments:** `forecasts` go on after the context, the frames of `truth` that they lack;
    `labels` and `positions` as `MovingMNIST` gives them, one or two digits; `reconstructions` of
    all frames, another row; `reader`, that of the package for the frames' size; `seed` of the
    bootstrap.

    Raises `ValueError` without a video, for fewer than ten frames to read, no context, frames
    that no reader is for, or more than two digits.
    """
    frames, horizon = truth.shape[1], forecasts.shape[2]
    if horizon >= frames:
        raise ValueError(
            f"truth must begin with the context, got {frames} frames of it for {horizon} forecast "
            "ones; give the whole videos"
        )
    reader = load_reader(truth.shape[2]) if reader is None else reader
    labels, positions = np.asarray(labels), np.asarray(positions)
    made = [None] * len(truth) if reconstructions is None else reconstructions
    rows = zip(forecasts, truth, labels, positions, made, strict=True)
    readings = [read_video(reader, *row[:4], reconstruction=row[4]) for row in rows]
    return summarise(readings, context=frames - horizon, size=truth.shape[2], seed=seed)


def summarise(
    readings: Sequence[VideoReading], *, context: int, size: int, seed: int = 0
) -> Identity:
    """Return what the readings of videos come to.

    **Arguments:** `readings` of at least one video, all of one length; for two or more there is
    the row `another video`, the one before; the number of `context` frames; `size` of the frames
    in pixels; `seed` of the bootstrap. Raises `ValueError` without a video.
    """
    if not readings:
        raise ValueError("readings must be of at least one video, got none; read some first")
    labels = np.stack([reading.labels for reading in readings])
    kinds = {
        name: _stacked([reading.seen[name] for reading in readings]) for name in readings[0].seen
    }
    if len(readings) > 1:
        kinds["another video"] = _another(readings)
    samples, horizon = kinds["model"].errors.shape[1:]
    near = NEAR * size
    return Identity(
        frames=window_ends(context, context + horizon)[1:],
        context=context,
        rows={name: _row(seen, labels, context, near, seed) for name, seen in kinds.items()},
        videos=len(readings),
        samples=samples,
        num_digits=labels.shape[1],
        quarter_digit=near,
    )


def as_json(identity: Identity) -> dict[str, Any]:
    """Return an `Identity` as lists and numbers, rounded: that of the model on top."""
    model, truth = identity.rows["model"], identity.rows["truth"]
    return {
        "frames": list(identity.frames),
        "accuracy": _listed(model.accuracy.mean),
        "ceiling": _listed(truth.accuracy.mean),
        "legible": _listed(model.legible.mean),
        "recall": _listed(model.recall.mean),
        "consistent": _listed(model.consistent.mean),
        "position_lost_at": model.lost_at,
        "quarter_digit": identity.quarter_digit,
        "context": identity.context,
        "videos": identity.videos,
        "samples": identity.samples,
        "num_digits": identity.num_digits,
        "rows": {name: _row_as_json(row) for name, row in identity.rows.items()},
    }


def _another(readings: Sequence[VideoReading]) -> Seen:
    """Return what is seen where each video's forecast is the truth of the one before."""
    seen = _stacked([readings[n - 1].seen["truth"] for n in range(len(readings))])
    places = np.stack([readings[n - 1].places for n in range(len(readings))])
    errors = distance(places, np.stack([reading.positions for reading in readings]))
    return eqx.tree_at(lambda seen: seen.errors, seen, errors[:, np.newaxis])


def _stacked(seen: Sequence[Seen]) -> Seen:
    """Return what was seen in several videos as arrays over videos."""
    return Seen(**{name: np.stack([vars(s)[name] for s in seen]) for name in vars(seen[0])})


def _row(seen: Seen, labels: np.ndarray, context: int, near: float, seed: int) -> Row:
    """Return the scores of one kind of forecast."""
    first, classes = seen.classes[..., :1], seen.classes[..., 1:]
    readable = legible(seen.confident, seen.mass)[..., 1:]
    found = found_share(classes, labels)
    # What is nowhere, such as a forecast that is not finite, is as far away as can be.
    farthest = near / NEAR * math.sqrt(2)
    median = np.median(np.nan_to_num(seen.errors, nan=farthest), axis=(0, 1))
    late = np.flatnonzero(median > near)
    scores = {
        "accuracy": readable & (found == 1),
        "recall": readable * found,
        "consistent": readable & (classes == first),
        "legible": readable,
    }
    return Row(
        **{name: estimate(values, seed=seed) for name, values in scores.items()},
        position_error=median,
        lost_at=context + int(late[0]) + 1 if len(late) else None,
    )


def found_share(
    classes: Int[np.ndarray, "videos samples windows"], labels: Int[np.ndarray, "videos num_digits"]
) -> Float[np.ndarray, "videos samples windows"]:
    """Return the share of each video's digits that is among those read, 0 to 1.

    **Arguments:** `classes`, as `Seen` has them; `labels` of the digits that should be there.
    """
    truth = labels[:, np.newaxis, np.newaxis]
    if labels.shape[1] == 1:
        return (classes == truth[..., 0]).astype(float)
    read = np.array(PAIRS)[classes]
    straight = (read == truth).sum(-1)
    crossed = (read[..., ::-1] == truth).sum(-1)
    return np.maximum(straight, crossed) / 2


def _row_as_json(row: Row) -> dict[str, Any]:
    """Return a row as lists."""
    names = ("accuracy", "recall", "consistent", "legible")
    shares = {
        name: {end: _listed(values) for end, values in vars(vars(row)[name]).items()}
        for name in names
    }
    return {
        **shares,
        "position_error": _listed(row.position_error),
        "position_lost_at": row.lost_at,
    }


def _listed(values: np.ndarray) -> list[float]:
    """Return numbers of four decimals."""
    return [round(float(value), 4) for value in values]
