"""The names of what can be measured, without what measures it."""

from collections.abc import Mapping
from types import MappingProxyType

__all__ = ["CLASSES", "DATA_OF", "GROUPS", "METRICS"]

_FRAMES = ("ssim", "psnr", "ssim_official", "ssim_gaussian", "ms_ssim", "lpips", "lpips_vgg")
_RATIOS = ("sharpness", "mass", "motion")
_DISTANCES = ("fvd", "fdd", "kdd")

CLASSES = ("identity", "rooms", "actions")
"""What is read in forecasts."""

DATA_OF: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "identity": ("moving_mnist",),
        "rooms": ("gqn_mazes", "rooms"),
        "actions": ("humans",),
    }
)
"""The data sets in which it is read."""

METRICS = (*_FRAMES, *_RATIOS, *_DISTANCES, *CLASSES)
"""All names that can be asked for."""

GROUPS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"default": ("ssim", "psnr", "ssim_official", *CLASSES), "all": METRICS}
)
"""Names that stand for several, of those that are read only what the data set has."""
