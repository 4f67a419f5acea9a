"""What a file of weights states about them: configuration, steps, licence, card, in strict JSON."""

import dataclasses
from pathlib import Path
from typing import Any, get_args

from cwvae._version import __version__
from cwvae.files import parse_json
from cwvae.pretrained.storage import StorageDtype
from cwvae.training.checks import Rule, check, one_of, whole
from cwvae.training.custom import Custom
from cwvae.training.ownership import CUSTOM
from cwvae.training.settings import Settings, settings_from_json, settings_to_json

__all__ = ["SCHEMA", "Header", "parse_config", "parse_header"]

# Raised by one when a later version of the package can no longer read what an earlier one wrote.
SCHEMA = 1


@dataclasses.dataclass(frozen=True, kw_only=True)
class Header:
    """What stands beside the weights.

    **Arguments:**

    - `settings`: the configuration of the run; of a model of the user's own, `settings.custom`
      names the function without its source.
    - `step`: the number of steps that the model is trained for.
    - `parameters`: the number of its weights.
    - `dtype`: the type in which its matrices are stored.
    - `license`: of the weights, an identifier of SPDX such as "apache-2.0".
    - `headline`: the metric to read first, in words.
    - `card`: the model card, Markdown with a head of YAML.

    Raises `ValueError` for a value outside its range.
    """

    settings: Settings
    step: int
    parameters: int
    dtype: StorageDtype
    license: str
    headline: str
    card: str

    def __post_init__(self) -> None:
        """Raise `ValueError` for a field of the wrong type or outside its range."""
        check(self, _RULES)
        for name, value in (("version", self.settings.version), ("data", self.settings.data.data)):
            if not _LINE.holds(value):
                raise ValueError(f"{name} must be {_LINE.expected}, got {value!r}")

    def to_json(self) -> dict[str, Any]:
        """Return it as values for JSON, with the version of their schema."""
        fields = {name: getattr(self, name) for name in _RULES}
        return {"schema": SCHEMA, **fields, "settings": settings_to_json(self.settings)}


# These are printed, and control characters, such as escapes, are commands to a terminal.
_LINE = Rule("text in one line, all of it printable", lambda value: _is_printable(value), str)
_PAGE = Rule(
    "text, all of it printable",
    lambda v: isinstance(v, str) and all(map(_is_printable, v.expandtabs().split("\n"))),
    str,
)


def _is_printable(value: object) -> bool:
    """Return whether a value is a line of text without control characters."""
    return isinstance(value, str) and value.isprintable()


_RULES = {
    "step": whole(0, 10**9),
    "parameters": whole(0, 10**12),
    "dtype": one_of(*get_args(StorageDtype)),
    "license": _LINE,
    "headline": _LINE,
    "card": _PAGE,
}


def parse_header(given: str) -> Header:
    """Read what `Header.to_json` gives, as text.

    Raises `ValueError` for anything else, with the remedy where a later version wrote it.
    """
    if not given:
        raise ValueError("got weights without a configuration; give a file of cwvae export")
    return _from_json(parse_json(given))


def parse_config(config: Any) -> Header:
    """Return the header, its card "", of a file config.json, whose values are given.

    Raises `ValueError` as `parse_header` does.
    """
    return _from_json({**config, "card": ""} if isinstance(config, dict) else config)


def _from_json(known: Any) -> Header:
    """Return the header that was read from JSON."""
    expected = {"schema", "settings", *_RULES}
    if not isinstance(known, dict):
        raise ValueError(f"expected an object with fields, got {type(known).__name__}")
    if known.get("schema") != SCHEMA:
        raise ValueError(
            f"expected schema {SCHEMA}, got {str(known.get('schema'))[:40]}; {_update()}"
        )
    if known.keys() != expected:
        name = min(known.keys() ^ expected)
        raise ValueError(f"the field {name!r} {'is unknown' if name in known else 'is missing'}")
    try:
        settings = settings_from_json(known["settings"], _without_source)
    except ValueError as error:
        fields = known["settings"] if isinstance(known["settings"], dict) else {}
        version = fields.get("version", __version__)
        later = f" (written by cwvae {version}); {_update()}" if version != __version__ else ""
        raise ValueError(f"{error}{later}") from error
    return Header(settings=settings, **{name: known[name] for name in _RULES})


def _without_source(function: str) -> Custom:
    """Return a model of the user's own by the name of its function; its source is not exported."""
    return Custom(function, b"", Path(CUSTOM))


def _update() -> str:
    """Return what to do about a file of another version."""
    return f"this is cwvae {__version__}, another may read it: pip install --upgrade cwvae"
