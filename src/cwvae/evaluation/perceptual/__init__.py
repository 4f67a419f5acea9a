"""How alike frames and videos look to networks that were trained on pictures: LPIPS and FVD."""

from cwvae.evaluation.perceptual.features import video_features, window_features
from cwvae.evaluation.perceptual.frame_distance import lpips
from cwvae.evaluation.perceptual.frechet import fvd, fvd_windows

__all__ = [
    "fvd",
    "fvd_windows",
    "lpips",
    "video_features",
    "window_features",
]
