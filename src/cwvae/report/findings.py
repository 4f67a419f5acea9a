"""What an analysis found, in a sentence each that begins with its number.

A finding is a function from a report, what `analysis.json` holds, to sentences: none where the
report does not have the experiment.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from cwvae.report.analysis_tables import Read, readouts
from cwvae.report.walks import walks_found

__all__ = [
    "blind_found",
    "clock_found",
    "findings",
    "nats_found",
    "readouts_found",
    "resample_found",
    "reset_found",
    "speed_found",
    "swap_found",
]

_Report = dict[str, Any]

_CLEAR = 0.1  # a share of videos, or of an error, from which an effect is named
_RANKED, _SPEEDS = 0.8, 4  # a rank correlation, and of how many speeds, from which it is named


def findings(report: _Report) -> list[str]:
    """Return the sentences of all experiments that are in a report."""
    return [sentence for found in _FINDINGS for sentence in found(report)]


def nats_found(report: _Report) -> list[str]:
    """Return which level has most of the KL in the context."""
    nats = [level["nats_per_video"] for level in report["levels"]]
    most = nats.index(max(nats))
    return [
        f"{nats[most]:.1f} of {sum(nats):.1f} nats, the KL of {report['context']} context frames, "
        f"are in level {most}{_others(nats, most, '.1f')}"
    ]


def readouts_found(report: _Report) -> list[str]:
    """Return from which level each truth is read best."""
    return [
        _class_read(read) if read.of_classes else _value_read(read) for read in readouts(report)
    ]


def _class_read(read: Read) -> str:
    """Return where classes are read, the slowest level first where several do as well."""
    scores = [round(score, 2) for score in read.scores]
    best = max(range(len(scores)), key=lambda level: (scores[level], level))
    shuffled = read.shuffled[best]
    more = [f"shuffled: {shuffled:.2f}"]
    if read.scores[best] - shuffled < _CLEAR:
        return (
            f"{scores[best]:.2f} of the videos: {read.name}, hardly more often right than by "
            f"chance from any level{_others(scores, best, '.2f', more)}"
        )
    return (
        f"{scores[best]:.2f} of the videos: {read.name}, read from the state of "
        f"{_level(best, len(scores))}{_others(scores, best, '.2f', more)}"
    )


def _value_read(read: Read) -> str:
    """Return where values are read with the smallest error, the fastest level first."""
    best = min(range(len(read.scores)), key=lambda level: read.scores[level])
    score, shuffled = read.scores[best], read.shuffled[best]
    number = f"{score:.2f} {read.unit}".rstrip()
    rest = _others(read.scores, best, ".2f", [f"shuffled: {shuffled:.2f}"])
    if shuffled - score <= _CLEAR * shuffled:
        return (
            f"{number}: the error of {read.name}, hardly less than by chance from any level{rest}"
        )
    return (
        f"{number}: the error of {read.name}, read from the state of "
        f"{_level(best, len(read.scores))}{rest}"
    )


def blind_found(report: _Report) -> list[str]:
    """Return which single level's blindness costs most."""
    return _lost(report, "blind", "without what level {} observes")


def reset_found(report: _Report) -> list[str]:
    """Return which single level's reset costs most."""
    return _lost(report, "reset", "after a reset of level {}")


def resample_found(report: _Report) -> list[str]:
    """Return which level, drawn anew while the others are held, costs most."""
    return _lost(report, "resample", "with level {} drawn anew and the others held")


def _lost(report: _Report, name: str, without: str) -> list[str]:
    """Return, of digits and of their way, which single level costs most."""
    sets = report.get(name)
    if not sets:
        return []
    kinds = {"identity": "their digits", "position": "their way"}
    return [_lost_most(sets, name, what, words, without) for what, words in kinds.items()]


def _lost_most(sets: Mapping[str, Any], name: str, what: str, words: str, without: str) -> str:
    whole = sets["none"][what]
    single = [sets[levels][what] for levels in sets if levels.isdigit()]
    worst = single.index(min(single))
    if whole - single[worst] < _CLEAR:
        return (
            f"{whole:.2f} of the videos keep {words}, and hardly fewer whatever single level is "
            f"{'drawn anew' if name == 'resample' else name}"
        )
    return (
        f"{single[worst]:.2f} of the videos keep {words} {without.format(worst)}, instead of "
        f"{whole:.2f}{_others(single, worst, '.2f')}"
    )


def swap_found(report: _Report) -> list[str]:
    """Return which levels bring another video's digits and leave the way."""
    if not report.get("swap"):
        return []
    swaps = {levels: x["success"] for levels, x in report["swap"].items()}
    best = max(swaps, key=lambda levels: swaps[levels], default="")
    if not best or swaps[best] < _CLEAR:
        return [
            f"{swaps.get(best, 0):.2f} of the pairs of videos: no set of levels of another video "
            "brings its digits and leaves the way"
        ]
    levels = f"level{'s' * (len(best) > 1)} {' and '.join(best.split())}"
    return [
        f"{swaps[best]:.2f} of the pairs of videos with different digits: with {levels} of another "
        "video, its digits go on on the way of the first"
    ]


def speed_found(report: _Report) -> list[str]:
    """Return whether the fastest level takes a larger share of the nats of faster videos."""
    found = report.get("speed", {})
    ranks = [0.0 if x is None else x + 0.0 for x in found.get("correlations", [])]
    if len(ranks) < 2 or len(found["speeds"]) < _SPEEDS:
        return []
    shares = [share[0] for share in found["shares"]]
    change = abs(shares[-1] - shares[0])
    if change < _CLEAR or abs(ranks[0]) < _RANKED:
        moves = "its share hardly changes with the speed"
    else:
        more = "larger" if ranks[0] > 0 else "smaller"
        moves = f"its share is {more} the faster the video, {shares[0]:.2f} to {shares[-1]:.2f}"
    others = _others(ranks, 0, ".2f")
    return [
        f"{ranks[0]:.2f} is the rank correlation of the speed of the video with the share of "
        f"nats in level 0{others}: {moves}"
    ]


def clock_found(report: _Report) -> list[str]:
    """Return how many ticks a slower clock saves."""
    if "clock" not in report:
        return []
    first, last = report["clock"][0], report["clock"][-1]
    if first["ticks"] == last["ticks"]:
        return []
    return [
        f"{sum(last['ticks']):,} ticks imagine {last['frames']:,} frames with factor "
        f"{last['factor']}, {sum(first['ticks']):,} with factor {first['factor']}: "
        f"{1000 * last['seconds']:.1f} ms instead of {1000 * first['seconds']:.1f}, "
        f"with {last['parameters']:,} parameters either way"
    ]


_FINDINGS = (
    nats_found,
    readouts_found,
    blind_found,
    reset_found,
    resample_found,
    swap_found,
    speed_found,
    clock_found,
    walks_found,
)


def _level(number: int, levels: int) -> str:
    """Return the name of a level, and where it stands."""
    if levels > 1 and number == levels - 1:
        return f"level {number}, the slowest"
    return f"level {number}" + (", the fastest" if levels > 1 and not number else "")


def _others(values: Sequence[float], named: int, digits: str, more: Iterable[str] = ()) -> str:
    """Return the other levels' numbers in brackets, and what else belongs there."""
    rest = [f"level {n}: {x:{digits}}" for n, x in enumerate(values) if n != named]
    inside = ", ".join([*rest, *more])
    return f" ({inside})" if inside else ""
