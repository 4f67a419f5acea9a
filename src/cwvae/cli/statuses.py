"""With what status a process ends whose work went wrong."""

from cwvae._extras import MissingExtraError

__all__ = ["BAD_INPUT", "FAILED", "status_of"]

# The work failed, such as a training whose loss is not finite.
FAILED = 1
# A file, an option or a value cannot be used.
BAD_INPUT = 2


def status_of(error: Exception) -> int:
    """Return the exit status for an error: whether the input is bad, or the work failed."""
    return BAD_INPUT if isinstance(error, ValueError | OSError | MissingExtraError) else FAILED
