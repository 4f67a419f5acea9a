"""How good forecasts are."""

from cwvae.evaluation.metrics import psnr, ssim
from cwvae.evaluation.perceptual import (
    frechet_distance,
    fvd,
    fvd_windows,
    lpips,
    video_features,
    window_features,
)
from cwvae.evaluation.scores import Scores, best_of, score

__all__ = [
    "Scores",
    "best_of",
    "frechet_distance",
    "fvd",
    "fvd_windows",
    "lpips",
    "psnr",
    "score",
    "ssim",
    "video_features",
    "window_features",
]
