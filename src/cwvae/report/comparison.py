"""What several runs reach, number beside number, and which differences are beyond the spread."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from cwvae.report.evaluated import evaluated
from cwvae.report.results import Estimate, Measure, Results

__all__ = ["differences", "incomparable", "measures"]

_GIB = 2**30
_QUARTERS = 4  # numbers from which there are quartiles


def measures(results: Sequence[Results]) -> list[Measure]:
    """Return all measures that at least one run has.

    What was measured on different test videos is not compared, nor are speeds on different devices.
    """
    found = evaluated(results, _tests(results))
    found += [_bound(results), *_nats(results), _speed(results), _memory(results), *_read(results)]
    return [measure for measure in found if measure.of]


def incomparable(results: Sequence[Results]) -> list[str]:
    """Return a sentence for which runs are not comparable, none where all are."""
    kinds: dict[str, list[str]] = {}
    for name, test in _tests(results).items():
        kinds.setdefault(test, []).append(name)
    if len(kinds) < 2:
        return []
    listed = "; ".join(f"{', '.join(names)}: {test}" for test, names in kinds.items())
    return [
        f"{len(kinds)} different kinds of test videos, so that what was measured on one is not "
        f"comparable with what was on another: {listed}"
    ]


def _tests(results: Sequence[Results]) -> dict[str, str]:
    """Return what runs were measured on, by their names."""
    return {r.name: ", ".join(r.test.values()) for r in results if r.test}


def differences(found: Iterable[Measure]) -> list[str]:
    """Return a sentence for each pair of the run with the most of a measure and another run.

    Beyond the spread are intervals that do not overlap.
    """
    sentences = []
    for measure in found:
        groups: dict[object, list[str]] = {}
        for run in sorted(measure.of, key=lambda run: -measure.of[run].value):
            if run in measure.alike:
                groups.setdefault(measure.alike[run], []).append(run)
        for first, *others in groups.values():
            sentences += [_difference(measure, first, other) for other in others]
    return sentences


def _difference(measure: Measure, first: str, other: str) -> str:
    """Return by how much one run has more than another, and whether that is beyond the spread."""
    most, less = measure.of[first], measure.of[other]
    beyond = "beyond" if most.low > less.high else "within"
    return (
        f"{most.value - less.value:.{measure.digits}f} more {measure.name}, {beyond} the "
        f"spread: {first} {measure.text(first)}, {other} {measure.text(other)}"
    )


def _bound(results: Sequence[Results]) -> Measure:
    """Return the evidence lower bound, which is compared of runs of one likelihood."""
    bounds = _bounds(results)
    likelihoods = {r.name: r.facts.get("likelihood") for r in results}
    return Measure(
        name="ELBO (nats)",
        of={name: _spread(bound["value"], bound.get("interval")) for name, bound in bounds.items()},
        alike={name: (*key, likelihoods[name]) for name, key in _same_frames(results).items()},
        digits=1,
    )


def _nats(results: Sequence[Results]) -> list[Measure]:
    """Return the KL of every level."""
    bounds, alike = _bounds(results), _same_frames(results)
    levels = max((len(bound["kl_per_level"]) for bound in bounds.values()), default=0)
    found = []
    for level in range(levels):
        of = {}
        for name, bound in bounds.items():
            if level < len(bound["kl_per_level"]):
                intervals = bound.get("kl_intervals")
                of[name] = _spread(bound["kl_per_level"][level], intervals and intervals[level])
        found.append(Measure(name=f"KL of level {level} (nats)", of=of, alike=alike, digits=1))
    return found


def _bounds(results: Sequence[Results]) -> dict[str, Any]:
    """Return the terms of the bound of the runs that have them."""
    return {r.name: r.evaluation["elbo"] for r in results if "elbo" in r.evaluation}


def _same_frames(results: Sequence[Results]) -> dict[str, tuple[object, ...]]:
    """Return on which videos and how many frames bounds are, of runs with intervals."""
    tests, bounds = _tests(results), _bounds(results)
    return {
        name: (tests.get(name), bound["frames"])
        for name, bound in bounds.items()
        if "kl_intervals" in bound
    }


def _speed(results: Sequence[Results]) -> Measure:
    """Return the median of the logged frames a second, and the quartiles."""
    of = {}
    for r in results:
        if r.speeds:
            low, middle, high = np.percentile(r.speeds, (25, 50, 75)).tolist()
            of[r.name] = Estimate(middle, low, high)
    # Fewer have no spread to judge by.
    alike = {r.name: r.device for r in results if len(r.speeds) >= _QUARTERS}
    return Measure(name="training speed (frames/s)", of=of, alike=alike, digits=0)


def _memory(results: Sequence[Results]) -> Measure:
    """Return the memory of a training step, which is counted and has no spread."""
    known = {r.name: r.memory / _GIB for r in results if r.memory is not None}
    of = {name: _spread(value, None) for name, value in known.items()}
    return Measure(name="memory of a training step (GiB)", of=of, digits=3)


def _read(results: Sequence[Results]) -> list[Measure]:
    """Return the best readout of every truth, of which no spread is known."""
    levels = {r.name: r.analysis["probes"] for r in results if "probes" in r.analysis}
    names = dict.fromkeys(name for probes in levels.values() for name in probes[0])
    found = []
    for truth in names:
        of = {}
        for run, probes in levels.items():
            if truth in probes[0]:
                scores = [level[truth]["score"] for level in probes]
                kind = probes[0][truth].get("kind", "classes" if truth == "digits" else "values")
                best = max(scores) if kind == "classes" else min(scores)
                of[run] = _spread(best, None)
        found.append(Measure(name=f"{truth}, read from the best level", of=of))
    return found


def _spread(value: float, interval: Sequence[float] | None) -> Estimate:
    """Return a number with its interval, if it has one."""
    return Estimate(value, *(interval or (value, value)))
