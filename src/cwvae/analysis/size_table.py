"""The sizes of a model as a table of text."""

from collections.abc import Mapping
from typing import Any

from cwvae.clock import ENDLESS

__all__ = ["size_table"]

# The columns, by the level's field that each shows.
_HEADINGS = {
    "cell": "cell",
    "belief": "belief",
    "stoch_size": "stoch",
    "deter_size": "deter",
    "period": "period",
    "ticks": "ticks/100",
    "feature_size": "features",
    "context_size": "context",
    "action_size": "actions",
    "parameters": "parameters",
}
_INPUTS = ("feature_size", "context_size", "action_size")
_PARTS = ("encoder", "hierarchy", "decoder", "likelihood")


def size_table(summary: Mapping[str, Any]) -> str:
    """Return the levels as a table, a row each, and the totals below it.

    **Arguments:** `summary`, the fields of a `cwvae.analysis.sizes.Summary` as plain values,
    `dataclasses.asdict(summary)`.
    """
    rows = [["level", *_HEADINGS.values()]]
    for number, level in enumerate(summary["levels"]):
        rows.append([str(number), *(_text(name, level[name]) for name in _HEADINGS)])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    table = ["  ".join(_aligned(row, widths)) for row in rows]
    return "\n".join([*table, "", _parameters(summary), _window(summary)])


def _text(name: str, value: int | str) -> str:
    """Return a value as text, a dash where there is no input."""
    if name in _INPUTS and not value:
        return "-"
    if name == "period" and value == ENDLESS:
        return "once"
    return value if isinstance(value, str) else f"{value:,}"


def _aligned(row: list[str], widths: list[int]) -> list[str]:
    """Put words, the second and third column, to the left, and numbers to the right."""
    padded = enumerate(zip(row, widths, strict=True))
    return [t.ljust(w) if column in (1, 2) else t.rjust(w) for column, (t, w) in padded]


def _parameters(summary: Mapping[str, Any]) -> str:
    """Return the line that counts the parameters of the parts."""
    counts = ", ".join(f"{part} {summary[part]:,}" for part in _PARTS)
    return f"parameters: {counts}; all {sum(summary[part] for part in _PARTS):,}"


def _window(summary: Mapping[str, Any]) -> str:
    """Return the line on the frames that are inputs of a tick."""
    if summary["lookahead"]:
        return "inference looks ahead: a level's input at a tick is the frames up to its next tick"
    return "inference is causal: a level's input at a tick is the frames since its last tick"
