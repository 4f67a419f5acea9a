"""Run folders whose config.json nobody could have written with `cwvae train`."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bad_input import Row
from cwvae.training.presets import PRESETS
from cwvae.training.settings import SETTINGS, Settings, settings_to_json

_PRESET = PRESETS["debug"]
KNOWN = settings_to_json(
    Settings(
        preset="debug",
        model=_PRESET.model,
        train=_PRESET.train,
        data=_PRESET.data,
        context=4,
        horizon=8,
    )
)


def written(text: str | bytes) -> Callable[[Path], object]:
    """Return what writes a configuration."""

    def make(folder: Path) -> None:
        (folder / "run").mkdir()
        data = text.encode() if isinstance(text, str) else text
        (folder / "run" / SETTINGS).write_bytes(data)

    return make


def changed(part: str, field: str, value: Any) -> str:
    """Return the configuration with a field of a part, or its own with "", of another value."""
    known = json.loads(json.dumps(KNOWN))
    target = known[part] if part else known
    target[field] = value
    return json.dumps(known)


def row(text: str | bytes, message: str) -> Row:
    return Row("info run", f"config.json.*{message}.*; (put it right|mend the file)", written(text))


NUMBERS = {
    "model": ("levels", "deter_size", "hidden_size", "size", "dense_hidden", "min_stddev"),
    "train": ("steps", "batch_size", "frames", "learning_rate", "clip_norm", "seed", "warmup"),
    "data": ("speed", "num_digits", "cache_memory", "decoded_limit", "test_fraction"),
}
# Of any number none of these is one.
NONE_OF_THEM = {"a word": "4", "true": True, "a list": [[]], "an object": {}, "negative": -1e30}
ROWS = {
    "empty": row("", "expected JSON"),
    "no JSON": row("{", "expected JSON"),
    "not UTF-8": row(b'{"a": "\xff"}', "expected JSON"),
    "UTF-16": row("{}".encode("utf-16"), "expected JSON"),
    "a number": row("3", "must be an object"),
    "null": row("null", "must be an object"),
    "a list": row("[]", "must be an object"),
    "an empty object": row("{}", "is missing"),
    "nested deep": row("[" * 10_000, "nested too deep"),
    "a number of 10,000 digits": row('{"levels": 1' + "0" * 10_000 + "}", "expected JSON"),
    "a key twice": row('{"context": 4, "context": 4}', "'context' stands there twice"),
    "NaN": row(changed("train", "beta", float("nan")), "NaN is no finite number"),
    "infinity": row(changed("train", "beta", float("inf")), "Infinity is no finite number"),
    "too large for a float": row(
        json.dumps(KNOWN).replace('"beta": 1.0', '"beta": 1e999'), "train: beta must be"
    ),
    "an unknown field": row(changed("", "wings", 2), "no field 'wings'"),
    "an unknown field of the model": row(changed("model", "wings", 2), "model has no field"),
    "a field of control characters": row(changed("train", "\x1b[2J", 2), "train has no field"),
    "another method": row(changed("", "method", "gan"), "method must be one of"),
    "a method that is a list": row(changed("", "method", []), "method must be one of"),
    "a preset of no name": row(changed("", "preset", 3), "preset must be one of"),
    "a context that is none": row(changed("", "context", 3), "context must be a multiple"),
    "an endless horizon": row(changed("", "horizon", 10**12), "horizon must be a whole number"),
    "a path for a function": row(changed("", "custom", "../x:build"), "custom must be the name"),
    "a number for a function": row(changed("", "custom", 3), "custom must be the name"),
    "videos of a number": row(changed("", "videos", 3), "videos must be text"),
    "another version": row(changed("", "version", 9), "version must be text"),
    "init of a list": row(changed("", "init", []), "init must be text"),
    "a model of null": row(changed("", "model", None), "model must be an object"),
    "data of a null character": row(changed("data", "data", "kth:\0"), "data must be text"),
    "a folder of half a character": row(
        changed("data", "cache_folder", "\ud800"), "cache_folder must be text"
    ),
    "init of a null character": row(changed("", "init", "\0"), "init must be text"),
    "axes of a number": row(changed("data", "axes", 3), "data: axes must"),
    "data of a list": row(changed("data", "data", []), "data: data must"),
    "a folder of a number": row(changed("data", "cache_folder", 3), "data: cache_folder must"),
    "factors of too many": row(changed("model", "factors", [2] * 40), "model: "),
    "a factor of 10^9": row(changed("model", "factors", 10**9), "model: "),
    "a likelihood of a word": row(changed("model", "likelihood", "x"), "model: likelihood must be"),
    **{
        f"{part}, {field}, {kind}": row(changed(part, field, value), f"{part}: {field} must be")
        for part, fields in NUMBERS.items()
        for field in fields
        for kind, value in NONE_OF_THEM.items()
    },
}
