"""The tables of an analysis: what `analysis.json` holds, in rows."""

from typing import Any, NamedTuple

from cwvae.report.tables import Table
from cwvae.report.walks import walks_table

__all__ = [
    "SWAPPED",
    "Read",
    "analysis_tables",
    "clock_table",
    "kept_table",
    "levels_table",
    "readouts",
    "speed_table",
    "swap_table",
]

_Report = dict[str, Any]

SWAPPED = {
    "own digits": "identity_of_own",
    "the other's digits": "identity_of_other",
    "own way": "position_of_own",
    "the other's way": "position_of_other",
    "success": "success",
}
"""What is measured of swaps, and where its numbers stand in a report."""
# Units of the truths of reports that have none beside them: those of digits, before 0.3.
_UNITS = {"position": "px", "velocity": "px/frame"}


class Read(NamedTuple):
    """How well one truth is read from every level, the fastest first.

    **Arguments:** `name` of the truth; `of_classes`, whether scores are shares of videos that are
    right, else they are distances from the truth in `unit`; `scores`, and those of `shuffled`
    truths, one a level.
    """

    name: str
    of_classes: bool
    unit: str
    scores: tuple[float, ...]
    shuffled: tuple[float, ...]

    @property
    def head(self) -> str:
        """The name with the unit, if there is one."""
        return f"{self.name} ({self.unit})" if self.unit else self.name


def readouts(report: _Report) -> list[Read]:
    """Return what is read from the levels' states, truth by truth, [] where nothing is."""
    levels = report.get("probes", [])
    return [_read(name, [level[name] for level in levels]) for name in (levels or [{}])[0]]


def _read(name: str, levels: list[dict[str, Any]]) -> Read:
    """Return one truth's scores."""
    first = levels[0]
    default = "classes" if name == "digits" else "values"
    return Read(
        name=name,
        of_classes=first.get("kind", default) == "classes",
        unit=first.get("unit", _UNITS.get(name, "")),
        scores=tuple(level["score"] for level in levels),
        shuffled=tuple(level["shuffled"] for level in levels),
    )


def analysis_tables(report: _Report) -> list[Table]:
    """Return all tables of a report, of the experiments that are in it."""
    kept = [kept_table(report, name) for name in ("blind", "reset", "resample") if name in report]
    swapped = [swap_table(report)] if report.get("swap") else []
    speed = [speed_table(report)] if "shares" in report.get("speed", {}) else []
    clock = [clock_table(report)] if "clock" in report else []
    return [levels_table(report), *kept, *swapped, *speed, *clock, *walks_table(report)]


def levels_table(report: _Report) -> Table:
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
    for read in readouts(report):
        heads.append(read.head)
        for row, score, shuffled in zip(rows, read.scores, read.shuffled, strict=True):
            row.append(f"{score:.2f} ({shuffled:.2f})")
    return Table(heads, rows)


def kept_table(report: _Report, name: str) -> Table:
    """Return a row for each set of levels that was `blind`, `reset`, or drawn anew."""
    rows = [
        [levels, f"{x['identity']:.2f}", f"{x['position']:.2f}", f"{x['error']:.2f}"]
        for levels, x in report[name].items()
    ]
    return Table([f"{name} levels", "digits kept", "way kept", "median error (px)"], rows)


def swap_table(report: _Report) -> Table:
    """Return a row for each set of levels that was swapped."""
    rows = [
        [levels, *(f"{x[name]:.2f}" for name in SWAPPED.values())]
        for levels, x in report["swap"].items()
    ]
    return Table(["swapped levels", *SWAPPED], rows)


def speed_table(report: _Report) -> Table:
    """Return a row for each speed: the nats of every level, and their shares."""
    found, levels = report["speed"], range(len(report["levels"]))
    heads = ["speed", *(f"nats {n}" for n in levels), *(f"share {n}" for n in levels)]
    rows = [
        [f"{speed:g}", *(f"{x:.1f}" for x in nats), *(f"{x:.2f}" for x in shares)]
        for speed, nats, shares in zip(found["speeds"], found["nats"], found["shares"], strict=True)
    ]
    ranks = ["" if x is None else f"{x + 0.0:.2f}" for x in found["correlations"]]
    return Table(heads, [*rows, ["rank correlation", *("" for _ in levels), *ranks]])


def clock_table(report: _Report) -> Table:
    """Return a row for each temporal abstraction factor: what it costs to imagine."""
    heads = ["factor", "parameters", *(f"ticks {n}" for n in range(len(report["levels"])))]
    heads.append(f"ms for {report['clock'][0]['frames']:,} frames")
    rows = [
        [
            str(x["factor"]),
            f"{x['parameters']:,}",
            *(f"{ticks:,}" for ticks in x["ticks"]),
            f"{1000 * x['seconds']:.1f}",
        ]
        for x in report["clock"]
    ]
    return Table(heads, rows)
