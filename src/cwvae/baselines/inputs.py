"""What every method here is given: frames of its size, and a loss without the core's options."""

from typing import Any

import numpy as np
from jax.core import Tracer

from cwvae.arguments import described
from cwvae.video_model import LossInputs

__all__ = ["check_frame_size", "check_inputs"]


def check_inputs(method: str, inputs: LossInputs) -> None:
    """Raise `ValueError` that names an input of the loss that a method has no use for.

    **Arguments:** `method`, its name in the message; `inputs`, of which it uses step and beta.
    """
    unusable = {
        "free_nats": _is_there(inputs.free_nats),
        "tick_free_nats": _is_there(inputs.tick_free_nats),
        "kl_balance": inputs.kl_balance is not None,
        "hide": inputs.hide != 0,
        "compute_dtype": inputs.compute_dtype != "float32",
        "accumulate": inputs.accumulate != 1,
        "past": inputs.past is not None,
        "conditioning": inputs.conditioning is not None,
    }
    found = [name for name, there in unusable.items() if there]
    if found:
        got = described(getattr(inputs, found[0]))
        raise ValueError(f"{method} has no use for {found[0]}, got {got}; leave it at its default")


def check_frame_size(videos: Any, config: Any) -> None:
    """Raise `ValueError` for frames of another size than the configuration's.

    **Arguments:** `videos`, (batch, frames, height, width, channels); `config`, with the `size` in
    pixels and the `channels` of a frame.
    """
    expected = (config.size, config.size, config.channels)
    if videos.shape[2:] != expected:
        raise ValueError(
            f"this model reads frames of (height, width, channels) {expected}, got "
            f"{videos.shape[2:]}; resize the video or build a model of that size"
        )


def _is_there(value: Any) -> bool:
    """Return whether a number, or one of several, is not 0, or not known when traced."""
    return isinstance(value, Tracer) or bool(np.any(np.asarray(value) != 0))
