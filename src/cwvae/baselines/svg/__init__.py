"""SVG-LP: stochastic video generation with a learned prior (Denton and Fergus 2018)."""

from typing import TYPE_CHECKING

from cwvae._lazy import finder

if TYPE_CHECKING:
    from cwvae.baselines.svg.build import build_svg
    from cwvae.baselines.svg.config import SVGConfig
    from cwvae.baselines.svg.model import SVG, SVGLoss

__all__ = ["SVG", "SVGConfig", "SVGLoss", "build_svg"]

# The configuration is known without JAX, which the others need.
_HOMES = {"build": ("build_svg",), "config": ("SVGConfig",), "model": ("SVG", "SVGLoss")}
__getattr__ = finder(__name__, _HOMES)
