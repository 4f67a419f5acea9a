"""Linear readouts of every level's state, of what is true of videos of digits."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Int

from cwvae.analysis.latents import LevelLatents
from cwvae.analysis.probes import Readout, read_classes, read_values

__all__ = ["probe_levels"]


def probe_levels(
    latents: Sequence[LevelLatents],
    labels: Int[np.ndarray, "videos num_digits"],
    positions: Float[np.ndarray, "videos frames num_digits 2"],
    context: int,
    seed: int,
) -> list[dict[str, dict[str, float]]]:
    """Return, for each level, what can be read from its state at the last context frame.

    `digits`, the share of videos in which all are right, each pair a class; `position` and
    `velocity`, mean distances of a digit from the truth in pixels and pixels a frame, two digits
    ordered by their classes. Beside each, what readouts of shuffled truths reach.
    """
    order = np.argsort(labels, axis=1, kind="stable")
    classes = np.unique(np.sort(labels, 1), axis=0, return_inverse=True)[1].ravel()
    ordered = np.take_along_axis(positions, order[:, np.newaxis, :, np.newaxis], 2)
    last = ordered[:, context - 1].astype(float)
    # After a single frame, the way to the next.
    first = max(context - 2, 0)
    velocity = np.diff(ordered[:, first : first + 2].astype(float), axis=1)[:, 0]
    found = []
    for level in latents:
        state = np.asarray(level.states[:, level.tick_at(context - 1)], dtype=float)
        read = {
            "digits": [read_classes(state, classes, seed=seed)],
            "position": [read_values(state, place, seed=seed) for place in last.swapaxes(0, 1)],
            "velocity": [read_values(state, step, seed=seed) for step in velocity.swapaxes(0, 1)],
        }
        found.append({name: _plain(readouts) for name, readouts in read.items()})
    return found


def _plain(readouts: Sequence[Readout]) -> dict[str, float]:
    """Return readouts, one of each digit or of all, as plain values: their means."""
    scores, shuffled, videos = zip(*readouts, strict=True)
    return {
        "score": float(np.mean(scores)),
        "shuffled": float(np.mean(shuffled)),
        "videos": videos[0],
    }
