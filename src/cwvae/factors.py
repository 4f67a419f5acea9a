"""The temporal abstraction factors of a stack of levels, in plain numbers, which need no JAX."""

from collections.abc import Sequence
from math import prod
from numbers import Integral
from typing import Any, SupportsIndex

import numpy as np

from cwvae.arguments import whole_number

__all__ = ["ENDLESS", "factors_of_levels"]

ENDLESS = 2**31 - 1
"""The period of a static level: more frames than any video has, and an int32."""

# A slip of the keyboard should not fill the memory: every level has a factor and a period.
_MOST_LEVELS = 100


def factors_of_levels(
    levels: SupportsIndex, factors: SupportsIndex | Sequence[SupportsIndex], *, static: bool
) -> tuple[int, ...]:
    """Return the factor of each level above the first that is not static.

    **Arguments:** as `cwvae.clock.Clock` takes them; `static`, whether the slowest level is one.

    Raises `ValueError` for too few levels or more than 100, a factor below 1, a slowest period of
    `ENDLESS` frames or more, or a wrong number of factors.
    """
    levels = whole_number("levels", levels, least=1 + static)
    if levels > _MOST_LEVELS:
        raise ValueError(f"levels must be at most {_MOST_LEVELS}, got {levels}; use fewer")
    several = np.iterable(factors)
    numbers = _checked(tuple(factors) if several else (factors,), factors)
    numbers = numbers if several else numbers * (levels - 1 - static)
    if len(numbers) != levels - 1 - static:
        above = "the first that is not static" if static else "the first"
        needed = levels - 1 - static
        raise ValueError(
            f"{levels} levels need {needed} temporal abstraction factor{'s' * (needed != 1)}, "
            f"one for each level above {above}, got {len(numbers)}: {numbers}"
        )
    if prod(numbers) >= ENDLESS:
        raise ValueError(
            f"the slowest period must be below {ENDLESS:,} frames, got {prod(numbers):,}; use "
            "smaller factors, or static_window for a level that ticks once"
        )
    return numbers


def _checked(numbers: tuple[Any, ...], given: Any) -> tuple[int, ...]:
    """Return factors as `int`, or raise `ValueError` that shows them as they were given."""
    if not all(isinstance(factor, Integral) for factor in numbers):
        raise ValueError(f"temporal abstraction factors must be whole numbers, got {given}")
    if any(factor < 1 for factor in numbers):
        raise ValueError(
            f"temporal abstraction factors must be at least 1, got {given}; "
            "use 1 for a level that ticks as often as the one below"
        )
    return tuple(int(factor) for factor in numbers)
