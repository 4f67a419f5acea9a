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

    `digits`, the share of videos in which all are right; `position` and `velocity`, mean distances
    from the truth in pixels and pixels a frame, two digits in the order of their classes. Beside
    each, what a readout of shuffled truths reaches.
    """
    order = np.argsort(labels, axis=1, kind="stable")
    classes = np.unique(np.sort(labels, 1), axis=0, return_inverse=True)[1].ravel()
    ordered = np.take_along_axis(positions, order[:, np.newaxis, :, np.newaxis], 2)
    last, before = (ordered[:, frame].astype(float) for frame in (context - 1, context - 2))
    found = []
    for level in latents:
        state = np.asarray(level.states[:, level.tick_at(context - 1)], dtype=float)
        read = {
            "digits": read_classes(state, classes, seed=seed),
            "position": read_values(state, last.reshape(len(state), -1), seed=seed),
            "velocity": read_values(state, (last - before).reshape(len(state), -1), seed=seed),
        }
        found.append({name: _plain(readout) for name, readout in read.items()})
    return found


def _plain(readout: Readout) -> dict[str, float]:
    """Return a readout as plain values."""
    return {"score": readout.score, "shuffled": readout.shuffled, "videos": readout.videos}
