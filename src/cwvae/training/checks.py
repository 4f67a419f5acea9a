"""What the fields of a configuration may be: a rule for each, with one form of error."""

import dataclasses
import reprlib
from collections.abc import Callable, Mapping
from numbers import Integral, Real
from typing import Any

__all__ = [
    "Rule",
    "between",
    "check",
    "check_levels",
    "each",
    "flag",
    "is_text",
    "number",
    "one_of",
    "optional",
    "text",
    "whole",
]


@dataclasses.dataclass(frozen=True)
class Rule:
    """A set of values.

    **Arguments:** `expected`, the set in words, as it stands in errors; `holds`, whether a value is
    in it; `plain`, a function from such a value to the Python value that is kept; `remedy`, what to
    do about another value, "" where `expected` makes it plain.
    """

    expected: str
    holds: Callable[[Any], bool]
    plain: Callable[[Any], Any]
    remedy: str = ""


def check(config: object, rules: Mapping[str, Rule]) -> None:
    """Keep the plain value of every field of a frozen dataclass that has a rule.

    So NumPy's numbers become Python's, and lists become tuples, which can be hashed.

    Raises `ValueError` with the name of the first field outside its rule, what its rule expects and
    the value.
    """
    for name, rule in rules.items():
        value = getattr(config, name)
        if not rule.holds(value):
            remedy = f"; {rule.remedy}" if rule.remedy else ""
            raise ValueError(f"{name} must be {rule.expected}, got {reprlib.repr(value)}{remedy}")
        object.__setattr__(config, name, rule.plain(value))


def check_levels(name: str, value: object, levels: int) -> None:
    """Raise `ValueError` for a tuple of values that are not one a level."""
    if isinstance(value, tuple) and len(value) != levels:
        raise ValueError(f"{name} must be one value or {levels}, one a level, got {len(value)}")


def whole(least: int, most: int) -> Rule:
    """Return the rule of whole numbers, both ends included; truth values are none."""
    return Rule(
        f"a whole number from {least:,} to {most:,}",
        lambda value: _is_number(value, Integral) and least <= value <= most,
        int,
    )


def number(least: int | float, most: int | float) -> Rule:
    """Return the rule of finite numbers, both ends included."""
    return Rule(
        f"a number from {least:g} to {most:g}",
        lambda value: _is_number(value, Real) and least <= value <= most,
        float,
    )


def between(low: int | float, high: int | float) -> Rule:
    """Return the rule of numbers with both ends left out."""
    return Rule(
        f"a number above {low:g} and below {high:g}",
        lambda value: _is_number(value, Real) and low < value < high,
        float,
    )


# The rule of truth values.
flag = Rule("true or false", lambda value: isinstance(value, bool), bool)
# The rule of words and paths, which are not empty.
text = Rule("text without null characters", lambda v: v != "" and is_text(v), str)


def one_of(*values: str) -> Rule:
    """Return the rule of these words."""
    return Rule(" or ".join(values), lambda value: isinstance(value, str) and value in values, str)


def optional(rule: Rule) -> Rule:
    """Return a rule with None besides."""
    return Rule(
        f"{rule.expected}, or None",
        lambda value: value is None or rule.holds(value),
        lambda value: None if value is None else rule.plain(value),
    )


def each(rule: Rule, most: int) -> Rule:
    """Return the rule of one value, or of a list or tuple of up to `most`."""
    return Rule(
        f"{rule.expected}, or up to {most} of them",
        lambda value: (
            rule.holds(value)
            or (
                isinstance(value, list | tuple)
                and len(value) <= most
                and all(rule.holds(item) for item in value)
            )
        ),
        lambda value: (
            tuple(rule.plain(item) for item in value)
            if isinstance(value, list | tuple)
            else rule.plain(value)
        ),
    )


def is_text(value: object) -> bool:
    """Return whether a value is text that may name a file: no null character, no half of one."""
    if not isinstance(value, str) or "\0" in value:
        return False
    try:
        # Names of files that are no UTF-8 are those halves that this lets through.
        value.encode(errors="surrogateescape")
    except UnicodeEncodeError:
        return False
    return True


def _is_number(value: object, kind: type) -> bool:
    """Return whether a value is a number of that kind, which True and False are not."""
    return isinstance(value, kind) and not isinstance(value, bool)
