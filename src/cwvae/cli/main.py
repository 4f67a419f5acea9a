"""`cwvae`: run one command, and print in one line what went wrong.

Nothing here imports what takes long, so that Ctrl-C is heeded from the start.
"""

import os
import sys
from collections.abc import Sequence

from cwvae._extras import MissingExtraError
from cwvae.cli.interrupts import Watch, interrupted

__all__ = ["main"]

FAILED, BAD_INPUT = 1, 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status.

    0 when all went well, 1 when the work failed, 2 for bad input, 128 + n after signal n. With
    CWVAE_DEBUG=1 in the environment bad input shows where it was found. In a thread other than the
    main one it works as well, but signals are left to the program.
    """
    with Watch():
        try:
            # Here, since it takes seconds.
            from cwvae.cli.commands import run

            return run(sys.argv[1:] if arguments is None else arguments)
        except KeyboardInterrupt:
            return interrupted()
        except (ValueError, OSError, MissingExtraError) as error:
            return _fail(error, BAD_INPUT)
        except (MemoryError, RuntimeError) as error:
            # What JAX raises when memory runs out is known by its text alone.
            if not isinstance(error, MemoryError) and "RESOURCE_EXHAUSTED" not in str(error):
                raise
            return _fail(error, FAILED)


def _fail(error: Exception, status: int) -> int:
    """Print what went wrong and return the exit status."""
    if os.environ.get("CWVAE_DEBUG"):
        raise error
    text = " ".join(str(error).split()) or type(error).__name__
    print(f"cwvae: error: {text}", file=sys.stderr)
    return status
