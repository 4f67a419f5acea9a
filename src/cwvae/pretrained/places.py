"""Where exported models lie, and how they are named: files, folders, in the package, on a hub."""

from pathlib import Path

from cwvae.repository import HUB

__all__ = [
    "CARD",
    "CONFIG",
    "PREFIX",
    "SUFFIX",
    "WEIGHTS",
    "is_exported",
    "public_name",
    "shipped",
    "weights_file",
]

# What stands before the name of a model in the package.
PREFIX = "pretrained:"
# How the name of an exported file ends; any other name is that of a folder.
SUFFIX = ".safetensors"
# The weights in an exported folder, all of whose files are named as model hubs expect them.
WEIGHTS = f"model{SUFFIX}"
# The configuration beside the weights.
CONFIG = "config.json"
# The card beside the weights.
CARD = "README.md"

_FOLDER = Path(__file__).with_name("weights")


def shipped(folder: Path | None = None) -> dict[str, Path]:
    """Return the models in the package, or in a folder, by name; there may be none."""
    folder = folder or _FOLDER
    found = sorted(folder.glob(f"*{SUFFIX}")) if folder.is_dir() else []
    return {path.stem: path for path in found}


def public_name(path: Path) -> str:
    """Return how the model at a path is named in commands: those in the package by name."""
    inside = path.resolve().parent == _FOLDER.resolve()
    return PREFIX + path.stem if inside else path.name


def is_exported(source: str | Path) -> bool:
    """Return whether a name or path is meant for an exported model, rather than for a run."""
    path = Path(source)
    named = str(source).startswith((PREFIX, HUB)) or path.suffix == SUFFIX
    return named or (path / WEIGHTS).is_file()


def weights_file(path: Path) -> Path:
    """Return the file of weights at a path: itself, or that in a folder.

    Raises `FileNotFoundError` for a folder without one.
    """
    if not path.is_dir():
        return path
    if not (path / WEIGHTS).is_file():
        raise FileNotFoundError(
            f"{path} holds no exported model ({WEIGHTS} is missing); export it with cwvae export, "
            "or load a run with cwvae.load_run"
        )
    return path / WEIGHTS
