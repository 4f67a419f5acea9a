"""The pictures of an analysis: what forecasts look like, whatever is done to the model."""

from collections.abc import Mapping

import jax.random as jr
import numpy as np
from jaxtyping import Float, PRNGKeyArray, UInt8

from cwvae.analysis.pictures import (
    blind_forecasts,
    every_so_many,
    resample_frames,
    reset_forecasts,
    swap_forecasts,
)
from cwvae.data.clips import Clips, played_frames
from cwvae.data.frame_bytes import from_bytes
from cwvae.data.moving_mnist import MovingMNIST
from cwvae.data.sources import Source, test_source
from cwvae.model import CWVAE
from cwvae.report.grids import Grid
from cwvae.training.settings import Settings

__all__ = ["draw_pictures"]

# Videos of frames of 1 channel, and of more, which take several times the bytes in a GIF.
_GRAY, _COLOUR = 4, 2
_LOOKED_AT = 32
_HORIZON, _BEFORE = 60, 6  # frames of an animation: of the forecast, and of the context before it
_SHOWN = 100  # frames of a long forecast

_Levels = tuple[int, ...]
_Frames = UInt8[np.ndarray, "videos frames height width channels"]
_Shown = UInt8[np.ndarray, "videos shown height width channels"]


def draw_pictures(
    model: CWVAE, settings: Settings, source: Source, *, context: int, horizon: int, seed: int
) -> dict[str, Grid]:
    """Return pictures of a few test videos by the name of their experiment.

    **Arguments:** `source`, test videos that may be too short to be compared with all that is
    forecast; the number of `context` frames; `horizon` of the long forecast, in frames.
    """
    count = _GRAY if settings.model.channels == 1 else _COLOUR
    truth = _test_videos(settings, source, context + horizon, count, seed)
    contexts, key = from_bytes(truth[:, :context]), jr.key(seed)
    short = min(_HORIZON, horizon)
    pictures = {}
    for name, forecasts in {"blind": blind_forecasts, "reset": reset_forecasts}.items():
        found = forecasts(model, contexts, short, key=key)
        columns = {_label(levels): videos for levels, videos in found.items()}
        pictures[name] = _animated(truth, columns, context, short)
    drawn = {_label(levels): v for levels, v in resample_frames(model, contexts, key=key).items()}
    numbers = np.arange(context) + 1
    pictures["resample"] = Grid({"truth": truth[:, :context], **drawn}, numbers, context)
    if len(truth) > 1:
        mixed = _swap_columns(swap_forecasts(model, contexts, short, key=key))
        pictures["swap"] = _after(mixed, context)
    pictures["forecast"] = _long(model, truth, contexts, horizon, key)
    return pictures


def _test_videos(settings: Settings, source: Source, frames: int, count: int, seed: int) -> _Frames:
    """Return so many test videos of at most so many frames.

    They are of different digits where they have some; those of files are as long as so many of the
    files are.
    """
    if isinstance(source, MovingMNIST):
        source = test_source(settings, frames=frames, length=_LOOKED_AT, seed=seed)
    elif isinstance(source, Clips):
        lengths = [played_frames(len(r.video), source.speed) for r in source.recordings]
        enough = sorted(lengths, reverse=True)[:count][-1]
        frames = min(frames, max(enough, source.frames))
        source = Clips(
            [r for r, length in zip(source.recordings, lengths, strict=True) if length >= frames],
            frames=frames,
            speed=float(source.speed),
        )
    items = [source[index] for index in range(min(_LOOKED_AT, len(source)))]
    first: dict[object, np.ndarray] = {}
    for number, item in enumerate(items):
        first.setdefault(tuple(item["labels"]) if "labels" in item else number, item["video"])
    return np.stack([*first.values()][:count])


def _label(levels: _Levels) -> str:
    """Return what was done, in the width of a frame."""
    return f"level{'s' * (len(levels) > 1)} {' '.join(map(str, levels))}" if levels else "none"


def _swap_columns(found: Mapping[_Levels, _Shown]) -> dict[str, _Shown]:
    """Return mixed forecasts by labels, beside those of a video and of the other one."""
    whole = max(len(levels) for levels in found)
    columns = {}
    for levels, videos in found.items():
        missing = sorted({*range(whole)} - {*levels})
        # Of many levels the names of all but one would be too long.
        label = _label(levels) if len(levels) < 3 else f"all but {missing[0]}" if missing else ""
        columns[{0: "own", whole: "other"}.get(len(levels), label)] = videos
    return columns


def _animated(truth: _Frames, columns: Mapping[str, _Shown], context: int, horizon: int) -> Grid:
    """Return forecasts beside the truth, after the end of their contexts."""
    before = truth[:, max(0, context - _BEFORE) : context]
    shown = {"truth": _padded(truth[:, context : context + horizon], horizon), **columns}
    return Grid(
        columns={name: np.concatenate([before, v], axis=1) for name, v in shown.items()},
        numbers=np.arange(context - before.shape[1], context + horizon) + 1,
        context=context,
    )


def _after(columns: Mapping[str, _Shown], context: int) -> Grid:
    """Return forecasts that have no context in common."""
    horizon = next(iter(columns.values())).shape[1]
    return Grid(columns, np.arange(horizon) + context + 1, context)


def _long(
    model: CWVAE,
    truth: _Frames,
    contexts: Float[np.ndarray, "videos context height width channels"],
    horizon: int,
    key: PRNGKeyArray,
) -> Grid:
    """Return every so many frames of a long forecast, below the truth as far as there is some."""
    context, every = contexts.shape[1], -(-horizon // _SHOWN)
    found = every_so_many(model, contexts, horizon, every, key=key)
    numbers = np.arange(0, horizon, every) + context + 1
    rows = [found]
    if truth.shape[1] > context:
        beside = _padded(truth[:, context::every][:, : len(numbers)], len(numbers))
        rows = [beside, found]
    pairs = zip(*rows, strict=True)
    columns = {f"video {number + 1}": np.stack(pair) for number, pair in enumerate(pairs)}
    return Grid(columns, numbers, context)


def _padded(videos: _Frames, frames: int) -> _Shown:
    """Return videos of so many frames, dark where they have ended."""
    missing = frames - videos.shape[1]
    return np.pad(videos, [(0, 0), (0, missing), (0, 0), (0, 0), (0, 0)])
