"""The folder of a run: what it was told, where it was made, its checkpoints."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import equinox as eqx
import jax.random as jr

from cwvae.cli.custom import Custom, builder, read_custom
from cwvae.config import DataConfig, ModelConfig, TrainConfig
from cwvae.files import replacing
from cwvae.model import CWVAE
from cwvae.presets import PRESETS
from cwvae.provenance import environment

__all__ = [
    "CUSTOM",
    "ENVIRONMENT",
    "SETTINGS",
    "Settings",
    "check_context",
    "check_folder",
    "checkpoints",
    "load_model",
    "read_settings",
    "sketch",
    "steps",
    "write_environment",
    "write_json",
    "write_settings",
]

# The file of a run that holds its settings.
SETTINGS = "config.json"
# The file of a run that holds its own copy of the source of a custom model.
CUSTOM = "model.py"
# The file of a run that holds where and when it was started, each time.
ENVIRONMENT = "environment.json"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings:
    """What a run was told, enough to build its model and its data again."""

    preset: str
    model: ModelConfig
    train: TrainConfig
    data: DataConfig
    context: int
    horizon: int
    custom: Custom | None = None
    videos: str = ""
    """What tells the training videos from others."""

    def __post_init__(self) -> None:
        """Raise `ValueError` for what does not fit together."""
        if self.preset not in PRESETS:
            raise ValueError(f"preset must be one of {', '.join(PRESETS)}, got {self.preset}")
        for name in ("context", "horizon"):
            value = getattr(self, name)
            if not isinstance(value, int) or value < 1:
                raise ValueError(f"{name} must be a whole number of at least 1, got {value!r}")


def write_settings(folder: Path, settings: Settings) -> None:
    """Write the settings as JSON, and the source of a custom model beside them."""
    fields = dataclasses.asdict(settings)
    if settings.custom:
        fields["custom"] = settings.custom.function
        with replacing(folder / CUSTOM) as temporary:
            temporary.write_bytes(settings.custom.source)
    write_json(folder / SETTINGS, fields)


def read_settings(folder: Path) -> Settings:
    """Read the settings of a run.

    Raises `FileNotFoundError` when the folder holds no run, or not all of it, `ValueError` when
    its settings cannot be read.
    """
    path = folder / SETTINGS
    if not path.is_file():
        raise FileNotFoundError(f"{folder} holds no run ({SETTINGS} is missing); train one first")
    try:
        known = json.loads(path.read_text())
        parts = {
            "model": ModelConfig(**_tuples(known.pop("model"))),
            "train": TrainConfig(**_tuples(known.pop("train"))),
            "data": DataConfig(**known.pop("data")),
        }
        function = known.pop("custom", None)
        custom = read_custom(f"{folder / CUSTOM}:{function}") if function else None
        return Settings(**known, **parts, custom=custom)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ValueError(f"{path} is not the configuration of a run: {error}") from error


def checkpoints(folder: Path) -> Path:
    """Return the folder of a run's checkpoints."""
    return folder / "checkpoints"


def sketch(settings: Settings) -> CWVAE:
    """Return the model of a run with the shapes of its weights in the place of their values."""
    return eqx.filter_eval_shape(builder(settings.custom), settings.model, key=jr.key(0))


def load_model(folder: Path, settings: Settings) -> CWVAE:
    """Return the model of a run's latest checkpoint.

    Raises `FileNotFoundError` when there is none yet. A custom model's source is executed.
    """
    # Here, since orbax takes seconds to import, which --help should not.
    from cwvae.checkpoint import Checkpoints
    from cwvae.train import init_train_state

    make = builder(settings.custom)

    def fresh():
        return init_train_state(make(settings.model, key=jr.key(0)), settings.train)

    if not checkpoints(folder).is_dir():
        raise FileNotFoundError(f"{folder} has no checkpoint yet; train it longer")
    saved = Checkpoints(checkpoints(folder))
    try:
        return saved.load(eqx.filter_eval_shape(fresh))[0].model
    finally:
        saved.close()


def steps(folder: Path) -> int:
    """Return how many steps a run's latest checkpoint is trained for, 0 without one."""
    if not checkpoints(folder).is_dir():
        return 0
    from cwvae.checkpoint import Checkpoints

    saved = Checkpoints(checkpoints(folder))
    try:
        return saved.latest or 0
    finally:
        saved.close()


def check_context(model: CWVAE, context: int) -> None:
    """Raise `ValueError` for a context that does not end on a tick of every level."""
    slowest = model.hierarchy.clock.slowest
    if context % slowest:
        raise ValueError(
            f"--context must be a multiple of the slowest period, {slowest} frames, got {context}"
        )


def check_folder(folder: Path) -> None:
    """Raise `ValueError` when results cannot be written to a folder because a file is there."""
    for path in (folder, *folder.parents):
        if path.exists() and not path.is_dir():
            raise ValueError(f"--out {folder}: {path} is a file; give another folder")


def write_environment(folder: Path) -> None:
    """Add this start of a run to the list of its starts."""
    path = folder / ENVIRONMENT
    try:
        before = json.loads(path.read_text()) if path.is_file() else []
    except ValueError as error:
        raise ValueError(f"{path} is damaged ({error}); delete it to go on") from error
    write_json(path, [*before, environment()])


def write_json(path: Path, value: Any) -> None:
    """Write JSON that appears only when it is complete."""
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(value, indent=2, allow_nan=False, default=str) + "\n")


def _tuples(fields: dict[str, Any]) -> dict[str, Any]:
    """Turn JSON's lists back into tuples."""
    return {k: tuple(v) if isinstance(v, list) else v for k, v in fields.items()}
