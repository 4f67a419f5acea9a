"""What the presets' models are made of, kept: `cwvae info --preset NAME` comes without JAX."""

import json
from importlib.resources import files
from typing import Any

from cwvae.training.presets import PRESETS

__all__ = ["KEPT", "kept_sizes"]

KEPT = "preset_sizes.json"
"""The file beside this module, which `python tests/pages.py` writes anew."""


def kept_sizes(preset: str, config: Any) -> str | None:
    """Return what `traced_sizes` makes of a configuration, where it is the preset's own.

    None where a size is another, and for a preset that is not kept.
    """
    if config != PRESETS[preset].model:
        return None
    kept = json.loads((files("cwvae.cli") / KEPT).read_text(encoding="utf-8"))
    return kept.get(preset)
