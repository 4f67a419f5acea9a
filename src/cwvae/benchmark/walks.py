"""The table of a benchmark's walks: whether the sequence of rooms is that of the truth."""

from collections.abc import Mapping
from typing import Any

from cwvae.benchmark.tables import by_method, markdown, spread

__all__ = ["walk_table"]


def walk_table(result: Mapping[str, Any]) -> str:
    """Return a row a method, then rows of reference; "" where no run was measured on walks.

    Of several seeds the mean, with the least and the most.
    """
    if not any(run.get("rooms") for run in result["runs"]):
        return ""
    rows = [
        [
            runs[0]["title"],
            *_shares([run["rooms"]["rows"]["model"] for run in runs]),
            f"{len(runs)}",
        ]
        for runs in by_method(result)
    ]
    known = result["runs"][0]["rooms"]["rows"]
    others = [[f"({name})", *_shares([row]), ""] for name, row in known.items() if name != "model"]
    heads = ["method", "sequence of rooms right", "mean of the classes", "seeds"]
    return markdown(heads, [*rows, *others])


def _shares(rows: list[Mapping[str, Any]]) -> list[str]:
    """Return the share of walks that are right, and the mean of the shares of the classes."""
    return [
        spread([row["accuracy"]["mean"] for row in rows]),
        spread([r["balanced"] for r in rows]),
    ]
