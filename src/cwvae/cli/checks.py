"""Checks of options, in the form that every command uses."""

import dataclasses
from pathlib import Path
from typing import Any

from cwvae.provenance import memory

__all__ = [
    "at_least_one",
    "check_context",
    "check_forecasts",
    "check_not_input",
    "check_seed",
    "expand_paths",
    "expanded",
]

_GIB = 2**30

# The most that a count can be: more than any machine holds, and what any index can count.
_MOST = 10**9


def check_seed(seed: int) -> None:
    """Raise `ValueError` for a seed that NumPy or JAX cannot take."""
    if not 0 <= seed < 2**32:
        raise ValueError(f"--seed must be from 0 to 2**32 - 1, got {seed}")


def at_least_one(options: object, *names: str, most: int = _MOST) -> None:
    """Raise `ValueError` for the first count that is not from 1 to `most`; None is left out."""
    for name in names:
        value = getattr(options, name)
        if value is not None and not 1 <= value <= most:
            raise ValueError(
                f"--{name.replace('_', '-')} must be at least 1 and at most {most:,}, got {value}"
            )


def check_context(context: int, slowest: int) -> None:
    """Raise `ValueError` for a context that does not end on a tick of every level."""
    if context % slowest:
        raise ValueError(
            f"--context must be a multiple of the slowest period, {slowest} frames, got {context}"
        )


def check_not_input(out: Path, *inputs: Path) -> None:
    """Raise `ValueError` for a result that would be written over what it is made from."""
    if out.resolve() in [path.resolve() for path in inputs]:
        raise ValueError(f"--out must be another file than the video, got {out} for both")


def check_forecasts(
    model: Any, *, context: int, horizon: int, samples: int = 1, videos: int = 1
) -> None:
    """Raise `ValueError` for forecasts whose frames the machine cannot hold.

    They are held twice, as the model returns them and as they are measured or written, and the
    context too, as it is read and as the model takes it.

    **Arguments:** `model`, its configuration; `context` and `horizon`, frames of each; `samples` of
    every video; `videos`, those that are predicted at a time.
    """
    frames = videos * (context + samples * horizon)
    needed = 2 * 4 * frames * model.size**2 * model.channels
    if needed > memory():
        raise ValueError(
            f"the forecasts of a video must take at most {memory() / _GIB:,.1f} GiB, got "
            f"{samples:,} of {horizon:,} frames after {context:,}, which take "
            f"{needed / _GIB:,.1f} GiB; choose fewer samples, a shorter --horizon or --context"
        )


def expand_paths(options: object) -> None:
    """Replace ~ by the home folder in every path of a frozen dataclass of options.

    Raises `ValueError` where there is no such folder.
    """
    for field in dataclasses.fields(options):  # type: ignore[arg-type]
        value = getattr(options, field.name)
        if isinstance(value, Path):
            object.__setattr__(options, field.name, expanded(value))


def expanded(path: Path) -> Path:
    """Return a path with ~ replaced by the home folder; raise `ValueError` without one."""
    if not str(path).startswith("~"):
        return path
    try:
        return path.expanduser()
    except RuntimeError as error:
        raise ValueError(f"{path}: expected a home folder, found none; give a full path") from error
