"""Checks of what is said on the command line."""

__all__ = ["at_least_one", "check_seed"]


def check_seed(seed: int) -> None:
    """Raise `ValueError` for a seed that NumPy or JAX cannot take."""
    if not 0 <= seed < 2**32:
        raise ValueError(f"--seed must be from 0 to 2**32 - 1, got {seed}")


def at_least_one(options: object, *names: str) -> None:
    """Raise `ValueError` for the first count below 1; a count that is None is left to others."""
    for name in names:
        value = getattr(options, name)
        if value is not None and value < 1:
            raise ValueError(f"--{name.replace('_', '-')} must be at least 1, got {value}")
