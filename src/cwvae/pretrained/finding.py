"""From what a user gives to the path of a model: in the package, on this machine, or on a hub."""

from pathlib import Path

from cwvae.pretrained.places import PREFIX, shipped
from cwvae.repository import HUB, parse_repository

__all__ = ["find"]


def find(source: str | Path) -> Path:
    """Return the path of a model: by its name in the package, any path, or a repository's name.

    - "NAME" or "pretrained:NAME" is a model in the package, "./NAME" is a path.
    - "hub:OWNER/NAME" or "hub:OWNER/NAME@REVISION" is a repository of a model hub. What it holds of
      a model is fetched unless it lies in the cache of its client already.
    - "OWNER/NAME", a text and no path, is such a repository too, unless a file or folder is there.

    Raises `FileNotFoundError` with the names that there are; for a repository as `fetch` does.
    """
    text, models = str(source), shipped()
    if text.startswith(HUB):
        return _fetched(text)
    name = text.removeprefix(PREFIX)
    by_name = isinstance(source, str) or text.startswith(PREFIX)
    if by_name and name in models:
        return models[name]
    path = Path(source).expanduser()
    if path.exists() and not text.startswith(PREFIX):
        return path
    if isinstance(source, str) and _is_repository(text):
        return _fetched(f"{HUB}{text}")
    names = ", ".join(models) or "none in this version"
    raise FileNotFoundError(
        f"{source}: expected a file or folder of cwvae export, or the name of a model in the "
        f"package ({names}); cwvae models lists them"
    )


def _fetched(source: str) -> Path:
    """Return the folder to which a repository is fetched."""
    # Its client is asked for only here, where it is needed.
    from cwvae.pretrained.hub import fetch

    return fetch(parse_repository(source))


def _is_repository(text: str) -> bool:
    """Return whether a text has the form of the name of a repository."""
    try:
        parse_repository(text)
    except ValueError:
        return False
    return True
