"""Forecasts of one test video by every method of a benchmark, one below the other."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from cwvae.benchmark.runs import EVALUATION, Run
from cwvae.benchmark.tables import by_method
from cwvae.cli.loading import load_model
from cwvae.cli.predict import continue_video
from cwvae.data.sources import test_source
from cwvae.report.packed import pack_frames, unpack_frames
from cwvae.report.strip import write_strip

__all__ = ["strip", "write_strips"]

_COLUMNS = 24


def strip(run: Run, *, video: int = 0) -> dict[str, Any]:
    """Return some frames of a test video and of its forecast, as values for JSON.

    The video is forecast by itself, so that SVG-LP normalises by its running statistics.

    **Arguments:** `run`, trained and measured here; `video`, the number of the test video, one of
    those that all methods are measured on.
    """
    found, loaded = run.measured(EVALUATION), load_model(run.folder, step=None)
    context, horizon, seed = (int(found[name]) for name in ("context", "horizon", "seed"))
    source = test_source(
        loaded.settings, frames=context + horizon, length=found["num_examples"], seed=seed
    )
    truth = source[video]["video"]
    made = continue_video(loaded.model, truth[:context], horizon, seed=seed)
    every = -(-len(truth) // _COLUMNS)
    shown = {"truth": truth, "forecast": np.concatenate([truth[:context], made.forecast])}
    packed = {name: pack_frames(frames[::every]) for name, frames in shown.items()}
    return {"frames": len(truth), "every": every, "context": context, **packed}


def write_strips(path: Path, result: Mapping[str, Any]) -> None:
    """Write the truth and the forecast of every method as rows of frames; nothing of no runs.

    **Arguments:** `path`, a .png file; `result`, of a benchmark. Methods stand in the order of its
    tables, each with the first of its runs.
    """
    runs = [of_method[0] for of_method in by_method(result)]
    if not runs:
        return
    first = runs[0]["strip"]
    rows = {"truth": _frames(first, "truth")}
    rows |= {run["title"]: _frames(run["strip"], "forecast") for run in runs}
    write_strip(path, rows, every=first["every"], context=first["context"])


def _frames(strip: Mapping[str, Any], name: str) -> np.ndarray:
    """Return a video that has the frames of a strip at their places, and black ones between."""
    shown = range(0, strip["frames"], strip["every"])
    known = unpack_frames(strip[name], len(shown))
    video = np.zeros((strip["frames"], *known.shape[1:]), np.uint8)
    video[list(shown)] = known
    return video
