"""Which cases are in which set: unmarked ones in the default set and in `--full`."""

from typing import Any

import pytest

__all__ = ["full", "members", "quick"]


def full(*values: Any) -> Any:
    """Return the parameters of a case that only `--full` runs."""
    return pytest.param(*values, marks=pytest.mark.full)


def quick(*values: Any) -> Any:
    """Return the parameters of a tiny case that only `--quick` runs."""
    return pytest.param(*values, marks=pytest.mark.quick)


def members(items: list[pytest.Item], name: str) -> list[pytest.Item]:
    """Return the tests of a set: "quick", "default" or "full"."""
    if name == "quick":
        return [item for item in items if item.get_closest_marker("quick")]
    return [
        item
        for item in items
        if not item.get_closest_marker("quick")
        and (name == "full" or not item.get_closest_marker("full"))
    ]
