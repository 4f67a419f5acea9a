"""Linear readouts of every level's state, of whatever is known of the test videos."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from cwvae.analysis.latents import LevelLatents
from cwvae.analysis.probes import Readout, enough
from cwvae.analysis.truths import probe
from cwvae.data.own_truths import Wanted, own_truths
from cwvae.data.sources import Source
from cwvae.data.truths import Known, known_truths
from cwvae.evaluation.video_reading import WINDOW

__all__ = ["ProbeTimes", "find_truths", "probe_report"]


@dataclasses.dataclass(frozen=True, kw_only=True)
class ProbeTimes:
    """When levels are read.

    - `context`: frames that are seen;
    - `horizon`: frames that are imagined after them, at least 10;
    - `quick`: whether levels are read at half as many frames.
    """

    context: int
    horizon: int
    quick: bool = False

    @property
    def frames(self) -> tuple[int, ...]:
        """The frames at which levels are read, counted from 0.

        The first, middle and last of the context; in the forecast the last of a clip, the last of
        all, and some between them, each as many times later as the one before.
        """
        seen = np.linspace(0, self.context - 1, 2 if self.quick else 3)
        after = np.geomspace(WINDOW, self.horizon, 2 if self.quick else 5)
        chosen = [*seen, *(self.context - 1 + after)]
        return tuple(sorted({round(float(frame)) for frame in chosen}))


def find_truths(
    source: Source, videos: int, times: ProbeTimes, *, own: Path | None, resampled: bool
) -> Known:
    """Return what is known of test videos, that of a user's own file in the place of the same name.

    Raises `FileNotFoundError` and `ValueError` for a file that is no such file, or too few videos
    for it.
    """
    known = known_truths(source, videos, times.frames, resampled=resampled)
    if own is None:
        return known
    if why := enough(known.groups):
        raise ValueError(f"{own}: {why} (--num-examples, or more test files)")
    length = times.context + WINDOW
    found = own_truths(own, Wanted(videos, len(source), length, times.frames))
    names = {truth.name for truth in found}
    others = tuple(truth for truth in known.truths if truth.name not in names)
    left_out = {name: why for name, why in known.left_out.items() if name not in names}
    return known._replace(truths=others + found, left_out=left_out)


def probe_report(
    latents: Sequence[LevelLatents], known: Known, times: ProbeTimes, seed: int
) -> dict[str, Any]:
    """Return what is read from every level, at the last context frame and over time, plain.

    Scores are shares of videos of classes, and mean distances from the truth, in its unit, of
    values; beside each, what readouts of shuffled truths reach. Nothing where nothing is known.
    """
    report: dict[str, Any] = {"probes_left_out": known.left_out}
    if not known.truths:
        return report
    frames = times.frames
    read = probe(latents, known.truths, frames, groups=known.groups, seed=seed)
    kinds = {t.name: {"kind": t.kind, "unit": t.unit} for t in known.truths}
    last = frames.index(times.context - 1)
    at_last = [{name: found[last] for name, found in level.items()} for level in read]
    return report | {
        "probes": [
            {name: found._asdict() | kinds[name] for name, found in level.items() if found}
            for level in at_last
        ],
        "probes_over_time": {
            "frames": list(frames),
            "context": times.context,
            "levels": [
                {name: _over_time(found) for name, found in level.items()} for level in read
            ],
        },
    }


def _over_time(read: Sequence[Readout | None]) -> dict[str, list[float | None]]:
    """Return scores at each frame, None where the truth is not known."""
    return {
        "scores": [found.score if found else None for found in read],
        "shuffled": [found.shuffled if found else None for found in read],
    }
