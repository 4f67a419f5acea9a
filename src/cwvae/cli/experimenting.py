"""What forecasts keep of digits, by what was done to the levels, as plain values."""

from typing import Any

import jax
import numpy as np

from cwvae.analysis.effects import Kept
from cwvae.analysis.experiments import (
    DigitVideos,
    blinding,
    resampling,
    resetting,
    swapping,
)
from cwvae.model import CWVAE

__all__ = ["experiment_report"]


def experiment_report(model: CWVAE, videos: DigitVideos, key: jax.Array) -> dict[str, Any]:
    """Return what forecasts keep, by the levels that are blind, reset, drawn anew, or swapped."""
    keep = {
        "blind": blinding(model, videos, key=key),
        "reset": resetting(model, videos, key=key),
        "resample": resampling(model, videos, key=key),
    }
    swapped = swapping(model, videos, key=key)
    return {
        name: {_named(levels): _kept(found) for levels, found in sets.items()}
        for name, sets in keep.items()
    } | {
        "swap": {
            _named(levels): {
                "success": found.success,
                "identity_of_own": float(found.own.identity.mean()),
                "identity_of_other": float(found.other.identity.mean()),
                "position_of_own": float(found.own.position.mean()),
                "position_of_other": float(found.other.position.mean()),
            }
            for levels, found in swapped.items()
        }
    }


def _kept(found: Kept) -> dict[str, float]:
    """Return what forecasts keep as plain values."""
    return {
        "identity": float(found.identity.mean()),
        "position": float(found.position.mean()),
        "error": float(np.median(found.errors)),
    }


def _named(levels: tuple[int, ...]) -> str:
    """Return a set of levels as text."""
    return " ".join(map(str, levels)) or "none"
