"""Checks of arguments that functions share: counts, ranges and shapes, each in one sentence."""

import operator
from numbers import Real
from typing import Any, SupportsIndex

__all__ = ["check_positive", "check_shape", "check_share", "described", "whole_number"]


def whole_number(name: str, value: SupportsIndex, least: int = 1) -> int:
    """Return a count as an `int`, be it Python's, NumPy's or a scalar array.

    Raises `ValueError` for another number, one below `least`, or one that is not known when a
    program is traced.
    """
    try:
        number = operator.index(value)
    except TypeError:
        number = None
    if number is None or number < least:
        raise ValueError(
            f"{name} must be a whole number of at least {least}, got {described(value)}"
            + "; pass it as a Python int, which is static" * hasattr(value, "aval")
        )
    return number


def check_positive(name: str, value: float) -> None:
    """Raise `ValueError` for anything but a positive and finite number."""
    if not isinstance(value, Real) or not 0 < value < float("inf"):
        raise ValueError(f"{name} must be positive and finite, got {value}")


def check_share(name: str, value: float) -> None:
    """Raise `ValueError` for anything but a number in [0, 1]."""
    if not isinstance(value, Real) or not 0 <= value <= 1:
        raise ValueError(f"{name} must be in [0, 1], got {value}")


def check_shape(name: str, value: Any, expected: tuple[int | str, ...], remedy: str) -> None:
    """Raise `ValueError` for an array of another shape; a word stands for any length."""
    shape = getattr(value, "shape", None)
    if (
        shape is None
        or len(shape) != len(expected)
        or any(isinstance(e, int) and e != got for e, got in zip(expected, shape, strict=True))
    ):
        axes = ", ".join(map(str, expected)) + "," * (len(expected) == 1)
        got = described(value) if shape is None else tuple(shape)
        raise ValueError(f"{name} must have shape ({axes}), got {got}; {remedy}")


def described(value: Any) -> str:
    """Describe a value for an error message: arrays by dtype and shape, the rest shortly.

    Of a tuple or list the first entries are described, those within them by their length alone.
    """
    if hasattr(value, "shape") and hasattr(value, "dtype"):
        return f"{value.dtype}[{','.join(map(str, value.shape))}]"
    if isinstance(value, tuple | list):
        inner = [
            f"{type(entry).__name__} of {len(entry)}"
            if isinstance(entry, tuple | list)
            else described(entry)
            for entry in value[:4]
        ]
        return f"({', '.join(inner)}{', ...' * (len(value) > 4)})"
    if value is None or isinstance(value, bool | int | float | str):
        return repr(value)[:60]
    return type(value).__name__
