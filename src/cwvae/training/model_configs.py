"""The configurations of models of every method, by the name of the method.

They are plain values, so that presets and the options of commands are known without JAX.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from cwvae.baselines.svg.config import SVGConfig
from cwvae.baselines.vta.config import VTAConfig
from cwvae.training.model_config import ModelConfig

__all__ = ["MODEL_CONFIGS", "method_name"]

MODEL_CONFIGS: Mapping[str, type] = MappingProxyType(
    {"cwvae": ModelConfig, "svg_lp": SVGConfig, "vta": VTAConfig}
)
"""The classes of configurations by the names of their methods."""


def method_name(config: Any) -> str:
    """Return the name of the method that a configuration is of.

    Raises `ValueError` for what is no configuration of a model.
    """
    for name, kind in MODEL_CONFIGS.items():
        if type(config) is kind:
            return name
    known = ", ".join(kind.__name__ for kind in MODEL_CONFIGS.values())
    raise ValueError(f"model must be one of {known}, got a {type(config).__name__}")
