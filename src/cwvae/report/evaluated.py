"""What `cwvae evaluate` found of several runs, as measures."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from cwvae.evaluation.distance_kinds import DISTANCES
from cwvae.evaluation.frame_metrics import FRAME_METRICS
from cwvae.evaluation.scores import MEAN, middle
from cwvae.report.results import Estimate, Measure, Results

__all__ = ["evaluated", "scored"]

_NORMAL = 1.96  # standard errors on either side of a mean, where a report has no interval

_Tests = Mapping[str, str]


def evaluated(results: Sequence[Results], tests: _Tests) -> list[Measure]:
    """Return identity, the metrics of frames, distances, rooms and actions.

    **Arguments:** `results`; `tests`, what each run was measured on, by its name: what was measured
    on different test videos is not compared.
    """
    return [
        _identity(results, tests),
        *(_score(results, metric, tests) for metric in scored(results)),
        *(_distance(results, name, tests) for name in DISTANCES),
        _rooms(results, tests),
        _actions(results, tests),
    ]


def scored(results: Sequence[Results]) -> list[str]:
    """Return the metrics of frames that at least one run has."""
    known = {metric for r in results for metric in _summary(r)}
    return [metric for metric in FRAME_METRICS if metric in known]


def _summary(result: Results) -> Mapping[str, Any]:
    """Return what the metrics of frames have over all samples of a run, {} without any."""
    return result.evaluation["summary"][MEAN] if "summary" in result.evaluation else {}


def _identity(results: Sequence[Results], tests: _Tests) -> Measure:
    """Return the identity of digits at the last frame that all have that have any."""
    known = {r.name: r.evaluation["identity"] for r in results if "identity" in r.evaluation}
    frames = [{*identity["frames"]} for identity in known.values()]
    last = max(set.intersection(*frames), default=None) if frames else None
    of = {}
    for name, identity in known.items() if last is not None else ():
        row, place = identity["rows"]["model"]["accuracy"], identity["frames"].index(last)
        of[name] = Estimate(*(row[part][place] for part in ("mean", "low", "high")))
    return Measure(name=f"identity at frame {last}", of=of, alike=tests)


def _score(results: Sequence[Results], metric: str, tests: _Tests) -> Measure:
    """Return what a metric has over all frames and samples."""
    of = {}
    for r in results:
        known = _summary(r).get(metric)
        if known is not None:
            of[r.name] = Estimate(middle(known), *_ends(known, r.evaluation["num_examples"]))
    digits = 2 if metric == "psnr" else 3
    return Measure(name=FRAME_METRICS[metric].label, of=of, alike=tests, digits=digits)


def _ends(known: Mapping[str, Any], videos: int) -> Sequence[float]:
    """Return where an interval begins and ends."""
    if "interval" in known:
        return known["interval"]
    error = _NORMAL * known["std"] / math.sqrt(videos)
    return known["mean"] - error, known["mean"] + error


def _distance(results: Sequence[Results], name: str, tests: _Tests) -> Measure:
    """Return a distance at the last window, which compares with those of as many videos."""
    of, alike = {}, {}
    for r, known in _sections(results, "distances"):
        if name in known["rows"][MEAN]:
            row = known["rows"][MEAN][name]
            of[r.name] = Estimate(*(row[end][-1] for end in ("value", "low", "high")))
            alike[r.name] = tests.get(r.name), *known["windows"][-1], known["videos"]
    return Measure(name=f"{DISTANCES[name].label} of the last window", of=of, alike=alike)


def _rooms(results: Sequence[Results], tests: _Tests) -> Measure:
    """Return how often the sequence of rooms is right."""
    of = {}
    for r, known in _sections(results, "rooms"):
        share = known["rows"]["model"]["accuracy"]
        of[r.name] = Estimate(*(share[end] for end in ("mean", "low", "high")))
    return Measure(name="sequence of rooms right", of=of, alike=tests)


def _actions(results: Sequence[Results], tests: _Tests) -> Measure:
    """Return how often the action is right at the last window."""
    of = {}
    for r, known in _sections(results, "actions"):
        row = known["rows"]["model"]
        of[r.name] = Estimate(*(row[end][-1] for end in ("mean", "low", "high")))
    return Measure(name="action right in the last window", of=of, alike=tests)


def _sections(results: Sequence[Results], name: str) -> Iterator[tuple[Results, Mapping[str, Any]]]:
    """Give the runs whose report has a section, with it."""
    for r in results:
        if name in r.evaluation:
            yield r, r.evaluation[name]
