"""`cwvae`: run one command, and print in one line what went wrong.

Nothing here imports what takes long, so that Ctrl-C works from the start.
"""

import os
import sys
from collections.abc import Sequence

from cwvae._version import __version__
from cwvae.cli.interrupts import Watch
from cwvae.cli.lines import in_one_line
from cwvae.cli.starting import collect_seldom
from cwvae.cli.statuses import BAD_INPUT, status_of

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status.

    0 when all went well, 1 when the work failed, 2 for bad input, 128 + n after signal n. With
    CWVAE_DEBUG=1 in the environment bad input shows where it was found. In a thread other than the
    main one it works as well, but signals are left to the program.
    """
    if arguments is None:
        collect_seldom()
    with Watch(program=arguments is None) as watch:
        try:
            return _run(sys.argv[1:] if arguments is None else arguments, watch)
        except KeyboardInterrupt:
            return watch.interrupted()


def _run(arguments: Sequence[str], watch: Watch) -> int:
    """Run the command, print in one line what goes wrong, and return the exit status."""
    if list(arguments[:1]) == ["--version"]:
        print(f"cwvae {__version__}")
        return 0
    try:
        with watch.at_once():
            # Here, since it takes seconds.
            from cwvae.cli.commands import run

        return run(arguments)
    except Exception as error:
        if status_of(error) == BAD_INPUT:
            return _fail(error)
        if watch.was_interrupted():
            return watch.interrupted()
        if _is_out_of_memory(error):
            return _fail(error)
        raise


def _fail(error: Exception) -> int:
    """Print what went wrong and return the exit status."""
    if os.environ.get("CWVAE_DEBUG"):
        raise error
    print(f"cwvae: error: {in_one_line(_described(error))}", file=sys.stderr)
    return status_of(error)


def _is_out_of_memory(error: Exception) -> bool:
    """Whether memory ran out: what JAX raises then is known by its text alone."""
    return isinstance(error, MemoryError) or "RESOURCE_EXHAUSTED" in str(error)


def _described(error: Exception) -> str:
    """Return what went wrong; of what the system found wrong, what to do too."""
    text = str(error).strip() or type(error).__name__
    if _is_out_of_memory(error):
        return (
            f"memory ran out ({text}); train with --accumulate N, a smaller --batch-size or fewer "
            "--frames, predict with a smaller --horizon"
        )
    if isinstance(error, OSError) and error.filename is not None:
        return (
            f"{os.fsdecode(error.filename)}: {error.strerror}; give a path that is there, and that "
            "you may use"
        )
    return text
