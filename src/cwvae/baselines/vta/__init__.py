"""VTA, Variational Temporal Abstraction (Kim, Ahn and Bengio 2019): segments of learned length.

A video is a sequence of segments. A slow state z is drawn at the first frame of each and kept until
the next begins, a fast state s is drawn at every frame, and where segments begin is a latent
variable too: at every frame a boundary detector chooses between READ, which begins a segment, and
COPY, which goes on with the one that is there.
"""

from typing import TYPE_CHECKING

from cwvae._lazy import finder

if TYPE_CHECKING:
    from cwvae.baselines.vta.build import build_vta
    from cwvae.baselines.vta.config import VTAConfig
    from cwvae.baselines.vta.model import VTA, VTALoss, jumpy_forecasts

__all__ = ["VTA", "VTAConfig", "VTALoss", "build_vta", "jumpy_forecasts"]

# The configuration is known without JAX, which the others need.
_HOMES = {
    "build": ("build_vta",),
    "config": ("VTAConfig",),
    "model": ("VTA", "VTALoss", "jumpy_forecasts"),
}
__getattr__ = finder(__name__, _HOMES)
