"""What people do, in windows of a forecast, by the reader of actions: section `actions`."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from jaxtyping import Int

from cwvae.data.clips import Clips
from cwvae.evaluation.action_reader import ACTIONS, FRAMES, SIZES, load_action_reader
from cwvae.evaluation.bootstrap import estimate
from cwvae.measures.measure import AbstractMeasure
from cwvae.measures.shown import Shown
from cwvae.measures.windows import cut, first_and_last, model_and_rivals, too_short
from cwvae.training.settings import Settings

__all__ = ["Actions", "why_no_actions"]

_NAME = re.compile(r"person\d\d_([a-z]+)_d\d", re.I)
_TRUTH = "truth"


def why_no_actions(settings: Settings) -> str:
    """Return why actions are not read, nothing where they are."""
    data, model = settings.data, settings.model
    if (model.size, model.channels) not in [(size, 1) for size in SIZES]:
        shape = f"{model.size} x {model.size} x {model.channels}"
        return f"actions: read are gray frames of {' or '.join(map(str, SIZES))}, here are {shape}"
    if data.speed != 1 or data.frame_rate is not None:
        return "actions: read are 25 frames a second, here are others (--speed, --frame-rate)"
    return too_short("actions", settings.horizon)


class Actions(AbstractMeasure):
    """Which action the reader sees in windows of 16 frames along the forecast.

    **Arguments:** `source`, whose files have their action in their names; `context` and `horizon`.
    """

    def __init__(self, source: Clips, *, context: int, horizon: int):
        """Take the source and the numbers."""
        self.source, self.context = source, context
        self.windows = first_and_last(context, horizon)

    @property
    def protocol(self) -> Mapping[str, str]:
        """What is read."""
        return {
            "actions": (
                f"the most probable of {len(ACTIONS)} actions in windows of {FRAMES} frames, "
                "clipped to [0, 1], against that in the file's name, all samples count alike"
            )
        }

    def observe(self, shown: Shown) -> dict[str, np.ndarray]:
        """Return the classes of every row, (samples, windows), and the true one."""
        rows = {_TRUTH: shown.truth[np.newaxis]} | model_and_rivals(shown)
        windows = np.concatenate([cut(futures, self.context) for futures in rows.values()])
        classes = np.asarray(load_action_reader()(windows)).argmax(-1)
        shaped = classes.reshape(-1, len(self.windows))
        ends = np.cumsum([len(futures) for futures in rows.values()])[:-1]
        found = dict(zip(rows, np.split(shaped, ends), strict=True))
        return found | {"label": np.array(self._label(shown.number))}

    def report(self, observed: Sequence[dict[str, np.ndarray]]) -> dict[str, Any]:
        """Return how often the action is right at every window."""
        labels = np.stack([of_video["label"] for of_video in observed])
        rows = {
            row: _row(np.stack([of_video[row] for of_video in observed]), labels)
            for row in observed[0]
            if row != "label"
        }
        found = {"actions": list(ACTIONS), "windows": self.windows, "videos": len(observed)}
        return {"actions": found | {"rows": rows}}

    def _label(self, number: int) -> int:
        """Return the action of a test video, or raise `ValueError` for a name without one."""
        path = self.source.origin(number).path
        match = _NAME.match(path.name if path else "")
        if match is None or match[1].casefold() not in ACTIONS:
            raise ValueError(
                f"expected an action ({', '.join(ACTIONS)}) in the name of every file, as in "
                f"person01_walking_d1_uncomp.avi, got {path}; leave actions out of --metrics"
            )
        return ACTIONS.index(match[1].casefold())


def _row(
    classes: Int[np.ndarray, "videos samples windows"], labels: Int[np.ndarray, " videos"]
) -> dict[str, list[float]]:
    """Return the accuracy at every window, with its interval."""
    found = estimate(classes == labels[:, np.newaxis, np.newaxis])
    return {name: [round(float(x), 4) for x in values] for name, values in vars(found).items()}
