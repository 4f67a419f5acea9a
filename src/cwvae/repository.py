"""The name of a repository on a model hub, and of a state of it."""

import re
from typing import NamedTuple

__all__ = ["HUB", "Repository", "parse_repository"]

# What stands before the name of a repository, so that no path is taken for one.
HUB = "hub:"

# As the Hugging Face Hub has them, and Git has branches, tags and commits.
_PART = r"[A-Za-z0-9][A-Za-z0-9._-]*"
_NAME = re.compile(rf"({_PART}/{_PART})(?:@([A-Za-z0-9][A-Za-z0-9._/-]*))?")


class Repository(NamedTuple):
    """A repository on a model hub.

    - `name`: OWNER/NAME;
    - `revision`: a branch, a tag or a commit, None for the newest of the main branch.
    """

    name: str
    revision: str | None = None

    def __str__(self) -> str:
        """Return the name by which commands find it."""
        return f"{HUB}{self.name}{f'@{self.revision}' if self.revision else ''}"


def parse_repository(text: str) -> Repository:
    """Read OWNER/NAME or OWNER/NAME@REVISION, with "hub:" before it or not.

    Raises `ValueError` for anything else.
    """
    found = _NAME.fullmatch(text.removeprefix(HUB))
    if found is None or found[1].endswith(".safetensors"):
        raise ValueError(
            f"expected the name of a repository, {HUB}OWNER/NAME or {HUB}OWNER/NAME@REVISION, got "
            f"{text!r}; its page on the hub has it"
        )
    return Repository(found[1], found[2])
