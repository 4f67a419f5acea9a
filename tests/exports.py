"""Exported models for tests: tiny ones, and files that are edited byte by byte."""

import json
from pathlib import Path
from typing import Any

import equinox as eqx
import jax
import numpy as np
from models import TINY, tiny

from cwvae.model import CWVAE
from cwvae.pretrained import export_model
from cwvae.training.config import DataConfig, TrainConfig
from cwvae.training.settings import Settings

# The metadata entry, and the size of the number before a header.
ENTRY, LENGTH = "cwvae", 8


def settings(**changes: Any) -> Settings:
    """Return the configuration of a tiny model."""
    known = {"preset": "debug", "model": TINY, "train": TrainConfig(batch_size=2, frames=4)}
    return Settings(**known | {"data": DataConfig(), "context": 2, "horizon": 2} | changes)


def exported(path: Path, **changes: Any) -> tuple[CWVAE, Path]:
    """Export a tiny model of random weights; return it and its path."""
    model = tiny(seed=3)
    export_model(model, path, **{"settings": settings(), "step": 7} | changes)
    return model, path


def arrays(model: CWVAE) -> list[np.ndarray]:
    """Return all arrays of a model."""
    return [np.asarray(leaf) for leaf in jax.tree.leaves(eqx.filter(model, eqx.is_array))]


def parts(content: bytes) -> tuple[dict[str, Any], bytes]:
    """Return the header of a file and the numbers behind it."""
    end = LENGTH + int.from_bytes(content[:LENGTH], "little")
    return json.loads(content[LENGTH:end]), content[end:]


def joined(header: dict[str, Any], numbers: bytes) -> bytes:
    """Return a file of a header and numbers, whatever they are."""
    text = json.dumps(header).encode()
    return len(text).to_bytes(LENGTH, "little") + text + numbers


def with_known(content: bytes, edit) -> bytes:
    """Return a file whose text beside the weights is edited as JSON, in place or to a new text."""
    header, numbers = parts(content)
    known = json.loads(header["__metadata__"][ENTRY])
    text = edit(known)
    header["__metadata__"][ENTRY] = text if isinstance(text, str) else json.dumps(known)
    return joined(header, numbers)
