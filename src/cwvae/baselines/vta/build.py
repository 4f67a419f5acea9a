"""From a configuration to a model."""

import jax.random as jr
from jaxtyping import PRNGKeyArray

from cwvae.baselines.vta.boundaries import BoundaryDetector
from cwvae.baselines.vta.config import VTAConfig
from cwvae.baselines.vta.frame_networks import FrameDecoder, FrameEncoder
from cwvae.baselines.vta.levels import Levels
from cwvae.baselines.vta.model import VTA
from cwvae.baselines.vta.passing import Networks
from cwvae.kernels.choice import resolve
from cwvae.shapes import checked

__all__ = ["build_vta"]


@checked
def build_vta(config: VTAConfig, *, kernels: str = "auto", key: PRNGKeyArray) -> VTA:
    """Build a model with weights drawn as in PyTorch: U(+-1 / sqrt(fan in)).

    **Arguments:** `kernels`, how convolutions are computed (`cwvae.kernels`). Raises `ValueError`
    for a name of kernels that is unknown.
    """
    resolve(kernels)
    encoder, detector, levels, decoder = jr.split(key, 4)
    networks = Networks(
        FrameEncoder(config, kernels=kernels, key=encoder),
        BoundaryDetector(config, key=detector),
        Levels(config, key=levels),
        FrameDecoder(config, kernels=kernels, key=decoder),
    )
    return VTA(networks, config)
