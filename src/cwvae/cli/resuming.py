"""What may differ in a run that goes on, and what must not."""

import dataclasses
from pathlib import Path

from cwvae.training.custom import Custom
from cwvae.training.settings import FIRST_VERSION, SETTINGS, Settings, read_settings

__all__ = ["check_unused", "settings_before"]

# Every step reads these anew, and where videos are kept changes none of them.
_MAY_CHANGE = {
    "train": (
        *("steps", "learning_rate", "warmup", "decay", "epsilon", "clip_norm"),
        *("beta", "beta_start", "beta_steps", "kl_balance", "compute_dtype", "average"),
        *("free_nats", "tick_free_nats", "free_nats_steps", "hide", "accumulate"),
    ),
    # That the videos are the same is checked by themselves.
    "data": ("data", "cache_memory", "cache_folder", "decoded_limit"),
    "model": (),
}


def check_unused(folder: Path) -> None:
    """Raise `FileExistsError` for a folder that holds a run already."""
    if (folder / SETTINGS).exists():
        raise FileExistsError(
            f"{folder} holds a run already; add --resume to continue it or give another --out"
        )


def settings_before(folder: Path, now: Settings) -> Settings:
    """Return the settings that a run has so far.

    Raises `ValueError` for what cannot change in `now`, with its name and the remedy, and for a run
    of version 0.1, whose optimiser kept another state.
    """
    before = read_settings(folder)
    if before.version == FIRST_VERSION:
        raise ValueError(
            f"{folder} was trained by cwvae {before.version}, whose optimiser kept another state; "
            "evaluate it and predict with it, but train on with that version, or start another run"
        )
    if before.preset != now.preset:
        raise _cannot_change("preset", before.preset, now.preset)
    if before.init != now.init:
        raise _cannot_change("init", before.init or "none", now.init or "none")
    for part, names in _MAY_CHANGE.items():
        old, new = (dataclasses.asdict(getattr(s, part)) for s in (before, now))
        for name in old:
            if old[name] != new[name] and name not in names:
                raise _cannot_change(name, old[name], new[name])
    if before.videos != now.videos:
        raise ValueError(
            f"the training videos of {now.data.data} are not those that the run was trained on "
            f"({before.videos} then, {now.videos} now); restore them or start another run"
        )
    if before.custom != now.custom:
        raise ValueError(
            f"the run has {_named(before.custom)}, which cannot change to {_named(now.custom)} "
            "when it is resumed; leave --model out or start another run"
        )
    return before


def _cannot_change(name: str, old: object, new: object) -> ValueError:
    """Return the error for an option that a run keeps."""
    option = f"--{name.replace('_', '-')}"
    return ValueError(
        f"the run has {name} {old}, which cannot change to {new} when it is resumed; "
        f"leave {option} out or start another run"
    )


def _named(custom: Custom | None) -> str:
    """Return what makes a model, in words."""
    return f"the model of {custom}" if custom else "no --model"
