"""What several runs reach, number beside number, and which differences are beyond the spread."""

import dataclasses
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

__all__ = ["Estimate", "Measure", "Results", "differences", "incomparable", "measures"]

_SCORES = {"ssim": "SSIM", "psnr": "PSNR (dB)"}
_NORMAL = 1.96  # standard errors on either side of a mean, where a report has no interval
_GIB = 2**30


@dataclasses.dataclass(frozen=True, kw_only=True)
class Results:
    """What is known of one run.

    **Arguments:** `name`; `facts`, such as its preset, by name; `test`, what it was measured on, by
    name, {} where it was not; `evaluation`, what `metrics.json` holds, and `analysis`, what
    `analysis.json` holds, {} without; `speeds`, frames a second of the logged steps of training;
    `device`, on which it was trained; `memory` of a training step in bytes, None where it is not
    known; `missing`, a sentence for each thing that is.
    """

    name: str
    facts: Mapping[str, str]
    test: Mapping[str, str]
    evaluation: Mapping[str, Any]
    analysis: Mapping[str, Any]
    speeds: Sequence[float]
    device: str
    memory: int | None
    missing: Sequence[str]


class Estimate(NamedTuple):
    """A number, and where its interval begins and ends; both are the number where none is known."""

    value: float
    low: float
    high: float


@dataclasses.dataclass(frozen=True, kw_only=True)
class Measure:
    """One measure of several runs.

    **Arguments:** `name`; `of`, the estimates by the runs' names, those that have one; `digits`,
    decimals; `compared`, whether runs are compared by it.
    """

    name: str
    of: Mapping[str, Estimate]
    digits: int = 2
    compared: bool = True

    def text(self, run: str) -> str:
        """Return a run's number with its interval, "missing" without one."""
        if run not in self.of:
            return "missing"
        value, low, high = (f"{number:.{self.digits}f}" for number in self.of[run])
        return f"{value} ({low} to {high})" if low != high else value


def measures(results: Sequence[Results]) -> list[Measure]:
    """Return all measures that at least one run has.

    What was measured on different test videos is not compared, nor are speeds on different devices.
    """
    same, likelihood = not incomparable(results), _same(r.facts.get("likelihood") for r in results)
    device = _same(r.device for r in results if r.speeds)
    found = [_identity(results, same)]
    found += [_score(results, metric, name, same) for metric, name in _SCORES.items()]
    found += [_bound(results, same and likelihood), *_nats(results, same)]
    found += [_speed(results, device), _memory(results), *_read(results)]
    return [measure for measure in found if measure.of]


def incomparable(results: Sequence[Results]) -> list[str]:
    """Return a sentence for why nothing that was measured is compared, none where it is."""
    tests = {r.name: ", ".join(r.test.values()) for r in results if r.test}
    kinds = len(set(tests.values()))
    if kinds < 2:
        return []
    listed = "; ".join(f"{name}: {test}" for name, test in tests.items())
    return [
        f"{kinds} different kinds of test videos, so that what was measured on them is not "
        f"comparable: {listed}"
    ]


def differences(found: Iterable[Measure]) -> list[str]:
    """Return a sentence for each pair of the run with the most of a measure and another run.

    Beyond the spread are intervals that do not overlap.
    """
    return [sentence for measure in found if measure.compared for sentence in _differences(measure)]


def _differences(measure: Measure) -> list[str]:
    """Return a sentence for each run beside the one that has most."""
    first, *others = sorted(measure.of, key=lambda run: -measure.of[run].value) or [""]
    sentences = []
    for other in others:
        most, less = measure.of[first], measure.of[other]
        beyond = "beyond" if most.low > less.high else "within"
        sentences.append(
            f"{most.value - less.value:.{measure.digits}f} more {measure.name}, {beyond} the "
            f"spread: {first} {measure.text(first)}, {other} {measure.text(other)}"
        )
    return sentences


def _identity(results: Sequence[Results], same: bool) -> Measure:
    """Return the identity of digits at the last frame that all have that have any."""
    known = {r.name: r.evaluation["identity"] for r in results if "identity" in r.evaluation}
    frames = [{*identity["frames"]} for identity in known.values()]
    last = max(set.intersection(*frames), default=None) if frames else None
    of = {}
    for name, identity in known.items() if last is not None else ():
        row, place = identity["rows"]["model"]["accuracy"], identity["frames"].index(last)
        of[name] = Estimate(*(row[part][place] for part in ("mean", "low", "high")))
    return Measure(name=f"identity at frame {last}", of=of, compared=same)


def _score(results: Sequence[Results], metric: str, name: str, same: bool) -> Measure:
    """Return the mean over frames and samples of a metric."""
    of = {}
    for r in results:
        if r.evaluation:
            known = r.evaluation["summary"]["model, mean"][metric]
            count = math.sqrt(r.evaluation["num_examples"])
            error = _NORMAL * known["std"] / count
            mean = known["mean"]
            of[r.name] = Estimate(mean, *known.get("interval", (mean - error, mean + error)))
    return Measure(name=name, of=of, digits=3 if metric == "ssim" else 2, compared=same)


def _bound(results: Sequence[Results], same: bool) -> Measure:
    """Return the evidence lower bound, which is compared where all have intervals."""
    bounds = {r.name: r.evaluation["elbo"] for r in results if r.evaluation}
    frames = _same(bound["frames"] for bound in bounds.values())
    of = {name: _spread(bound["value"], bound.get("interval")) for name, bound in bounds.items()}
    known = all("interval" in bound for bound in bounds.values())
    return Measure(name="ELBO (nats)", of=of, digits=1, compared=same and frames and known)


def _nats(results: Sequence[Results], same: bool) -> list[Measure]:
    """Return the KL of every level."""
    bounds = {r.name: r.evaluation["elbo"] for r in results if r.evaluation}
    frames = _same(bound["frames"] for bound in bounds.values())
    known = all("kl_intervals" in bound for bound in bounds.values())
    levels = max((len(bound["kl_per_level"]) for bound in bounds.values()), default=0)
    return [
        Measure(
            name=f"KL of level {level} (nats)",
            of={
                name: _spread(
                    bound["kl_per_level"][level], bound.get("kl_intervals", {level: None})[level]
                )
                for name, bound in bounds.items()
                if level < len(bound["kl_per_level"])
            },
            digits=1,
            compared=same and frames and known,
        )
        for level in range(levels)
    ]


def _speed(results: Sequence[Results], same: bool) -> Measure:
    """Return the median of the logged frames a second, and the quartiles."""
    of = {}
    for r in results:
        if r.speeds:
            low, middle, high = np.percentile(r.speeds, (25, 50, 75)).tolist()
            of[r.name] = Estimate(middle, low, high)
    return Measure(name="training speed (frames/s)", of=of, digits=0, compared=same)


def _memory(results: Sequence[Results]) -> Measure:
    """Return the memory of a training step, which is counted and has no spread."""
    known = {r.name: r.memory / _GIB for r in results if r.memory is not None}
    of = {name: _spread(value, None) for name, value in known.items()}
    return Measure(name="memory of a training step (GiB)", of=of, digits=3, compared=False)


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
        found.append(Measure(name=f"{truth}, read from the best level", of=of, compared=False))
    return found


def _spread(value: float, interval: Sequence[float] | None) -> Estimate:
    """Return a number with its interval, if it has one."""
    return Estimate(value, *(interval or (value, value)))


def _same(values: Iterable[object]) -> bool:
    """Return whether all values are the same."""
    return len({*values}) < 2
