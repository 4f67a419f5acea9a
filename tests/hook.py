"""The type checker that the suite's import hook puts round every function of the package."""

import functools
from collections.abc import Callable
from typing import Any

from beartype import BeartypeConf, beartype

# Where a float is asked for, an int will do.
_CONF = BeartypeConf(is_pep484_tower=True)

enabled = True


def checked(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function whose annotations are checked in every call while `enabled`."""
    checking = beartype(conf=_CONF)(function)

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        return (checking if enabled else function)(*args, **kwargs)

    return call
