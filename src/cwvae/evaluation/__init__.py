"""How good forecasts are."""

from cwvae.evaluation.metrics import psnr, ssim
from cwvae.evaluation.scores import Scores, best_of, score

__all__ = ["Scores", "best_of", "psnr", "score", "ssim"]
