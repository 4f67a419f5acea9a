"""SVG-LP: stochastic video generation with a learned prior (Denton and Fergus 2018)."""

from cwvae.baselines.svg.build import build_svg
from cwvae.baselines.svg.config import SVGConfig
from cwvae.baselines.svg.model import SVG, SVGLoss

__all__ = ["SVG", "SVGConfig", "SVGLoss", "build_svg"]
