"""What SVG-LP is given: videos of its size, and a loss of squared error and KL alone."""

from typing import Any

import numpy as np
from jax.core import Tracer

from cwvae.arguments import described
from cwvae.baselines.svg.config import SVGConfig
from cwvae.video_model import LossInputs

__all__ = ["check_frames", "check_inputs"]


def check_inputs(inputs: LossInputs) -> None:
    """Raise `ValueError` that names an input of the loss that SVG-LP has no use for."""
    unusable = {
        "free_nats": _is_there(inputs.free_nats),
        "tick_free_nats": _is_there(inputs.tick_free_nats),
        "kl_balance": inputs.kl_balance is not None,
        "hide": inputs.hide != 0,
        "compute_dtype": inputs.compute_dtype != "float32",
        "past": inputs.past is not None,
        "conditioning": inputs.conditioning is not None,
    }
    found = [name for name, there in unusable.items() if there]
    if found:
        got = described(getattr(inputs, found[0]))
        raise ValueError(f"SVG-LP has no use for {found[0]}, got {got}; leave it at its default")


def check_frames(
    videos: Any, config: SVGConfig, *, least_batch: int = 1, least_frames: int = 1
) -> None:
    """Raise `ValueError` for frames of another size, and too few videos or frames."""
    expected = (config.size, config.size, config.channels)
    if videos.shape[2:] != expected:
        raise ValueError(
            f"this model reads frames of (height, width, channels) {expected}, got "
            f"{videos.shape[2:]}; resize the video or build a model of that size"
        )
    if videos.shape[0] < least_batch:
        raise ValueError(
            f"batch statistics need at least {least_batch} videos, got {videos.shape[0]}; "
            "train on larger batches"
        )
    if videos.shape[1] < least_frames:
        raise ValueError(
            f"a prediction needs at least {least_frames} frames, got {videos.shape[1]}; "
            "use longer videos"
        )


def _is_there(value: Any) -> bool:
    """Return whether a number, or one of several, is not 0, or not known when traced."""
    return isinstance(value, Tracer) or bool(np.any(np.asarray(value) != 0))
