"""What a run is configured with, and the file of its folder that keeps it."""

import dataclasses
import reprlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from cwvae._version import __version__
from cwvae.files import read_json, replacing, write_json
from cwvae.training.checks import check, is_text, text, whole
from cwvae.training.config import DataConfig, TrainConfig
from cwvae.training.custom import Custom
from cwvae.training.model_configs import MODEL_CONFIGS, method_name
from cwvae.training.ownership import CUSTOM, kept_custom, write_record
from cwvae.training.presets import PRESETS

__all__ = [
    "FIRST_VERSION",
    "RENAMED",
    "SETTINGS",
    "Settings",
    "read_settings",
    "settings_from_json",
    "settings_to_json",
    "write_settings",
]

# The file of a run that holds its settings.
SETTINGS = "config.json"

_FRAMES = 1_000_000
_RULES = {"context": whole(1, _FRAMES), "horizon": whole(1, _FRAMES), "version": text}
_PARTS = {"train": TrainConfig, "data": DataConfig}
# The method of settings without one, of versions that had no other.
_FIRST_METHOD = "cwvae"

# The version of settings without one: 0.1 did not write it, and had other names for these fields.
FIRST_VERSION = "0.1"
RENAMED = {
    "stoch": "stoch_size",
    "deter": "deter_size",
    "hidden": "hidden_size",
    "dec_stddev": "decoder_stddev",
    "posterior_share": "kl_balance",
    "precision": "compute_dtype",
}
"""Field of 0.1 -> its name since 0.2."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings:
    """What a run is configured with, enough to build its model and to find its data again.

    **Arguments:**

    - `preset`: the name of the preset that the run was started from.
    - `model`, `train`, `data`: the configurations, that of the model of any method.
    - `context`: frames that an evaluation gives the model, a multiple of the slowest period.
    - `horizon`: frames that an evaluation predicts; either at most 1,000,000.
    - `custom`: a model of the user's own, None for that of `cwvae.build`.
    - `videos`: what identifies the training videos, "" before they were opened.
    - `init`: the run or exported model whose weights it began with, "" for weights of its own.
    - `version`: the version of the package that wrote the settings.

    Raises `ValueError` for values outside their range.
    """

    preset: str
    model: Any
    train: TrainConfig
    data: DataConfig
    context: int
    horizon: int
    custom: Custom | None = None
    videos: str = ""
    init: str = ""
    version: str = dataclasses.field(default=__version__, compare=False)

    def __post_init__(self) -> None:
        """Raise `ValueError` for what does not fit together."""
        if not (isinstance(self.preset, str) and self.preset in PRESETS):
            raise ValueError(f"preset must be one of {', '.join(PRESETS)}, got {self.preset!r}")
        check(self, _RULES)
        method_name(self.model)
        for name in ("videos", "init"):
            if not is_text(getattr(self, name)):
                raise ValueError(
                    f"{name} must be {text.expected}, got {reprlib.repr(getattr(self, name))}"
                )
        # The clock of a custom model is known to the model alone.
        slowest = 1 if self.custom else self.model.context_multiple
        if self.context % slowest:
            raise ValueError(
                f"context must be a multiple of the slowest period, {slowest} frames, "
                f"got {self.context}"
            )


def write_settings(folder: Path, settings: Settings) -> None:
    """Write the settings as JSON, and the source of a custom model beside them, as one's own."""
    if settings.custom:
        with replacing(folder / CUSTOM) as temporary:
            temporary.write_bytes(settings.custom.source)
        write_record(folder, settings.custom)
    write_json(folder / SETTINGS, settings_to_json(settings))


def settings_to_json(settings: Settings) -> dict[str, Any]:
    """Return settings as values for JSON; a custom model by the name of its function alone."""
    fields = {"method": method_name(settings.model), **dataclasses.asdict(settings)}
    fields |= {"version": __version__}
    return fields | {"custom": settings.custom and settings.custom.function}


def read_settings(folder: str | Path, *, trust: bool = False) -> Settings:
    """Read the settings of a run, as strictly as the command line reads its options.

    Those of version 0.1 are read too. Nothing is executed; with `trust` the source of a custom
    model may be, whoever made the run. Raises `FileNotFoundError` when the folder holds no run, or
    not all of it, and `ValueError` that names file and field when a value is wrong.
    """
    folder = Path(folder)
    path = folder / SETTINGS
    if not path.is_file():
        raise FileNotFoundError(
            f"{folder} holds no run ({SETTINGS} is missing); give the folder of one, or train one"
        )
    known = read_json(path)
    version = known.get("version", FIRST_VERSION) if isinstance(known, dict) else None
    try:
        return settings_from_json(known, lambda name: kept_custom(folder, name, trust=trust))
    except ValueError as error:
        other = f" written by cwvae {version}" if version not in (None, __version__) else ""
        raise ValueError(
            f"{path}: expected the configuration of a run{other}: {error}; put it right, or start "
            "another run"
        ) from error


def settings_from_json(known: Any, custom: Callable[[str], Custom]) -> Settings:
    """Return the settings that were read from JSON.

    **Arguments:** `known`, values as `settings_to_json` returns them; `custom`, from the name of
    its function to a custom model.

    Raises `ValueError` with the name of the field that is wrong.
    """
    names = {"method", *(field.name for field in dataclasses.fields(Settings))}
    fields = dict(_named(known, names, "the configuration"))
    fields.setdefault("version", FIRST_VERSION)
    expected = ("model", *_PARTS, "preset", "context", "horizon")
    missing = [name for name in expected if name not in fields]
    if missing:
        raise ValueError(f"{missing[0]} is missing")
    method = fields.pop("method", _FIRST_METHOD)
    if not (isinstance(method, str) and method in MODEL_CONFIGS):
        known_methods = ", ".join(MODEL_CONFIGS)
        raise ValueError(f"method must be one of {known_methods}, got {str(method)[:40]!r}")
    for name, kind in {"model": MODEL_CONFIGS[method], **_PARTS}.items():
        fields[name] = _part(kind, name, fields[name], fields["version"])
    if fields.get("custom") is not None:
        function = fields["custom"]
        if not (isinstance(function, str) and function.isidentifier()):
            raise ValueError(f"custom must be the name of a function, or null, got {function!r}")
        fields["custom"] = custom(function)
    return Settings(**fields)


def _part(kind: type, name: str, known: Any, version: str) -> Any:
    """Return one of the configurations, or raise `ValueError` with the names of part and field."""
    if version == FIRST_VERSION and isinstance(known, Mapping):
        known = {RENAMED.get(field, field): value for field, value in known.items()}
    fields = _named(known, {field.name for field in dataclasses.fields(kind)}, name)
    try:
        # JSON has lists only.
        return kind(**{n: tuple(v) if isinstance(v, list) else v for n, v in fields.items()})
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from error


def _named(known: Any, names: set[str], what: str) -> Mapping[str, Any]:
    """Return an object whose keys are all in `names`, or raise `ValueError`."""
    if not isinstance(known, dict):
        raise ValueError(f"{what} must be an object with fields, got {str(known)[:40]}")
    unknown = sorted(known.keys() - names)
    if unknown:
        raise ValueError(f"{what} has no field {unknown[0]!r}")
    return known
