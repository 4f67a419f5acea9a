"""The methods that can be trained by their configurations: what is named, built and counted."""

import dataclasses
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from jaxtyping import PRNGKeyArray

from cwvae.clock import ENDLESS
from cwvae.training.build import build
from cwvae.training.clockwork_footprint import numbers_kept
from cwvae.training.config import ModelConfig
from cwvae.video_model import AbstractVideoModel

__all__ = ["METHODS", "AnyModelConfig", "Method", "build_any", "method_of"]

AnyModelConfig = ModelConfig
"""The configuration of a model of any method."""


@dataclasses.dataclass(frozen=True)
class Method:
    """A way of predicting videos.

    **Arguments:**

    - `config`: the class of its configurations, which have a `size` and `channels` of frames and a
      `context_multiple`.
    - `build`: a function from a configuration and a key to a model.
    - `kept`: a function from a configuration, the videos of a batch and their frames to how many
      numbers a training step keeps of them for the gradient, about.
    - `described`: a function from a configuration to a line about what it is a model of.
    """

    config: type
    build: Callable[..., AbstractVideoModel]
    kept: Callable[[Any, int, int], int]
    described: Callable[[Any], str]


def _clockwork(config: ModelConfig) -> str:
    """Return the levels of a model in words."""
    known = config.clock.periods
    periods = ", ".join(str(period) for period in known if period != ENDLESS)
    once = f", the slowest once in the first {config.static_window} frames"
    levels = f"{config.levels} levels, which tick every {periods} frames"
    return levels + (once if ENDLESS in known else "")


METHODS: Mapping[str, Method] = MappingProxyType(
    {"cwvae": Method(ModelConfig, build, numbers_kept, _clockwork)}
)


def method_of(config: AnyModelConfig) -> str:
    """Return the name of the method that a configuration is of."""
    return next(name for name, method in METHODS.items() if type(config) is method.config)


def build_any(config: AnyModelConfig, *, key: PRNGKeyArray) -> AbstractVideoModel:
    """Make the model of a configuration of any method, its weights drawn from `key`."""
    return METHODS[method_of(config)].build(config, key=key)
