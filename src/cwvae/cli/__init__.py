"""The command line: the only room that prints, writes files and reads the clock."""

import sys
from collections.abc import Sequence

from cwvae._extras import MissingExtraError

try:
    from cwvae.cli.main import main
except MissingExtraError as error:
    _REMEDY = str(error)

    def main(arguments: Sequence[str] | None = None) -> int:
        """Print what must be installed first, and return 2."""
        print(f"cwvae: error: {_REMEDY}", file=sys.stderr)
        return 2


__all__ = ["main"]
