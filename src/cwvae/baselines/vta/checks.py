"""What VTA is given: videos of its size, and a loss of likelihood and KL alone."""

from typing import Any

import numpy as np
from jax.core import Tracer

from cwvae.baselines.vta.config import VTAConfig
from cwvae.video_model import LossInputs

__all__ = ["check_frames", "check_inputs"]


def check_inputs(inputs: LossInputs) -> None:
    """Raise `ValueError` that names an input of the loss that VTA has no use for."""
    unusable = {
        "free_nats": _is_there(inputs.free_nats),
        "tick_free_nats": _is_there(inputs.tick_free_nats),
        "kl_balance": inputs.kl_balance is not None,
        "hide": inputs.hide != 0,
        "compute_dtype": inputs.compute_dtype != "float32",
        "past": inputs.past is not None,
        "conditioning": inputs.conditioning is not None,
    }
    for name, there in unusable.items():
        if there:
            value = getattr(inputs, name)
            raise ValueError(
                f"VTA has no use for {name}, got {value!r:.60}; leave it at its default"
            )


def check_frames(videos: Any, config: VTAConfig, *, least: int = 1) -> None:
    """Raise `ValueError` for frames of another size, and fewer than so many."""
    expected = (config.size, config.size, config.channels)
    if videos.shape[2:] != expected:
        raise ValueError(
            f"this model reads frames of (height, width, channels) {expected}, got "
            f"{videos.shape[2:]}; resize the video or build a model of that size"
        )
    if videos.shape[1] < least:
        raise ValueError(f"VTA needs at least {least} frames here, got {videos.shape[1]}")


def _is_there(value: Any) -> bool:
    """Return whether a number, or one of several, is known and not 0."""
    return not isinstance(value, Tracer) and bool(np.any(np.asarray(value) != 0))
