"""Packages that only parts of this one need, and the line that installs them."""

from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["MissingExtraError", "extra"]


class MissingExtraError(ImportError):
    """An optional package is not installed; the message is the command that installs it."""


@contextmanager
def extra(name: str) -> Iterator[None]:
    """Import inside this context what `pip install 'cwvae[name]'` installs.

    Raises `MissingExtraError` where a package is not installed.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        missing = (error.name or "").split(".")[0]
        # A module of our own that is not there is our fault, and a missing extra has been named.
        if missing in ("", "cwvae"):
            raise
        raise MissingExtraError(
            f"{missing} is needed here and is not installed; pip install 'cwvae[{name}]'",
            name=missing,
        ) from None
