"""Whether a walk leaves its room, and comes back, as the true one does: section `rooms`."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from jaxtyping import Int

from cwvae.analysis.room_sequence import SEQUENCES, room_sequence
from cwvae.analysis.walk_scores import score_walks
from cwvae.data.frame_bytes import to_bytes
from cwvae.evaluation.bootstrap import estimate
from cwvae.measures.measure import AbstractMeasure
from cwvae.measures.shown import Shown
from cwvae.measures.windows import model_and_rivals
from cwvae.training.settings import Settings

__all__ = ["Rooms", "why_no_rooms"]

_TRUTH = "truth"


def why_no_rooms(settings: Settings) -> str:
    """Return why walks have no class, nothing where they have."""
    if settings.model.channels == 3:
        return ""
    return "rooms: hallways are known by their colour, here are gray frames"


class Rooms(AbstractMeasure):
    """The class of the sequence of rooms, of context and forecast together.

    Harvey et al. 2022, after the poster of Saxena et al. 2021.
    """

    @property
    def protocol(self) -> Mapping[str, str]:
        """What is classed."""
        return {
            "rooms": (
                "class of the sequence of rooms (green pixels) of context and forecast against "
                "that of the true frames, all samples count alike"
            )
        }

    def observe(self, shown: Shown) -> dict[str, Int[np.ndarray, " samples"]]:
        """Return the classes of every row."""
        seen = to_bytes(shown.seen)
        rows = {_TRUTH: shown.truth[np.newaxis]} | model_and_rivals(shown)
        return {
            row: np.array([room_sequence(np.concatenate([seen, to_bytes(f)])) for f in futures])
            for row, futures in rows.items()
        }

    def report(self, observed: Sequence[dict[str, Int[np.ndarray, " samples"]]]) -> dict[str, Any]:
        """Return how often the class is the true one."""
        true = np.concatenate([classes[_TRUTH] for classes in observed])
        found = {row: np.stack([classes[row] for classes in observed]) for row in observed[0]}
        return {
            "rooms": {
                "sequences": list(SEQUENCES),
                "videos": len(observed),
                "shares": score_walks(true, true).shares,
                "rows": {row: _row(true, classes) for row, classes in found.items()},
            }
        }


def _row(
    true: Int[np.ndarray, " videos"], found: Int[np.ndarray, "videos samples"]
) -> dict[str, Any]:
    """Return the agreement of one row."""
    right = estimate((found == true[:, np.newaxis])[..., np.newaxis])
    scores = score_walks(np.repeat(true, found.shape[1]), found.ravel())
    ends = {name: round(float(value[0]), 4) for name, value in vars(right).items()}
    return {"accuracy": ends, "balanced": scores.balanced, "counts": scores.counts}
