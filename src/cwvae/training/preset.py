"""A named choice of model, training and data."""

import dataclasses
from typing import Any

from cwvae.training.checks import check, whole
from cwvae.training.config import DataConfig, TrainConfig, check_pieces
from cwvae.training.model_configs import method_name

__all__ = ["Preset"]

_FRAMES = 1_000_000
_PRESET = {"context": whole(1, _FRAMES), "horizon": whole(1, _FRAMES)}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Preset:
    """A named choice of model, training and data, and how the result is evaluated."""

    model: Any
    """The configuration of a model of any method, such as a `ModelConfig`."""
    train: TrainConfig
    data: DataConfig = dataclasses.field(default_factory=DataConfig)
    context: int = 36
    """Context frames of an evaluation."""
    horizon: int = 964
    """Frames predicted in an evaluation."""

    def __post_init__(self) -> None:
        """Raise `ValueError` for context or pieces that do not end on a tick of every level."""
        check(self, _PRESET)
        method_name(self.model)
        check_pieces(self.train.frames, self.train, self.model.context_multiple)
        if self.context % self.model.context_multiple:
            raise ValueError(
                f"context must be a multiple of the slowest period, "
                f"{self.model.context_multiple} frames, got {self.context}"
            )
