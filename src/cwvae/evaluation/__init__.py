"""How good forecasts are."""

from cwvae.evaluation.digit_distances import DigitDistances, digit_distances, reader_features
from cwvae.evaluation.distances import frechet_distance, kernel_distance
from cwvae.evaluation.frame_metrics import FRAME_METRICS, FrameMetric
from cwvae.evaluation.gaussian_ssim import ms_ssim, ssim_gaussian
from cwvae.evaluation.metrics import psnr, ssim
from cwvae.evaluation.perceptual import fvd, fvd_windows, lpips, video_features, window_features
from cwvae.evaluation.ratios import mass_ratio, motion_energy, sharpness
from cwvae.evaluation.scores import OFFICIAL, Scores, best_of, score

__all__ = [
    "FRAME_METRICS",
    "OFFICIAL",
    "DigitDistances",
    "FrameMetric",
    "Scores",
    "best_of",
    "digit_distances",
    "frechet_distance",
    "fvd",
    "fvd_windows",
    "kernel_distance",
    "lpips",
    "mass_ratio",
    "motion_energy",
    "ms_ssim",
    "psnr",
    "reader_features",
    "score",
    "sharpness",
    "ssim",
    "ssim_gaussian",
    "video_features",
    "window_features",
]
