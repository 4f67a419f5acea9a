"""What an analysis found, in tables and in a sentence each."""

from collections.abc import Iterable
from typing import Any

__all__ = ["findings", "tables"]

_Report = dict[str, Any]

_CLEAR = 0.1  # a share of videos, from which an effect is named


def tables(report: _Report) -> list[str]:
    """Return the tables of a report, as text."""
    found = [_levels(report)]
    if "unread" in report:
        return [*found, report["unread"]]
    return [*found, *(_kept(report, name) for name in ("blind", "reset")), _swapped(report)]


def findings(report: _Report) -> list[str]:
    """Return a sentence for each finding, its number in it."""
    sentences = [_nats(report)]
    if "unread" not in report:
        sentences += [*_read(report), _lost(report, "identity"), _lost(report, "position")]
        sentences.append(_best_swap(report))
    return sentences


def _levels(report: _Report) -> str:
    """Return a row a level: its nats, and what is read from its state."""
    heads = ["level", "period", "nats a tick", "nats a video", "active units"]
    rows = [
        [
            str(n),
            "once" if period is None else str(period),
            f"{x['nats_per_tick']:.2f}",
            f"{x['nats_per_video']:.1f}",
            str(x["active_units"]),
        ]
        for n, (period, x) in enumerate(zip(report["periods"], report["levels"], strict=True))
    ]
    if "probes" in report:
        heads += [_head(name, read) for name, read in report["probes"][0].items()]
        for row, level in zip(rows, report["probes"], strict=True):
            row += [_beside(read) for read in level.values()]
    return _table(heads, rows)


def _head(name: str, read: dict[str, Any]) -> str:
    """Return what is read, with its unit; results of earlier versions have digits in pixels."""
    if read.get("kind", "classes" if name == "digits" else "values") == "classes":
        return f"{name} read"
    unit = read.get("unit", "px")
    return f"{name} ({unit})" if unit else name


def _beside(read: dict[str, float]) -> str:
    return f"{read['score']:.2f} ({read['shuffled']:.2f})"


def _kept(report: _Report, name: str) -> str:
    """Return a row for each set of levels that was blind or reset."""
    rows = [
        [levels, f"{x['identity']:.2f}", f"{x['position']:.2f}", f"{x['error']:.2f}"]
        for levels, x in report[name].items()
    ]
    return _table([f"{name} levels", "digits kept", "way kept", "median error (px)"], rows)


def _swapped(report: _Report) -> str:
    """Return a row for each set of levels that was swapped."""
    heads = ["swapped levels", "own digits", "the other's", "own way", "the other's", "success"]
    rows = [[levels, *(f"{x[n]:.2f}" for n in _SWAP)] for levels, x in report["swap"].items()]
    return _table(heads, rows)


_SWAP = (
    *("identity_of_own", "identity_of_other", "position_of_own", "position_of_other"),
    "success",
)


def _table(heads: list[str], rows: Iterable[list[str]]) -> str:
    """Return columns that are as wide as their heads."""
    lines = [heads, *rows]
    return "\n".join(
        "  ".join(cell.rjust(max(len(head), 8)) for cell, head in zip(line, heads, strict=True))
        for line in lines
    )


def _nats(report: _Report) -> str:
    """Return the KL of every level in the context."""
    nats = [f"level {n} {x['nats_per_video']:.1f}" for n, x in enumerate(report["levels"])]
    return f"nats: the KL of {report['context']} context frames is, of {', '.join(nats)}"


def _read(report: _Report) -> list[str]:
    """Return where digits and positions are read best."""
    digits = [level["digits"]["score"] for level in report["probes"]]
    errors = [level["position"]["score"] for level in report["probes"]]
    others = ", ".join(f"{x:.2f}" for x in digits[:-1])
    return [
        f"readouts: digits are read from the state of the slowest level in {digits[-1]:.2f} of the "
        f"videos" + (f", of the others, the fastest first, in {others}" if others else ""),
        f"readouts: positions are read from level 0 within {errors[0]:.2f} pixels, from the "
        f"slowest within {errors[-1]:.2f}, where shuffled ones give "
        f"{report['probes'][-1]['position']['shuffled']:.2f}",
    ]


def _lost(report: _Report, what: str) -> str:
    """Return which single level's blindness costs most."""
    sets = report["blind"]
    single = {levels: x[what] for levels, x in sets.items() if levels.isdigit()}
    worst = min(single, key=lambda levels: single[levels])
    others = ", ".join(f"level {n}: {x:.2f}" for n, x in single.items() if n != worst)
    name = {"identity": "digits are", "position": "the way is"}[what]
    whole = sets["none"][what]
    if whole - single[worst] < _CLEAR:
        return (
            f"blind: {name} kept in {whole:.2f} of the videos, and hardly less whatever single "
            "level is blind"
        )
    return (
        f"blind: {name} lost most without what level {worst} observes, kept in "
        f"{single[worst]:.2f} of the videos instead of {whole:.2f}"
        + (f" ({others})" if others else "")
    )


def _best_swap(report: _Report) -> str:
    swaps = {levels: x["success"] for levels, x in report["swap"].items()}
    best = max(swaps, key=lambda levels: swaps[levels], default="")
    if not best or swaps[best] < _CLEAR:
        return "swap: no set of levels of another video brings its digits and leaves the way"
    levels = f"level{'s' * (len(best) > 1)} {best}"
    return (
        f"swap: with {levels} of another video, its digits go on on the way of the first in "
        f"{swaps[best]:.2f} of the pairs of videos with different digits"
    )
