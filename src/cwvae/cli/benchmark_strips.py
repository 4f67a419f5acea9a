"""Forecasts of one test video by every method of a benchmark, one below the other."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from cwvae.benchmark.runs import EVALUATION, Run
from cwvae.cli.loading import load_model
from cwvae.cli.predict import continue_video
from cwvae.data.sources import test_source
from cwvae.report.strip import write_strip

__all__ = ["write_strips"]

_COLUMNS = 24


def write_strips(path: Path, runs: Sequence[tuple[str, Run]], *, video: int = 0) -> None:
    """Write the truth and the forecast of every method as rows of frames.

    **Arguments:** `path`, a .png file; `runs`, done, each with its name; `video`, the number of the
    test video, one of those that all were measured on.
    """
    rows: dict[str, np.ndarray] = {}
    context = every = 1
    for title, run in runs:
        found, loaded = run.found(EVALUATION), load_model(run.folder, step=None)
        context, horizon, seed = (int(found[name]) for name in ("context", "horizon", "seed"))
        source = test_source(
            loaded.settings, frames=context + horizon, length=found["num_examples"], seed=seed
        )
        truth = source[video]["video"]
        made = continue_video(loaded.model, truth[:context], horizon, seed=seed)
        rows["truth"] = truth
        rows[title] = np.concatenate([truth[:context], made.forecast])
        every = -(-len(truth) // _COLUMNS)
    write_strip(path, rows, every=every, context=context)
