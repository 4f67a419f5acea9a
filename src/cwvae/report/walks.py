"""What an analysis found about walks of GQN Mazes: whether forecasts go where the true ones do.

Each function takes what `analysis.json` holds, and returns nothing where it has no walks.
"""

from collections.abc import Mapping
from typing import Any

from cwvae.report.grids import Grid
from cwvae.report.page import Section
from cwvae.report.tables import Table

__all__ = ["walks_found", "walks_section", "walks_table"]

_Report = dict[str, Any]


def walks_table(report: _Report) -> list[Table]:
    """Return a row for each way of classing the walks, the true frames first."""
    if "rooms" not in report:
        return []
    walks = report["rooms"]
    rows = [["true frames", "all", "", "", *_shares(walks["shares"])]]
    if "labels" in walks:
        rows[0][2:4] = _two(walks["labels"])
    rows += [
        [name, str(compared["context"]), *_two(row), *_shares(row["shares"])]
        for compared in walks["contexts"]
        for name, row in compared["rows"].items()
    ]
    return [Table(["walks", "context", "right", "balanced", *walks["sequences"]], rows)]


def walks_found(report: _Report) -> list[str]:
    """Return how often the forecasts are of the true class, and whether the rule can be trusted."""
    if "rooms" not in report:
        return []
    walks = report["rooms"]
    found = []
    # Always the same answer is right in one of the classes that occur.
    chance = 1 / max(1, sum(share > 0 for share in walks["shares"]))
    for compared in walks["contexts"]:
        model, *_ = compared["rows"].values()
        beside = [f"{name}: {x['balanced']:.2f}" for name, x in list(compared["rows"].items())[1:]]
        found.append(
            f"{model['balanced']:.2f} of the walks, balanced by class, are of the true kind "
            f"({', '.join(walks['sequences'])}) when {compared['context']} of {walks['frames']} "
            f"frames are seen ({'; '.join(beside)}; chance: {chance:.2f})"
        )
    if "labels" in walks:
        found.append(
            f"{walks['labels']['accuracy']:.2f} of the true walks are classed from their frames as "
            "the simulator made them"
        )
    return found


def walks_section(report: _Report, pictures: Mapping[str, Grid]) -> Section | None:
    """Return what became of the walks, with the numbers."""
    if "rooms" not in report:
        return None
    return Section(
        title="Walks",
        verdicts=walks_found(report),
        text="Whole walks are classed from their frames, and contexts with a forecast after them.",
        notes=["A forecast cannot know of leaving the room what its context does not show."],
        parts=walks_table(report),
    )


def _two(scores: dict[str, Any]) -> list[str]:
    """Return the share of walks that is right, and its mean over the classes."""
    return [f"{scores['accuracy']:.2f}", f"{scores['balanced']:.2f}"]


def _shares(shares: list[float]) -> list[str]:
    """Return the share of each class."""
    return [f"{share:.2f}" for share in shares]
