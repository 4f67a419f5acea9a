"""A model of the user's own: which function in which Python file."""

import dataclasses
import hashlib
from pathlib import Path

__all__ = ["Custom", "read_custom"]


@dataclasses.dataclass(frozen=True)
class Custom:
    """A function and the source it stands in.

    `file` only names it in messages. Only a `trusted` one may be executed: one that the user names,
    and of those that runs keep the user's own.
    """

    function: str
    source: bytes
    file: Path = dataclasses.field(compare=False)
    trusted: bool = dataclasses.field(default=False, compare=False, repr=False)

    def __str__(self) -> str:
        """Return FILE.py:FUNCTION."""
        return f"{self.file}:{self.function}"

    @property
    def module(self) -> str:
        """The name under which the source is imported: the same for the same source."""
        return f"cwvae_custom_{hashlib.sha256(self.source).hexdigest()}"


def read_custom(text: str) -> Custom:
    """Read FILE.py:FUNCTION, which the user names and so trusts, without executing it.

    Raises `ValueError` when the text is not of this form, `OSError` when there is no such file.
    """
    file, _, function = text.rpartition(":")
    if not (file and function.isidentifier()):
        raise ValueError(
            f"--model must be FILE.py:FUNCTION, got {text!r}; for example my_model.py:build"
        )
    if not Path(file).is_file():
        raise FileNotFoundError(f"{file}: no such file to build the model from; check the path")
    return Custom(function, Path(file).read_bytes(), Path(file), trusted=True)
