"""The methods that can be trained by their configurations: what is built and counted."""

import dataclasses
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from jaxtyping import PRNGKeyArray

from cwvae.baselines.svg.build import build_svg
from cwvae.baselines.svg.config import SVGConfig
from cwvae.baselines.svg.footprint import numbers_kept as svg_kept
from cwvae.baselines.vta.build import build_vta
from cwvae.baselines.vta.config import VTAConfig
from cwvae.baselines.vta.footprint import vta_kept
from cwvae.clock import ENDLESS
from cwvae.training.build import build
from cwvae.training.clockwork_footprint import numbers_kept
from cwvae.training.config import ModelConfig
from cwvae.training.model_configs import method_name
from cwvae.video_model import AbstractVideoModel

__all__ = ["METHODS", "Method", "build_any", "method_of"]


@dataclasses.dataclass(frozen=True)
class Method:
    """A way of predicting videos.

    **Arguments:**

    - `build`: a function from a configuration and a key to a model.
    - `kept`: a function from a configuration, the videos of a batch and their frames to how many
      numbers a training step keeps of them for the gradient, about.
    - `described`: a function from a configuration to a line about what it is a model of.
    - `facts`: one to the choices by which models of the method differ, in words.
    """

    build: Callable[..., AbstractVideoModel]
    kept: Callable[[Any, int, int], int]
    described: Callable[[Any], str]
    facts: Callable[[Any], dict[str, str]]


def _clockwork(config: ModelConfig) -> str:
    """Return the levels of a model in words."""
    known = config.clock.periods
    periods = ", ".join(str(period) for period in known if period != ENDLESS)
    once = f", the slowest once, from the first {config.static_window} frames"
    levels = f"{config.levels} levels, which tick every {periods} frames"
    return levels + (once if ENDLESS in known else "")


def _clockwork_facts(config: ModelConfig) -> dict[str, str]:
    """Return the choices of a model of levels."""
    levels = f"{config.levels}, factors {config.factors}"
    return {"levels": levels, "likelihood": str(config.likelihood)}


def _svg(config: SVGConfig) -> str:
    """Return what the model is in words."""
    return f"SVG-LP with {config.network} networks"


def _svg_facts(config: SVGConfig) -> dict[str, str]:
    """Return the choices of SVG-LP."""
    return {
        "network": config.network,
        "skip features": config.skip,
        "statistics": config.statistics,
    }


def _vta(config: VTAConfig) -> str:
    """Return what the model is in words."""
    most = f"at most {config.max_segments} segments of {config.max_segment_length} frames"
    return f"VTA, which learns {most} in a training video"


def _vta_facts(config: VTAConfig) -> dict[str, str]:
    """Return the choices of VTA."""
    segments = f"at most {config.max_segments} of {config.max_segment_length} frames"
    return {"segments": segments, "standard deviation": f"{config.decoder_stddev:g}"}


METHODS: Mapping[str, Method] = MappingProxyType(
    {
        "cwvae": Method(build, numbers_kept, _clockwork, _clockwork_facts),
        "svg_lp": Method(build_svg, svg_kept, _svg, _svg_facts),
        "vta": Method(build_vta, vta_kept, _vta, _vta_facts),
    }
)
"""The methods by their names, those of `MODEL_CONFIGS`."""


def method_of(config: Any) -> Method:
    """Return the method that a configuration is of.

    Raises `ValueError` for what is no configuration of a model.
    """
    return METHODS[method_name(config)]


def build_any(config: Any, *, key: PRNGKeyArray) -> AbstractVideoModel:
    """Make the model of a configuration of any method, its weights drawn from `key`."""
    return method_of(config).build(config, key=key)
